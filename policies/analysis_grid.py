"""A decision table as a grid: each column cut into pieces, each cell a set of pieces, sets of rows as numbers."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from policies.analysis_axes import Axis, WrongType, axis_of, bits, check_type
from policies.analysis_cells import Condition, NotAnalyzable, read_cell
from policies.analysis_search import Piece
from policies.facts import Fact
from policies.table import Row, Table


@dataclass(frozen=True)
class Unread:
    """A condition that the analysis cannot take: `code` is not_analyzable or wrong_type."""

    code: str
    message: str


@dataclass(frozen=True)
class BadCell:
    """A cell with such a condition."""

    row: int
    column: str
    code: str
    message: str


@dataclass(frozen=True)
class Column:
    """One column: its axis and, row by row, where the cell holds; None where that is not known."""

    fact: Fact
    axis: Axis
    cells: tuple[int | None, ...]

    @cached_property
    def rows_by_cell(self) -> Mapping[int, int]:
        """For each known cell that occurs the rows that have it."""
        found: dict[int, int] = defaultdict(int)
        for row, cell in enumerate(self.cells):
            if cell is not None:
                found[cell] |= 1 << row
        return found

    @cached_property
    def unknown(self) -> int:
        """The rows whose cell could not be read."""
        return sum(1 << row for row, cell in enumerate(self.cells) if cell is None)

    def possible(self, row: int) -> int:
        """The pieces in which a row holds, all of them where that is not known."""
        cell = self.cells[row]
        return self.axis.full if cell is None else cell

    @cached_property
    def pieces(self) -> list[Piece]:
        """The pieces with the rows that surely hold in them, one for each set of rows.

        From piece to piece only those rows come and go at whose cell a run of pieces begins or ends.
        """
        events: dict[int, int] = defaultdict(int)
        for cell, rows in self.rows_by_cell.items():
            for place in bits(cell ^ cell << 1):
                events[place] ^= rows
        found: dict[int, Piece] = {}
        rows = 0
        for number in range(self.axis.alive.bit_length()):
            rows ^= events.get(number, 0)
            if self.axis.alive >> number & 1:
                found.setdefault(rows, Piece(number, rows))
        return list(found.values())

    def meeting(self, cell: int, rows: int) -> int:
        """Those of the rows whose known cell shares a piece with this one."""
        alive = cell & self.axis.alive
        return self._those(rows, lambda other: other & alive != 0)

    def covering(self, cell: int, rows: int) -> int:
        """Those of the rows whose known cell holds wherever this one does."""
        alive = cell & self.axis.alive
        return self._those(rows, lambda other: alive & ~other == 0)

    def within(self, cell: int, rows: int) -> int:
        """Those of the rows whose known cell holds only where this one does."""
        outside = ~cell & self.axis.alive
        return self._those(rows, lambda other: other & outside == 0)

    def _those(self, rows: int, fits: Callable[[int], bool]) -> int:
        """Those of the rows whose known cell fits."""
        return _union(same & rows for cell, same in self.rows_by_cell.items() if same & rows and fits(cell))


@dataclass(frozen=True)
class Grid:
    """All columns of a table, and the cells that could not be taken."""

    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    bad: tuple[BadCell, ...]

    @property
    def unknown(self) -> int:
        """The rows with a cell that is not known."""
        return _union(column.unknown for column in self.columns)


def grid_of(table: Table, facts: Sequence[Fact]) -> Grid:
    """The grid of a table whose columns are these facts."""
    bad: list[BadCell] = []
    columns = tuple(_column(table.rows, fact, bad) for fact in facts)
    return Grid(rows=table.rows, columns=columns, bad=tuple(bad))


def _column(rows: Sequence[Row], fact: Fact, bad: list[BadCell]) -> Column:
    texts = [row.when.get(fact.name, "") for row in rows]
    read = {text: _read(fact, text) for text in dict.fromkeys(texts)}
    axis = axis_of(fact, [found for found in read.values() if not isinstance(found, Unread)])
    for number, text in enumerate(texts):
        if isinstance(found := read[text], Unread):
            bad.append(BadCell(number, fact.name, found.code, found.message))
    sets = {text: None if isinstance(found, Unread) else axis.holds(found) for text, found in read.items()}
    return Column(fact=fact, axis=axis, cells=tuple(sets[text] for text in texts))


def _read(fact: Fact, text: str) -> Condition | Unread:
    try:
        condition = read_cell(text)
        check_type(fact, condition)
    except NotAnalyzable as error:
        return Unread("not_analyzable", str(error))
    except WrongType as error:
        return Unread("wrong_type", str(error))
    return condition


def _union(sets: Iterator[int]) -> int:
    found = 0
    for one in sets:
        found |= one
    return found
