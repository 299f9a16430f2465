"""A decision table as a grid: each column cut into pieces, each cell a set of pieces, sets of rows as numbers."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from policies.analysis_axes import Axis, WrongType, axis_of, bits, check_type
from policies.analysis_cells import Condition, Every, NotAnalyzable, read_cell
from policies.analysis_search import Piece
from policies.facts import Fact
from policies.table import Row, Table

ALWAYS = Every(())


@dataclass(frozen=True)
class BadCell:
    """A cell that the analysis cannot take: `code` is not_analyzable or wrong_type."""

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

    @cached_property
    def pieces(self) -> list[Piece]:
        """The pieces with the rows that surely hold in them, one for each set of rows."""
        events: dict[int, int] = defaultdict(int)
        for cell, rows in self.rows_by_cell.items():
            for start, end in _runs(cell):
                events[start] ^= rows
                events[end] ^= rows
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
        """The rows whose cell fits, looked at one by one or, where many share a cell, cell by cell."""
        known = rows & ~self.unknown
        if known.bit_count() > len(self.rows_by_cell):
            return known & _union(same for cell, same in self.rows_by_cell.items() if fits(cell))
        return _union(1 << row for row in bits(known) if fits(self.cells[row] or 0))


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
    read: dict[str, Condition | BadCell] = {}
    for number, row in enumerate(rows):
        text = row.when.get(fact.name, "")
        if text not in read:
            read[text] = _read(number, fact, text)
    axis = axis_of(fact, [condition for condition in read.values() if not isinstance(condition, BadCell)])
    sets: dict[str, int | None] = {}
    for number, row in enumerate(rows):
        text = row.when.get(fact.name, "")
        found = read[text]
        if isinstance(found, BadCell):
            bad.append(BadCell(number, found.column, found.code, found.message))
        if text not in sets:
            sets[text] = None if isinstance(found, BadCell) else axis.holds(found)
    return Column(fact=fact, axis=axis, cells=tuple(sets[row.when.get(fact.name, "")] for row in rows))


def _read(row: int, fact: Fact, text: str) -> Condition | BadCell:
    try:
        condition = read_cell(text)
        check_type(fact, condition)
    except NotAnalyzable as error:
        return BadCell(row, fact.name, "not_analyzable", str(error))
    except WrongType as error:
        return BadCell(row, fact.name, "wrong_type", str(error))
    return condition


def _union(sets: Iterator[int]) -> int:
    found = 0
    for one in sets:
        found |= one
    return found


def _runs(pieces: int) -> Iterator[tuple[int, int]]:
    """Unbroken runs of pieces, as first and first after."""
    place = 0
    while pieces:
        gap = (pieces & -pieces).bit_length() - 1
        pieces >>= gap
        length = (~pieces & (pieces + 1)).bit_length() - 1
        yield place + gap, place + gap + length
        pieces >>= length
        place += gap + length
