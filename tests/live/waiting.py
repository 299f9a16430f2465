"""Waiting in tests: ask again until it is so, and say what was last seen when it never is."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PAUSE = 0.05


def eventually(
    look: Callable[[], T],
    holds: Callable[[T], bool] = bool,
    seconds: float = 60.0,
    what: str = "",
    tell: Callable[[T], object] = lambda found: found,
) -> T:
    """The first value of `look` for which `holds` is true.

    Raises AssertionError after `seconds`, with what `tell` makes of the last value.
    """
    limit = time.monotonic() + seconds
    while True:
        found = look()
        if holds(found):
            return found
        if time.monotonic() > limit:
            raise AssertionError(
                f"{what or 'it'} did not come true within {seconds:g} s; last seen: {tell(found)!r}"[:2000]
            )
        time.sleep(PAUSE)
