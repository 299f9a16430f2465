"""The documents that a change affects, in columns ordered by id; what both ways of finding them come to (R-5.1)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.canonical import canonical_columns
from domain.errors import Invalid
from domain.impact import VERY_LONG
from domain.money import exponent
from domain.touched import Touching, day_of

SCHEMA = "documents/1"
NAMES = ("document", "market", "currency", "value", "lines")


@dataclass
class Hits:
    """Affected documents of one kind: id, market, currency, value in minor units, number of affected lines."""

    document: list[str] = field(default_factory=list)
    market: list[str] = field(default_factory=list)
    currency: list[str] = field(default_factory=list)
    value: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)

    def file(self) -> bytes:
        """The complete list as it is stored."""
        return canonical_columns(SCHEMA, {name: getattr(self, name) for name in NAMES})

    def money(self) -> dict[str, int]:
        """Value per currency, without currencies that do not exist."""
        totals: dict[str, int] = {}
        for currency, value in zip(self.currency, self.value, strict=True):
            totals[currency] = totals.get(currency, 0) + value
        return {currency: totals[currency] for currency in sorted(totals) if known_currency(currency)}

    def places(self) -> dict[str, int]:
        """How many documents in each market."""
        return counted(self.market)

    def all_faults(self) -> dict[str, int]:
        """Everything wrong with them, by fault."""
        currencies = counted(self.currency)
        found = {
            **self.faults,
            "unknown_currency": sum(number for code, number in currencies.items() if not known_currency(code)),
            "very_long": sum(1 for lines in self.lines if lines >= VERY_LONG),
        }
        return {fault: number for fault, number in sorted(found.items()) if number}


def counted(values: Iterable[str]) -> dict[str, int]:
    """How often each value occurs, ordered by value."""
    found: dict[str, int] = {}
    for value in values:
        found[value] = found.get(value, 0) + 1
    return dict(sorted(found.items()))


def known_currency(code: str) -> bool:
    """Whether there is such a currency."""
    try:
        exponent(code)
    except Invalid:
        return False
    return True


def hits_of(rows: Sequence[Any], touching: Touching, chosen: bool) -> Hits:
    """Documents of lines as `store.documents` gives them, of which those count that use what is touched.

    chosen: whether only lines with the wanted words are among them, so that often nothing is left to be judged.
    """
    exact, further = chosen and touching.exact, touching.further
    found: dict[str, list[Any]] = {}
    negative = unreadable = 0
    for used, document, _, model, market, channel, currency, value, total, wrong_version, wrong_dates, *head in rows:
        if not exact:
            line = (used, model, market, channel, currency)
            if not (touching.matches((*line, *head[:2]), day_of(head[2])) if further else touching.matches(line)):
                continue
        if not isinstance(value, int):
            value, unreadable = 0, unreadable + 1
        negative += value < 0
        if (known := found.get(document)) is None:
            found[document] = [market, currency, value if total is None else total, 1, wrong_version, wrong_dates]
        else:
            known[3] += 1
            if total is None:
                known[2] += value
    return _ordered(found, negative, unreadable)


def _ordered(found: Mapping[str, Sequence[Any]], negative: int, unreadable: int) -> Hits:
    names = sorted(found)
    if not names:
        return Hits()
    market, currency, value, lines, version, dates = (list(c) for c in zip(*(found[n] for n in names), strict=True))
    readable = [total if isinstance(total, int) else 0 for total in value]
    unreadable += sum(1 for total in value if not isinstance(total, int))
    faults = {"negative_line": negative, "missing_version": sum(version), "dates_beyond_range": sum(dates)}
    return in_columns([names, market, currency, readable, lines], {**faults, "unreadable": unreadable})


def in_columns(columns: Sequence[list[Any]], faults: dict[str, int]) -> Hits:
    """Documents from their columns, in the order of NAMES."""
    document, market, currency, value, lines = columns
    return Hits(document, market, currency, value, lines, faults)


def merged(some: Hits, more: Hits) -> Hits:
    """Both together; no document is in both."""
    if not more.document:
        return some
    columns = [[*getattr(some, name), *getattr(more, name)] for name in NAMES]
    order = sorted(range(len(columns[0])), key=columns[0].__getitem__)
    ordered = [[column[place] for place in order] for column in columns]
    return in_columns(ordered, added(some.faults, more.faults))


def added(*counts: Mapping[str, int]) -> dict[str, int]:
    """Counts by name, added up."""
    found: dict[str, int] = {}
    for some in counts:
        for name, number in some.items():
            found[name] = found.get(name, 0) + number
    return dict(sorted(found.items()))
