"""What is wrong with a decision table, found when it is saved: gaps, overlaps, rows that never decide (R-8.2).

The analysis is exact over the cells that it reads; a cell that it does not read is reported, and neither taken to hold
nor to fail. Each finding has an example: values of the facts that show it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from operator import and_, or_
from typing import Literal

from domain.model import Model
from policies.analysis_axes import bits
from policies.analysis_grid import Column, Grid, grid_of
from policies.analysis_search import GivenUp, Piece, Search, covering
from policies.facts import Fact
from policies.table import Row, Table

MOST_GAPS, MOST_NAMED = 10, 10
EVERY_ROW = -1
"""A number in which every bit is set."""

Severity = Literal["error", "warning", "information"]


class Finding(Model):
    """One thing found. `column` where a single cell is meant; `others`: rows that take part; `example`: fact -> value.

    kind: gap, overlap, exception, unreachable, never_holds, wrong_type, not_analyzable, undecided.
    """

    kind: str
    severity: Severity
    table: str
    row: str | None = None
    column: str | None = None
    others: tuple[str, ...] = ()
    example: Mapping[str, object] = {}
    message: str


def differs(upper: Row, lower: Row) -> bool:
    """Whether it matters which of two rows decides: their outcomes are not the same."""
    return upper.then != lower.then


def analyze(
    name: str,
    table: Table,
    facts: Sequence[Fact],
    no_row: str,
    gap: Severity = "warning",
    matters: Callable[[Row, Row], bool] = differs,
) -> list[Finding]:
    """Everything found in a table, row by row, gaps last.

    no_row: what happens where no row decides, in a few words; gap: how severe that is; matters: (upper row, lower row)
    whose cases cross -> whether people have to look at it.
    """
    grid = grid_of(table, facts)
    return [*_bad_cells(name, grid), *_rows(name, grid, matters), *_gaps(name, grid, no_row, gap)]


def _bad_cells(name: str, grid: Grid) -> Iterator[Finding]:
    for cell in grid.bad:
        wrong = cell.code == "wrong_type"
        yield Finding(
            kind=cell.code,
            severity="error" if wrong else "warning",
            table=name,
            row=grid.rows[cell.row].id,
            column=cell.column,
            message=f"{cell.message}." if wrong else f"This cell cannot be analyzed: {cell.message}.",
        )


def _rows(name: str, grid: Grid, matters: Callable[[Row, Row], bool]) -> Iterator[Finding]:
    for row in range(len(grid.rows)):
        if any(cell.row == row and cell.code == "wrong_type" for cell in grid.bad):
            continue
        if (never := _never_holds(name, grid, row)) is not None:
            yield never
            continue
        unreachable = _unreachable(name, grid, row)
        yield from unreachable
        if not unreachable:
            yield from _overlaps(name, grid, row, matters)


def _never_holds(name: str, grid: Grid, row: int) -> Finding | None:
    for column in grid.columns:
        if not column.possible(row) & column.axis.alive:
            return Finding(
                kind="never_holds",
                severity="error",
                table=name,
                row=grid.rows[row].id,
                column=column.fact.name,
                message=f"No {column.fact.title.lower()} fulfils this condition, so the row never decides.",
            )
    return None


def _unreachable(name: str, grid: Grid, row: int) -> list[Finding]:
    """The finding when earlier rows decide everything that this row could; undecided when that is too hard to say."""
    rows = _meeting(grid, row)
    columns = [_allowed(column, row) for column in grid.columns]
    try:
        if Search(columns, _covers(grid, row, rows)).free_point(rows) is not None:
            return []
    except GivenUp:
        return [_undecided(name, grid.rows[row].id)]
    others = tuple(grid.rows[other].id for other in bits(rows))
    return [
        Finding(
            kind="unreachable",
            severity="error",
            table=name,
            row=grid.rows[row].id,
            others=others[:MOST_NAMED],
            example=_example(grid, row),
            message=f"This row never decides: every case that it describes is decided by {_listed(others)} before.",
        )
    ]


def _overlaps(name: str, grid: Grid, row: int, matters: Callable[[Row, Row], bool]) -> Iterator[Finding]:
    """Earlier rows that take cases from this one: exceptions where this row is the general one, else overlaps."""
    if grid.unknown >> row & 1:
        return
    meeting = _meeting(grid, row)
    inside = _contained(grid, row, meeting)
    exceptions, crossing = list(bits(inside)), list(bits(meeting & ~inside))
    differing = [other for other in crossing if matters(grid.rows[other], grid.rows[row])]
    if exceptions:
        yield _overlap(name, grid, row, exceptions, "exception", "information", "is the general rule behind")
    if differing:
        yield _overlap(
            name, grid, row, differing, "overlap", "warning", "would decide otherwise in cases that it shares with"
        )
    elif crossing:
        yield _overlap(name, grid, row, crossing, "overlap", "information", "shares cases with")


def _overlap(
    name: str, grid: Grid, row: int, others: Sequence[int], kind: str, severity: Severity, words: str
) -> Finding:
    named = tuple(grid.rows[other].id for other in others)
    return Finding(
        kind=kind,
        severity=severity,
        table=name,
        row=grid.rows[row].id,
        others=named[:MOST_NAMED],
        example=_example(grid, row, others[0]),
        message=f"This row {words} {_listed(named)}; the upper row decides.",
    )


def _gaps(name: str, grid: Grid, no_row: str, severity: Severity) -> Iterator[Finding]:
    """Up to ten regions that no row decides, each widened as far as it goes, then marked as if a row decided it."""
    columns = [list(column.pieces) for column in grid.columns]
    for marker in range(len(grid.rows), len(grid.rows) + MOST_GAPS):
        try:
            point = Search(columns, covering(columns, EVERY_ROW)).free_point(EVERY_ROW)
        except GivenUp:
            yield _undecided(name, None)
            return
        if point is None:
            return
        region = _widened(columns, point)
        yield _gap(name, grid, point, region, columns, no_row, severity)
        columns = [
            [Piece(piece.number, piece.rows | (piece.number in region[place]) << marker) for piece in pieces]
            for place, pieces in enumerate(columns)
        ]


def _widened(columns: Sequence[Sequence[Piece]], point: Sequence[Piece]) -> list[set[int]]:
    """The pieces of each column that can be chosen, whatever is chosen of the others, without meeting a row."""
    region = []
    rows = [piece.rows for piece in point]
    for number, pieces in enumerate(columns):
        others = reduce(and_, [*rows[:number], *rows[number + 1 :]], -1)
        free = [piece for piece in pieces if not piece.rows & others]
        region.append({piece.number for piece in free})
        rows[number] = reduce(or_, [piece.rows for piece in free])
    return region


def _gap(
    name: str,
    grid: Grid,
    point: Sequence[Piece],
    region: Sequence[set[int]],
    columns: Sequence[Sequence[Piece]],
    no_row: str,
    severity: Severity,
) -> Finding:
    example = {column.fact.name: column.axis.sample(point[place].number) for place, column in enumerate(grid.columns)}
    narrow = [column.fact for place, column in enumerate(grid.columns) if len(region[place]) < len(columns[place])]
    case = ", ".join(f"{fact.title.lower()} {example[fact.name]}" for fact in narrow) or "any case"
    unknown = tuple(grid.rows[row].id for row in bits(grid.unknown))
    doubt = f", unless {_listed(unknown)} does, which cannot be analyzed" if unknown else ""
    return Finding(
        kind="gap",
        severity=severity,
        table=name,
        others=unknown[:MOST_NAMED],
        example=example,
        message=f"No row decides, for example, {case}{doubt}: {no_row}.",
    )


def _undecided(name: str, row: str | None) -> Finding:
    what = "whether this row ever decides" if row else "whether there is a gap"
    return Finding(
        kind="undecided",
        severity="warning",
        table=name,
        row=row,
        message=f"The rows are too intertwined to say {what}; split the table or use fewer conditions in a row.",
    )


def _meeting(grid: Grid, row: int) -> int:
    """The earlier rows that surely share a case with a row."""
    found = (1 << row) - 1
    for column in grid.columns:
        found = column.meeting(column.possible(row), found)
    return found


def _contained(grid: Grid, row: int, rows: int) -> int:
    """Those of the rows all of whose cases are cases of this row too."""
    for column in grid.columns:
        rows = column.within(column.possible(row), rows)
    return rows


def _covers(grid: Grid, row: int, rows: int) -> list[int]:
    """For each column those of the rows that hold wherever the row does, there and in every later column."""
    found = []
    for column in reversed(grid.columns):
        rows = column.covering(column.possible(row), rows)
        found.append(rows)
    return found[::-1]


def _allowed(column: Column, row: int) -> list[Piece]:
    return [piece for piece in column.pieces if column.possible(row) >> piece.number & 1]


def _example(grid: Grid, *rows: int) -> dict[str, object]:
    """The lowest value of each fact for which these rows hold, as far as their cells are known."""
    example = {}
    for column in grid.columns:
        shared = reduce(and_, [column.possible(row) for row in rows], column.axis.alive)
        example[column.fact.name] = column.axis.sample(next(bits(shared)))
    return example


def _listed(rows: Sequence[str]) -> str:
    shown = ", ".join(rows[:3])
    return f"{shown} and {len(rows) - 3} more" if len(rows) > 3 else shown
