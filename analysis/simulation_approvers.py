"""Which functions have to approve by a policy, and which of them drop out with a change of it (R-6.2).

Each row stands for the cases that it decides. What decides them afterwards is the row of the same id, else the rows
whose conditions are among its own: they hold wherever it held.
"""

from collections.abc import Iterable, Iterator, Sequence

from domain.ownership import OWNER
from policies.plan import any_clock, rules_of, stage_of
from policies.table import ApprovalPolicy, Row

FIRST, EVERY = "stages", "quote"
"""The tables with stages: in one the first row that holds decides, in the other every row adds its own."""

Signature = frozenset[str]
"""The groups of which any can give a signature."""


def dropped(old: ApprovalPolicy, new: ApprovalPolicy | None) -> tuple[int, tuple[str, ...]]:
    """How many signatures a policy asks row by row, and those that the new one (None: nothing readable) asks no more.

    The latter as `quote/seller: sales-operations`; `a or b` where either could have signed. Raises
    Invalid("bad_policy").
    """
    asked, gone = 0, list[str]()
    for table in (FIRST, EVERY):
        rows = new.rows(table) if new else ()
        for row in old.rows(table):
            wanted = _signatures([row])
            asked += len(wanted)
            gone += _named(table, row, _missing(wanted, _signatures(_deciding(table, row, rows))))
    return asked, (*gone, *(_put_before(old, new) if new else ()))


def _put_before(old: ApprovalPolicy, new: ApprovalPolicy) -> Iterator[str]:
    """New rows that take their cases from a row that asks more."""
    before = old.rows(FIRST)
    for row in new.rows(FIRST):
        if row.id not in {other.id for other in before}:
            decided = _signatures(_deciding(FIRST, row, before))
            yield from _named(FIRST, row, _missing(decided, _signatures([row])))


def _deciding(table: str, row: Row, rows: Sequence[Row]) -> list[Row]:
    """The rows of another version that decide the cases of a row."""
    same = [other for other in rows if other.id == row.id]
    wider = [other for other in rows if other.id != row.id and _conditions(other) <= _conditions(row)]
    return [*same, *wider] if table == EVERY else (same or wider)[:1]


def _conditions(row: Row) -> set[tuple[str, str]]:
    return {(column, cell.strip()) for column, cell in row.when.items() if cell.strip()}


def _signatures(rows: Iterable[Row]) -> list[Signature]:
    """The signatures that rows ask together; the same stage is asked once."""
    rules = {rule.id: rule for row in rows for rule in rules_of(row.then)}
    return [frozenset(slot.groups) for rule in rules.values() for slot in stage_of(rule, OWNER, any_clock).slots]


def _missing(wanted: Sequence[Signature], asked: Sequence[Signature]) -> Iterator[Signature]:
    """Those for which nobody signs any more who could have given them."""
    free = list(asked)
    for signature in sorted(wanted, key=len):
        fitting = next((groups for groups in free if groups <= signature), None)
        if fitting is None:
            yield signature
        else:
            free.remove(fitting)


def _named(table: str, row: Row, gone: Iterable[Signature]) -> Iterator[str]:
    return (f"{table}/{row.id}: {' or '.join(sorted(signature))}" for signature in gone)
