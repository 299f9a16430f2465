"""Durations as people type them: `3d`, `36h`, `3d12h30m`, `90s`."""

import re

SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
FORM = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)


def seconds_of(text: str) -> int:
    """Whole seconds, more than none. Raises ValueError with what is expected."""
    found = FORM.fullmatch(text.strip().lower())
    numbers = [int(number or 0) for number in found.groups()] if found else []
    total = sum(number * unit for number, unit in zip(numbers, SECONDS.values(), strict=False))
    if total <= 0:
        raise ValueError(f"{text!r} is not a duration; write for example 3d, 36h, 3d12h or 90s")
    return total


def in_words(seconds: float) -> str:
    """The two largest units: `3 days 12 hours`, `45 seconds`."""
    rest, parts = int(seconds), []
    for unit, name in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        number, rest = divmod(rest, unit)
        if number:
            parts.append(f"{number} {name}{'s' if number > 1 else ''}")
    return " ".join(parts[:2]) or "0 seconds"
