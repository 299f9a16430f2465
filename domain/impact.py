"""What a change moves in open business: ten answers with counts, money per currency and lists (R-5.1, R-5.2)."""

from collections.abc import Iterable, Mapping

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
    """A figure that differs from what approvers saw; beyond: whether it moved further than the policy allows."""

    figure: str
    seen: int
    now: int
    beyond: bool


class Confirmation(Model):
    """The impact found again before the release (D4a, R-5.4).

    moved: which figures moved further than the policy allows; at: when it was found; movements: everything that
    differs from what approvers saw; versions: of the artifacts that the change moves, as they were then; simulation:
    digest of the cases as simulated again on them, empty where the first simulation still holds (R-4.5).
    """

    impact: Impact
    moved: tuple[str, ...]
    at: str
    movements: tuple[Movement, ...] = ()
    provenance: Provenance | None = None
    versions: Mapping[str, int] = {}
    simulation: str = ""


COUNTED = ("orders", "assets")
"""Answers whose counts move by themselves and withdraw approvals when they move too far."""


def movements(seen: Impact, now: Impact, bound: int) -> tuple[Movement, ...]:
    """Every figure that differs, by name; bound: basis points of what was seen."""
    found = (
        Movement(figure=name, seen=old, now=new, beyond=abs(new - old) * 10_000 > bound * max(old, 1))
        for name, old, new in _figures(seen, now)
        if old != new
    )
    return tuple(sorted(found, key=lambda movement: movement.figure))


def moved_beyond(seen: Impact, now: Impact, bound: int) -> tuple[str, ...]:
    """Which figures moved by more than the bound (basis points of what was seen); empty if the approval still fits."""
    return tuple(movement.figure for movement in movements(seen, now, bound) if movement.beyond)


def _figures(seen: Impact, now: Impact) -> Iterable[tuple[str, int, int]]:
    yield "quotes", seen.quotes, now.quotes
    for currency in {*seen.value, *now.value}:
        yield f"value in {currency}", seen.value.get(currency, 0), now.value.get(currency, 0)
    for name in COUNTED:
        old, new = seen.answer(name), now.answer(name)
        if old is not None and new is not None:
            yield name, old.count, new.count
