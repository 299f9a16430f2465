"""What a change moves in open business: ten answers with counts, money per currency and lists (R-5.1, R-5.2)."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from domain.model import Model

FAULTS = {
    "negative_line": "Lines with a negative quantity or value",
    "unknown_currency": "Documents in a currency that does not exist; their money is in no total",
    "missing_version": "Documents that name a catalog or price version that does not exist",
    "dates_beyond_range": "Documents whose dates lie beyond any business, or end before they begin",
    "very_long": "Documents with very many lines",
    "unreadable": "Records with a value that cannot be read, as a text where a number belongs",
}
VERY_LONG = 5_000
BUSINESS = frozenset({"orders", "assets", "renewals"})
"""Answers about documents, beside quotes: they move by themselves, and withdraw approvals when they move too far."""


class Answer(Model):
    """The answer to one of the ten questions (`name` as in domain.kinds.kind.Question): how many, worth what, by what.

    value: minor units per currency; source: what was looked at, or that nothing of the kind is there yet;
    file: digest of the complete list in the file store (documents in columns), None where there is none; examples:
    the first of it; note: what a reader has to know beside the number.
    """

    name: str
    count: int
    source: str
    value: Mapping[str, int] = {}
    file: str | None = None
    examples: tuple[str, ...] = ()
    note: str = ""


class Impact(Model):
    """What the change moves: the same facts give the same impact, by whichever way it was found.

    value: total of the open quotes in minor units per currency; by_market: open quotes per market; quotes_file: digest
    of their complete list; answers: the ten of R-5.1 in their order, empty in evidence written before they were;
    renewals: contracts with such lines that end within 90 days; faults: affected records that are wrong, by fault.
    """

    artifacts: tuple[str, ...]
    offerings: tuple[str, ...]
    quotes: int
    lines: int
    value: Mapping[str, int]
    by_market: Mapping[str, int]
    quotes_file: str
    answers: tuple[Answer, ...] = ()
    renewals: Answer | None = None
    faults: Mapping[str, int] = {}

    def answer(self, name: str) -> Answer | None:
        """The answer of a name, None in evidence written before it was asked."""
        return next((answer for answer in self.answers if answer.name == name), None)


class Provenance(Model):
    """How an impact was found (R-6.4): by which way and why, on which records, by which SQL.

    way: index (live records) or scan (a snapshot and what moved since); snapshot: its digest; moved_since: documents
    read from the live records because they moved after the snapshot; sql: digest of the SQL text in the file store.
    """

    way: str
    because: str
    at: str
    snapshot: str | None = None
    snapshot_at: str | None = None
    moved_since: int = 0
    sql: str | None = None


class Found(Model):
    """An impact and how it was found."""

    impact: Impact
    provenance: Provenance


class Movement(Model):
    """A figure that differs from what approvers saw; beyond: whether it moved further than the policy allows.

    currency: of an amount, which is in its minor units; empty for a number.
    """

    figure: str
    seen: int
    now: int
    beyond: bool
    currency: str = ""


class Figure(NamedTuple):
    """A figure as it was seen and as it is; bound: whether approvals are withdrawn when it moves too far."""

    name: str
    seen: int
    now: int
    bound: bool = True
    currency: str = ""


class Confirmation(Model):
    """The impact found again before the release (D4a, R-5.4).

    moved: which figures moved further than the policy allows; at: when it was found; movements: everything that
    differs from what approvers saw; versions: of every artifact, as they were then; simulation:
    digest of the cases as simulated again on them, empty where the first simulation still holds (R-4.5).
    """

    impact: Impact
    moved: tuple[str, ...]
    at: str
    movements: tuple[Movement, ...] = ()
    provenance: Provenance | None = None
    versions: Mapping[str, int] = {}
    simulation: str = ""


def movements(seen: Impact, now: Impact, bound: int) -> tuple[Movement, ...]:
    """Every figure that differs, by name; bound: basis points of what was seen.

    Open business that moved further is beyond it. What other changes published is only told: where it concerns this
    change, that is simulated again (R-4.5).
    """
    found = (
        Movement(
            figure=name,
            seen=old,
            now=new,
            beyond=bounded and abs(new - old) * 10_000 > bound * max(old, 1),
            currency=currency,
        )
        for name, old, new, bounded, currency in _figures(seen, now)
        if old != new
    )
    return tuple(sorted(found, key=lambda movement: movement.figure))


def moved_beyond(seen: Impact, now: Impact, bound: int) -> tuple[str, ...]:
    """Which figures moved by more than the bound (basis points of what was seen); empty if the approval still fits."""
    return tuple(movement.figure for movement in movements(seen, now, bound) if movement.beyond)


def _figures(seen: Impact, now: Impact) -> Iterator[Figure]:
    """Every figure of both; evidence from before a question was asked has none of its answer."""
    yield Figure("quotes", seen.quotes, now.quotes)
    yield Figure("lines", seen.lines, now.lines, bound=False)
    yield from _money("value", seen.value, now.value)
    for old in (*seen.answers, *filter(None, [seen.renewals])):
        new = now.renewals if old is seen.renewals else now.answer(old.name)
        if new is not None and old.name != "quotes":
            yield Figure(old.name, old.count, new.count, bound=old.name in BUSINESS)
            yield from _money(old.name, old.value, new.value)
    for words, before, after in (("quotes in {}", seen.by_market, now.by_market), ("{}", seen.faults, now.faults)):
        for name in {*before, *after}:
            told = words.format(FAULTS.get(name, name))
            yield Figure(told, before.get(name, 0), after.get(name, 0), bound=False)


def _money(name: str, seen: Mapping[str, int], now: Mapping[str, int]) -> Iterator[Figure]:
    for code in {*seen, *now}:
        yield Figure(f"{name} in {code}", seen.get(code, 0), now.get(code, 0), currency=code)
