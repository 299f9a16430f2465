"""The account of every row while it is mapped: taken into something, left out for a reason, or bad."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import ValidationError

from connectors.revenue_cloud.layout import column_reason
from connectors.revenue_cloud.report import ColumnLeft, FileReport, Left, RowProblem, Taken, shown
from connectors.revenue_cloud.table import Row, Table
from domain.errors import Invalid
from domain.kinds.kind import first_error

T = TypeVar("T")
LINES_SHOWN = 5
NOTHING = ("", "false")
BAD_ROW = "what it refers to is in a bad row"


class BadCell(Invalid):
    """A cell that makes its row bad, and with it the import."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__("bad_cell", reason, column=column)
        self.column = column


class LeftOut(Exception):
    """The row is right but not taken over, for this reason."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a row; for `taken` the text says into what, otherwise why not."""

    outcome: str
    text: str


UNSEEN = Fate("left", "the row was not looked at, because a file of the export cannot be read")


@dataclass
class Register(Generic[T]):
    """What the rows of a file became, by key, so that other files can refer to them."""

    file: str
    found: dict[str, T] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)

    def get(self, key: str, column: str) -> T:
        """What a row refers to in `column`. Raises BadCell for an unknown key, LeftOut for a key that was left out."""
        if key in self.found:
            return self.found[key]
        if key in self.lost:
            raise LeftOut(self.lost[key])
        raise BadCell(column, f"{self.file} has no {shown(key)}")

    def drop(self, key: str, reason: str) -> Row:
        """Take a key out again, for this reason; returns its row."""
        del self.found[key]
        self.lost[key] = reason
        return self.rows[key]

    def find(self, key: str, column: str) -> T | None:
        """As `get`, but None for a key that was left out."""
        return None if key in self.lost and key not in self.found else self.get(key, column)


class Ledger:
    """Collects the fates of rows and the problems; the later fate of a row counts."""

    def __init__(self) -> None:
        self._fates: dict[tuple[str, int], Fate] = {}
        self._cells: dict[str, Counter[tuple[str, str]]] = {}
        self.problems: list[RowProblem] = []

    def take(self, row: Row, into: str) -> None:
        self._fates[row.file, row.line] = Fate("taken", into)

    def leave(self, row: Row, reason: str) -> None:
        self._fates[row.file, row.line] = Fate("left", reason)

    def leave_cell(self, row: Row, column: str, reason: str) -> None:
        self._cells.setdefault(row.file, Counter())[column, reason] += 1

    def fault(self, row: Row, bad: BadCell) -> None:
        """Note a bad row, with the value of the cell that makes it bad."""
        self._fates[row.file, row.line] = Fate("bad", bad.detail)
        value = shown(row.cells.get(bad.column, ""))
        self.problems.append(
            RowProblem(file=row.file, line=row.line, column=bad.column, value=value, reason=bad.detail)
        )

    def account(self, table: Table, used: Iterable[str]) -> FileReport:
        """The report of one file that was mapped."""
        fates = [(row, self._fates.get((row.file, row.line), UNSEEN)) for row in table.rows]
        taken = Counter(fate.text for _, fate in fates if fate.outcome == "taken")
        left: dict[str, list[int]] = {}
        for row, fate in fates:
            if fate.outcome == "left":
                left.setdefault(fate.text, []).append(row.line)
        return FileReport(
            file=table.file,
            rows=table.records,
            taken=tuple(Taken(into=into, rows=rows) for into, rows in sorted(taken.items())),
            left=tuple(
                Left(reason=reason, rows=len(lines), lines=tuple(lines[:LINES_SHOWN]))
                for reason, lines in sorted(left.items())
            ),
            bad=sum(fate.outcome == "bad" for _, fate in fates) + table.records - len(table.rows),
            columns=(*_unused(table, frozenset(used)), *self._cells_left(table.file)),
        )

    def _cells_left(self, file: str) -> tuple[ColumnLeft, ...]:
        return tuple(
            ColumnLeft(column=column, filled=rows, reason=reason)
            for (column, reason), rows in sorted(self._cells.get(file, Counter()).items())
        )


def _unused(table: Table, used: frozenset[str]) -> tuple[ColumnLeft, ...]:
    filled = {c: sum(row[c].lower() not in NOTHING for row in table.rows) for c in table.columns if c not in used}
    return tuple(
        ColumnLeft(column=shown(column), filled=rows, reason=column_reason(column))
        for column, rows in filled.items()
        if rows
    )


def collect(ledger: Ledger, table: Table, key: tuple[str, ...], into: str, build: Callable[[Row], T]) -> Register[T]:
    """Map every row by `build`, which raises BadCell or LeftOut; a key is the cells of `key` joined by `;`."""
    register: Register[T] = Register(table.file)
    for row in table.rows:
        name = ";".join(row[column] for column in key)
        try:
            _new(row, register.rows.get(name), key)
            register.rows[name] = row
            register.found[name] = build(row)
            ledger.take(row, into)
        except LeftOut as left:
            ledger.leave(row, str(left))
            register.lost.setdefault(name, str(left))
        except BadCell as bad:
            ledger.fault(row, bad)
            register.lost.setdefault(name, BAD_ROW)
        except ValidationError as error:
            ledger.fault(row, BadCell("", first_error(error)))
            register.lost.setdefault(name, BAD_ROW)
    return register


def _new(row: Row, first: Row | None, key: tuple[str, ...]) -> None:
    if first is None:
        return
    if first.cells == row.cells:
        raise LeftOut("repeats an earlier row, cell by cell")
    raise BadCell(key[-1], f"the same key as line {first.line} ({', '.join(key)}) with other content")
