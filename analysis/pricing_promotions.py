"""Promotions compiled to cells: what comes off an offering at a place and time, stacking and exclusivity settled."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

from domain.artifact import EVERYWHERE, Entry
from domain.money import BASIS_POINTS
from domain.pricing_rules import chosen

Rules = Sequence[tuple[str, Entry]]
FIRST_DAY, LAST_DAY = date.min.isoformat(), date.max.isoformat()


class Place(NamedTuple):
    """Where quotes are made and for whom."""

    market: str
    channel: str
    segment: str
    currency: str


def promotion_cells(old: Rules, new: Rules, places: Sequence[Place]) -> list[dict[str, Any]]:
    """For each offering with promotions of its own and for all others (`*`), each place and period: what comes off.

    since and until are days; every place and period has a cell for every offering that is named.
    """
    if not old and not new:
        return []
    days = sorted({FIRST_DAY, LAST_DAY, *(rule[end] for _, rule in (*old, *new) for end in ("since", "until"))})
    offerings = sorted({rule["offering"] for _, rule in (*old, *new)} | {EVERYWHERE})
    sides = {"old": _by_offering(old), "new": _by_offering(new)}
    return [
        {"offering": offering, **place._asdict(), "since": since, "until": until, **_off(sides, offering, place, since)}
        for offering in offerings
        for place in places
        for since, until in pairwise(days)
    ]


def _by_offering(rules: Rules) -> Mapping[str, Rules]:
    found: dict[str, list[tuple[str, Entry]]] = {}
    for key, rule in rules:
        found.setdefault(rule["offering"], []).append((key, rule))
    return found


def _off(sides: Mapping[str, Mapping[str, Rules]], offering: str, place: Place, day: str) -> dict[str, int]:
    row = {}
    for side, rules in sides.items():
        candidates = [*rules.get(offering, ()), *(rules.get(EVERYWHERE, ()) if offering != EVERYWHERE else ())]
        found = [rule for _, rule in chosen([pair for pair in candidates if _holds(pair[1], place, day)])]
        row[f"{side}_points"] = min(sum(rule["off_basis_points"] for rule in found), BASIS_POINTS)
        row[f"{side}_micros"] = sum(rule["off_micros"] for rule in found)
    return row


def _holds(rule: Entry, place: Place, day: str) -> bool:
    here: Iterable[tuple[str, str]] = place._asdict().items()
    return rule["since"] <= day < rule["until"] and all(rule[name] in (EVERYWHERE, value) for name, value in here)
