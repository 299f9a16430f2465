"""What a change moves in open business, with money per currency (R-5.1, R-5.2)."""

from collections.abc import Mapping

from domain.model import Model


class Impact(Model):
    """Counts and value of the open quotes that use what moves. `quotes_file` is the digest of the full list of ids.

    value: total of those quotes in minor units per currency; by_market: quotes per market; instant-free, so that the
    same facts give the same digest.
    """

    artifacts: tuple[str, ...]
    offerings: tuple[str, ...]
    quotes: int
    lines: int
    value: Mapping[str, int]
    by_market: Mapping[str, int]
    quotes_file: str


class Confirmation(Model):
    """The impact found again before the release (D4a, R-5.4).

    moved: which figures moved further than the policy allows; at: when it was found.
    """

    impact: Impact
    moved: tuple[str, ...]
    at: str


def moved_beyond(seen: Impact, now: Impact, bound: int) -> tuple[str, ...]:
    """Which figures moved by more than the bound (basis points of what was seen); empty if the approval still fits."""
    figures = [("quotes", seen.quotes, now.quotes)]
    figures += [(f"value in {c}", seen.value.get(c, 0), now.value.get(c, 0)) for c in {*seen.value, *now.value}]
    return tuple(
        sorted(name for name, old, new in figures if abs(new - old) * 10_000 > bound * max(old, 1) and new != old)
    )
