"""Searching a table for a case that no row decides, or that a row would decide if no earlier one did.

A case is one piece of each column. The search fixes column after column and keeps the set of rows that still hold;
pieces that leave a superset of another's rows need no look. Tables of this form can hide a gap that is hard to find
(it is the complement of a propositional formula), so a search that grows too long is given up and said to be.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

STEPS = 20_000
"""Pieces looked at before a search is given up."""


class GivenUp(Exception):
    """The table is too intertwined to be searched to the end."""


@dataclass(frozen=True)
class Piece:
    """A piece of a column: its number on the axis and the set of rows that hold there."""

    number: int
    rows: int


@dataclass
class Search:
    """A search for a point that is free of rows.

    columns: for each column the pieces that may be chosen; covering: for each column the rows that hold in all of its
    pieces and in those of every later column, so that nothing is free below them.
    """

    columns: Sequence[Sequence[Piece]]
    covering: Sequence[int]
    _closed: set[tuple[int, int]] = field(default_factory=set)
    _steps: int = 0

    def free_point(self, rows: int) -> list[Piece] | None:
        """One piece per column that none of these rows holds in; None if there is none. Raises GivenUp."""
        return self._below(0, rows)

    def _below(self, depth: int, rows: int) -> list[Piece] | None:
        if rows == 0:
            return [pieces[0] for pieces in self.columns[depth:]]
        if depth == len(self.columns) or rows & self.covering[depth] or (depth, rows) in self._closed:
            return None
        for piece in self._choices(depth, rows):
            if (rest := self._below(depth + 1, rows & piece.rows)) is not None:
                return [piece, *rest]
        self._closed.add((depth, rows))
        return None

    def _choices(self, depth: int, rows: int) -> list[Piece]:
        """The pieces whose rows are no superset of another's, the emptiest first."""
        self._steps += len(self.columns[depth])
        if self._steps > STEPS:
            raise GivenUp
        distinct = {piece.rows & rows: piece for piece in reversed(self.columns[depth])}
        kept: list[tuple[int, Piece]] = []
        for left in sorted(distinct, key=int.bit_count):
            if not any(other & ~left == 0 for other, _ in kept):
                kept.append((left, distinct[left]))
        return [piece for _, piece in kept]


def covering(columns: Sequence[Sequence[Piece]], rows: int) -> list[int]:
    """For each column the rows that hold in all of its pieces and in all pieces of the later ones."""
    found = []
    for pieces in reversed(columns):
        for piece in pieces:
            rows &= piece.rows
        found.append(rows)
    return found[::-1]
