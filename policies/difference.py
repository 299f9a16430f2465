"""Two versions of an approval policy compared cell by cell: what a policy owner reads before agreeing (R-8.2)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from domain.certification import OWN
from domain.model import Model
from policies.content import TABLES
from policies.table import ApprovalPolicy, Row

ORDER, OUTCOME, REASON, WHOLE_ROW = "order", "outcome", "reason", ""
INHERITED = "as the policy"


class CellDifference(Model):
    """One difference: table ("" for what the policy says besides its tables), row, cell, and both texts.

    cell: a column, `order`, `outcome` or a path within it, `reason`; "" where the whole row was added or removed.
    """

    table: str
    row: str
    cell: str
    kind: Literal["added", "removed", "changed"]
    old: str
    new: str

    @property
    def sentence(self) -> str:
        """The difference in words."""
        where = f"{self.table} row {self.row}" if self.table else "policy"
        if self.cell == WHOLE_ROW:
            return f"{where}: {self.kind} ({self.new or self.old})"
        return f"{where}, {self.cell.replace('_', ' ')}: {self.old or 'nothing'} becomes {self.new or 'nothing'}"


def policy_difference(old: ApprovalPolicy, new: ApprovalPolicy) -> tuple[CellDifference, ...]:
    """Every cell that differs: the policy's own fields first, then table by table in the order of the new rows."""
    tables: set[str] = set(TABLES)
    found = list(
        _fields("", "", old.model_dump(mode="json", exclude=tables), new.model_dump(mode="json", exclude=tables))
    )
    for name in TABLES:
        found += _rows(name, old.rows(name), new.rows(name))
    return tuple(found)


def _rows(table: str, old: Sequence[Row], new: Sequence[Row]) -> Iterator[CellDifference]:
    before, after = {row.id: row for row in old}, {row.id: row for row in new}
    for row in old:
        if row.id not in after:
            yield _whole(table, row, "removed")
    moved = _moved([row.id for row in old if row.id in after], [row.id for row in new if row.id in before])
    for place, row in enumerate(new, 1):
        if row.id not in before:
            yield _whole(table, row, "added")
            continue
        if row.id in moved:
            was = next(n for n, other in enumerate(old, 1) if other.id == row.id)
            yield _change(table, row.id, ORDER, f"place {was}", f"place {place}")
        yield from _cells(table, before[row.id], row)


def _cells(table: str, old: Row, new: Row) -> Iterator[CellDifference]:
    for column in sorted(old.when.keys() | new.when.keys()):
        was, now = old.when.get(column, "").strip(), new.when.get(column, "").strip()
        if was != now:
            yield _change(table, new.id, column, was or "any", now or "any")
    yield from _fields(table, new.id, {OUTCOME: old.then}, {OUTCOME: new.then})
    if old.because != new.because:
        yield _change(table, new.id, REASON, old.because, new.because)
    for name in OWN:
        was, now = getattr(old, name), getattr(new, name)
        if was != now:
            yield _change(table, new.id, name, str(was or INHERITED), str(now or INHERITED))


def _fields(table: str, row: str, old: Any, new: Any, path: str = "") -> Iterator[CellDifference]:
    """Differences of nested values, each at its path; lists of things with an `id` are compared by it."""
    if isinstance(old, list | tuple) and isinstance(new, list | tuple):
        old, new = _named(old), _named(new)
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*old, *(key for key in new if key not in old)]:
            step = f"{path}.{key}" if path else str(key)
            yield from _fields(table, row, old.get(key), new.get(key), step)
    elif old != new:
        yield _change(table, row, path, _shown(old), _shown(new))


def _named(values: Sequence[Any]) -> Any:
    """A list of things with ids as a mapping; any other list stays a single value."""
    if values and all(isinstance(value, Mapping) and "id" in value for value in values):
        return {value["id"]: value for value in values}
    return _shown(values)


def _moved(old: Sequence[str], new: Sequence[str]) -> set[str]:
    """The rows that changed their place among those that stayed: all but a longest common order."""
    place = {row: number for number, row in enumerate(old)}
    runs: list[list[str]] = [[]]
    for row in new:
        before = [run for run in runs if not run or place[run[-1]] < place[row]]
        runs.append([*_longest(before), row])
    return set(new) - set(_longest(runs))


def _longest(runs: Sequence[list[str]]) -> list[str]:
    return max(runs, key=lambda run: len(run))


def _whole(table: str, row: Row, kind: Literal["added", "removed"]) -> CellDifference:
    conditions = ", ".join(f"{column} {cell}" for column, cell in row.when.items() if cell.strip()) or "any case"
    text = f"{conditions}: {row.because or _shown(row.then)}"
    old, new = ("", text) if kind == "added" else (text, "")
    return CellDifference(table=table, row=row.id, cell=WHOLE_ROW, kind=kind, old=old, new=new)


def _change(table: str, row: str, cell: str, old: str, new: str) -> CellDifference:
    return CellDifference(table=table, row=row, cell=cell, kind="changed", old=old, new=new)


def _shown(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Mapping():
            return ", ".join(f"{key} {_shown(item)}" for key, item in value.items() if item not in (None, (), []))
        case list() | tuple():
            return "; ".join(_shown(item) for item in value)
    return str(value)
