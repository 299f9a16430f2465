"""Deaths on purpose, for the programs of tests only: a process kills itself at named points, each once, also over restarts.

Points: `<command>.before` and `<command>.after` the commit of a command, `<step>.unanswered` when a step of the lifecycle
has done its work and Temporal has not heard of it. Which points, and at which hit, is in the file that FAULT_PLAN names.
"""

import os
import signal
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial, partialmethod, wraps
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from temporalio.client import Client

from activities.change import ChangeActivities
from activities.house import DOWNSTREAM, REGULAR
from commands import bookkeeping
from commands.command import REGISTRY
from store import unit_of_work

PLAN = "FAULT_PLAN"
SOON, STEP = timedelta(seconds=2), timedelta(seconds=8)


class FaultPlan(BaseModel):
    """At which hit a process dies at each point."""

    points: dict[str, int]


class Faults:
    """The plan and, in files beside it, how often each point was hit."""

    def __init__(self, file: Path) -> None:
        self._plan = FaultPlan.model_validate_json(file.read_bytes())
        self._folder = file.parent

    @property
    def points(self) -> Iterable[str]:
        """The points at which something dies."""
        return self._plan.points

    def hit(self, point: str) -> None:
        """Pass a point, or die at it."""
        if (wanted := self._plan.points.get(point)) is None:
            return
        descriptor = os.open(self._folder / f"{point}.hits", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(descriptor, b".")
        hits = os.fstat(descriptor).st_size
        os.close(descriptor)
        if hits >= wanted and self._first(point):
            os.kill(os.getpid(), signal.SIGKILL)

    def _first(self, point: str) -> bool:
        """Whether nothing has died at the point yet; of two threads that count together, one is the first."""
        try:
            (self._folder / f"{point}.died").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    @staticmethod
    def died_at(folder: Path) -> set[str]:
        """The points at which a process died."""
        return {file.stem for file in folder.glob("*.died")}


def arm() -> None:
    """Put the points into this process, and shorten the waiting for those that died."""
    faults = Faults(Path(os.environ[PLAN]))
    for command in REGISTRY.values():
        command.function = _then(command.function, partial(faults.hit, f"{command.name}.before"))
        command._once = _then(command._once, partial(faults.hit, f"{command.name}.after"))  # type: ignore[method-assign]
    for point in faults.points:
        name, _, side = point.partition(".")
        if side == "unanswered":
            setattr(ChangeActivities, name, _then(getattr(ChangeActivities, name), partial(faults.hit, point)))
    for options in (REGULAR, DOWNSTREAM):
        options["start_to_close_timeout"] = STEP
    for module in (unit_of_work, bookkeeping):
        vars(module)["LEASE"] = SOON
    Client.start_workflow = partialmethod(Client.start_workflow, task_timeout=SOON)  # type: ignore[method-assign, assignment]


def _then(work: Callable[..., Any], after: Callable[[], None]) -> Callable[..., Any]:
    @wraps(work)
    def both(*args: Any, **kwargs: Any) -> Any:
        result = work(*args, **kwargs)
        after()
        return result

    return both
