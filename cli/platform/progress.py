"""Long steps say what they are doing and how far they are, through one callback of one sentence."""

import time
from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[str], None]
"""Takes one sentence for people; called at most about once a second by a long step."""


def silent(sentence: str) -> None:
    """A progress callback for callers that do not show any."""


class Paced:
    """Passes sentences on at most every `interval` seconds: a build with a thousand lines must not flood a log."""

    def __init__(self, tell: Progress, interval: float = 5.0) -> None:
        self._tell = tell
        self._interval = interval
        self._next = 0.0

    def __call__(self, sentence: str) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + self._interval
            self._tell(sentence)


def duration(seconds: float) -> str:
    """Whole seconds as people say them: `45 s`, `3 min 5 s`."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
