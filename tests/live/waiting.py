"""Waiting in tests: ask again until it is so, and say what was last seen when it never is."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PAUSE, LONGEST_PAUSE = 0.05, 0.4


def eventually(
    look: Callable[[], T],
    holds: Callable[[T], bool] = bool,
    seconds: float = 150.0,
    what: str = "",
    tell: Callable[[T], object] = lambda found: found,
) -> T:
    """The first value of `look` for which `holds` is true.

    Asks ever more rarely, so that asking does not keep from working what is asked. Raises AssertionError after
    `seconds`, with what `tell` makes of the last value.
    """
    limit, pause = time.monotonic() + seconds, PAUSE
    while True:
        found = look()
        if holds(found):
            return found
        if time.monotonic() > limit:
            raise AssertionError(
                f"{what or 'it'} did not come true within {seconds:g} s; last seen: {tell(found)!r}"[:2000]
            )
        time.sleep(pause)
        pause = min(pause * 1.3, LONGEST_PAUSE)
