"""The search for a point free of rows, against trying every point, and how far it goes before it gives up (R-8.2)."""

import itertools
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import analysis_search
from policies.analysis_search import GivenUp, Piece, Search, covering

ROWS = 5
EVERY_ROW = (1 << ROWS) - 1
COLUMNS = st.lists(
    st.lists(st.integers(0, EVERY_ROW), min_size=1, max_size=4).map(
        lambda sets: [Piece(number, rows) for number, rows in enumerate(sets)]
    ),
    min_size=1,
    max_size=4,
)
SETS = st.integers(0, EVERY_ROW)


def rows_at(point: Sequence[Piece], rows: int) -> int:
    """Those of the rows that hold in every piece of a point."""
    for piece in point:
        rows &= piece.rows
    return rows


def missed(points: Iterable[Sequence[Piece]], rows: int) -> int:
    """The rows that do not hold at one of the points at least."""
    missed = 0
    for point in points:
        missed |= rows & ~rows_at(point, rows)
    return missed


@given(columns=COLUMNS, rows=SETS)
def test_a_free_point_is_found_exactly_when_there_is_one(columns: list[list[Piece]], rows: int) -> None:
    free = [point for point in itertools.product(*columns) if rows_at(point, rows) == 0]

    for pruned in ([0] * len(columns), covering(columns, rows)):
        found = Search(columns, pruned).free_point(rows)
        assert (tuple(found) in free) if found is not None else not free


@given(columns=COLUMNS, rows=SETS)
def test_covering_rows_hold_in_every_point_of_the_columns_that_follow(columns: list[list[Piece]], rows: int) -> None:
    for depth, covers in enumerate(covering(columns, rows)):
        points = itertools.product(*columns[depth:])
        assert covers == rows & ~missed(points, rows)


def everything(columns: int) -> int:
    return (1 << (2 * columns)) - 1


def pairs(columns: int) -> list[list[Piece]]:
    """Columns of two pieces with a row in each that the other has not: every choice leaves another set of rows."""
    return [
        [Piece(side, everything(columns) ^ (1 << (2 * column + side))) for side in (0, 1)] for column in range(columns)
    ]


def test_the_search_gives_up_after_so_many_pieces_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pieces of each of two columns; no row is left for the third."""
    columns = [[Piece(0, 0b01), Piece(1, 0b10)], [Piece(0, 0b10), Piece(1, 0b01)], [Piece(0, 0b11)]]

    def found() -> list[Piece] | None:
        return Search(columns, [0, 0, 0]).free_point(0b11)

    monkeypatch.setattr(analysis_search, "STEPS", 4)
    assert found() is not None
    monkeypatch.setattr(analysis_search, "STEPS", 3)
    with pytest.raises(GivenUp):
        found()


def test_the_piece_that_leaves_the_fewest_rows_is_tried_first(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = [[Piece(0, 0b011), Piece(1, 0b100)], [Piece(0, 0b011)]]

    monkeypatch.setattr(analysis_search, "STEPS", 3)
    assert Search(columns, [0, 0]).free_point(0b111) == [Piece(1, 0b100), Piece(0, 0b011)]


def test_a_search_over_too_many_cases_is_given_up() -> None:
    columns = pairs(16)

    with pytest.raises(GivenUp):
        Search(columns, [0] * len(columns)).free_point(everything(16))


def test_a_row_that_holds_in_all_that_follows_ends_the_search_at_once() -> None:
    general = 1 << 32
    columns = [[Piece(piece.number, piece.rows | general) for piece in column] for column in pairs(16)]

    assert Search(columns, covering(columns, everything(16) | general)).free_point(everything(16) | general) is None


def test_what_was_searched_in_vain_is_not_searched_again() -> None:
    """Ten columns in each of which any of ten rows can be dropped: ten factorial ways lead to 1,024 sets of rows."""
    rows, kept = 10, 1 << 10
    columns = [[Piece(row, ((1 << rows) - 1 ^ (1 << row)) | kept) for row in range(rows)] for _ in range(rows)]

    assert Search(columns, [0] * rows).free_point((1 << rows) - 1 | kept) is None


def test_pieces_that_leave_more_rows_than_another_are_not_looked_at() -> None:
    """In every column one piece is the better choice, whatever is chosen in the others."""
    columns = [
        [Piece(0, everything(16) ^ (1 << column)), Piece(1, everything(16) ^ (1 << column) ^ (1 << 31 - column))]
        for column in range(15)
    ]

    assert Search(columns, [0] * 15).free_point(everything(16)) is None
