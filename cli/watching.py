"""Following a change: each timeline entry as it comes, until the change is where it is wanted, over, or time is up."""

import time
from collections.abc import Callable
from typing import Any

from cli.client import Api
from cli.errors import FAILED, OK, TOO_LATE
from domain.change import BEFORE_RELEASE, CLOSED, ChangeState

PAUSE = 0.5
ON_THE_WAY = frozenset({*BEFORE_RELEASE, ChangeState.RELEASING, ChangeState.MONITORING})
"""States that a completed change has passed, however quickly."""


def watch(api: Api, change: str, until: str | None, patience: float | None, tell: Callable[[Any, Any], None]) -> int:
    """Follow a change and return the exit code of its outcome.

    OK when the wanted state is reached or was passed on the way to completion, or without one when the change is
    completed; FAILED when it is over otherwise; TOO_LATE after `patience` seconds. `tell` gets each new timeline entry
    and the names of persons.
    """
    limit = None if patience is None else time.monotonic() + patience
    told = 0
    while True:
        # The change is read first: an entry that comes between the two reads is told, not lost.
        view = api.get(f"/api/changes/{change}")
        entries = api.get(f"/api/changes/{change}/timeline")
        for entry in entries[told:]:
            tell(entry, view["names"])
        told = len(entries)
        code = outcome(view["summary"]["state"], until)
        if code is not None:
            return code
        if limit is not None and time.monotonic() >= limit:
            return TOO_LATE
        time.sleep(PAUSE)


def outcome(state: str, until: str | None) -> int | None:
    """The exit code of a state, None while the change is still under way."""
    if state == (until or ChangeState.COMPLETED) or (state == ChangeState.COMPLETED and until in ON_THE_WAY):
        return OK
    return FAILED if state in CLOSED else None
