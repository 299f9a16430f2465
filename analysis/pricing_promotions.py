"""Promotions compiled to cells: what comes off an offering at a place and time, stacking and exclusivity settled."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, pairwise
from typing import Any, NamedTuple, TypeAlias

from domain.artifact import EVERYWHERE, Entry
from domain.money import BASIS_POINTS
from domain.pricing_rules import chosen

Rules: TypeAlias = Sequence[tuple[str, Entry]]
Period: TypeAlias = dict[str, Any]
"""A cell without its place."""


class Place(NamedTuple):
    """Where quotes are made and for whom."""

    market: str
    channel: str
    segment: str
    currency: str


class _Side(NamedTuple):
    """The rules of a book for an offering: its own, and those for all (none where the offering is all)."""

    own: Rules
    general: Rules

    def at(self, place: Place) -> "_Side":
        return _Side(*([pair for pair in rules if _here(pair[1], place)] for rules in self))

    @property
    def all(self) -> Rules:
        return [*self.own, *self.general]


def promotion_cells(old: Rules, new: Rules, places: Sequence[Place]) -> list[dict[str, Any]]:
    """For each offering with promotions of its own and for all others (`*`), each place and period: what comes off.

    since and until are days. A cell holds beside or instead of that for all; where an offering has no promotion of its
    own it has no cell, so that there are as many as promotions have places and times, and not the product of all.
    """
    sides = [_by_offering(rules) for rules in (old, new)]
    return [cell for offering in sorted({*sides[0], *sides[1]}) for cell in _cells(sides, offering, places)]


def _by_offering(rules: Rules) -> Mapping[str, Rules]:
    found: dict[str, list[tuple[str, Entry]]] = {}
    for key, rule in rules:
        found.setdefault(rule["offering"], []).append((key, rule))
    return found


def _cells(sides: Sequence[Mapping[str, Rules]], offering: str, places: Sequence[Place]) -> Iterator[dict[str, Any]]:
    """The cells of an offering; places at which the same promotions hold have the same periods."""
    rules = [
        _Side(side.get(offering, ()), side.get(EVERYWHERE, ()) if offering != EVERYWHERE else ()) for side in sides
    ]
    known: dict[tuple[str, ...], list[Period]] = {}
    for place in places:
        here = [side.at(place) for side in rules]
        same = tuple(key for side in here for part in side for key in ("", *(key for key, _ in part)))
        if same not in known:
            known[same] = _periods(here)
        yield from ({"offering": offering, **place._asdict(), **period} for period in known[same])


def _periods(sides: Sequence[_Side]) -> list[Period]:
    """The periods in which a promotion of an offering's own holds in a book; neighbours that say the same are one."""
    rules = list(chain.from_iterable(side.all for side in sides))
    found: list[Period] = []
    for since, until in pairwise(sorted({rule[end] for _, rule in rules for end in ("since", "until")})):
        if any(_runs(rule, since) for side in sides for _, rule in side.own):
            old, new = (_off(side.all, since) for side in sides)
            period = {"since": since, "until": until, **_named("old", old), **_named("new", new)}
            if found and found[-1] == {**period, "since": found[-1]["since"], "until": since}:
                found[-1]["until"] = until
            else:
                found.append(period)
    return found


def _off(rules: Rules, day: str) -> tuple[int, int]:
    """Basis points and millionths a unit that come off on a day."""
    found = [rule for _, rule in chosen([pair for pair in rules if _runs(pair[1], day)])]
    points = min(sum(rule["off_basis_points"] for rule in found), BASIS_POINTS)
    return points, sum(rule["off_micros"] for rule in found)


def _named(side: str, off: tuple[int, int]) -> dict[str, int]:
    return {f"{side}_points": off[0], f"{side}_micros": off[1]}


def _runs(rule: Entry, day: str) -> bool:
    return bool(rule["since"] <= day < rule["until"])


def _here(rule: Entry, place: Place) -> bool:
    return all(rule[name] in (EVERYWHERE, value) for name, value in zip(Place._fields, place, strict=True))
