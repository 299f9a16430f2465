"""One column of a table cut at the constants of its cells: between two cuts every cell says the same throughout.

The pieces of a column are numbered; a set of pieces, and likewise a set of rows, is one whole number with a bit for
each. That makes intersection, covering and union of hundreds of rows a few machine operations.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from math import ceil, floor
from typing import Protocol

from policies.analysis_cells import Compare, Condition, Every, Some, comparisons
from policies.facts import Fact, Value

OTHER = "anything else"
TYPES: Mapping[str, type] = {"whole": Decimal, "text": str, "truth": bool}


class WrongType(Exception):
    """A cell compares its column with a constant of another type or a value that it cannot have, or orders words."""


class Axis(Protocol):
    """The pieces of one column."""

    full: int
    """All pieces."""
    alive: int
    """The pieces in which a value of the fact lies."""

    def sample(self, piece: int) -> object:
        """A value of the fact in a piece that is alive."""
        ...

    def holds(self, condition: Condition) -> int:
        """The pieces in which a condition holds."""
        ...


def axis_of(fact: Fact, conditions: Iterable[Condition]) -> Axis:
    """The column of a fact, cut at the constants of these conditions, which `check_type` has let pass."""
    found = {compare.value for condition in conditions for compare in comparisons(condition)}
    if fact.type == "whole":
        return _Line(fact, sorted(value for value in found if isinstance(value, Decimal)))
    if fact.type == "truth":
        return _Points((False, True))
    known = fact.values or (*sorted(str(value) for value in found), OTHER)
    return _Points(known)


def check_type(fact: Fact, condition: Condition) -> None:
    """Raises WrongType when a condition could never hold as it was meant."""
    wanted = TYPES[fact.type]
    for compare in comparisons(condition):
        if not isinstance(compare.value, wanted):
            raise WrongType(f"{_shown(compare.value)} is not {_article(fact)}")
        if fact.values and compare.value not in fact.values:
            raise WrongType(f"{_shown(compare.value)} is none of {', '.join(fact.values)}")
        if fact.type != "whole" and compare.sign not in ("==", "!="):
            raise WrongType(f"{compare.sign} needs a number")


def _article(fact: Fact) -> str:
    return {"whole": "a number", "text": "a text", "truth": "true or false"}[fact.type]


def _shown(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, str) else str(value)


def bits(number: int) -> Iterator[int]:
    """The places of the bits that are set, from the lowest."""
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


class _Pieces:
    """What conditions have in common on every column: `not`, `and`, `or`."""

    full: int

    def holds(self, condition: Condition) -> int:
        match condition:
            case Compare(sign=sign, value=value):
                return self._compared(sign, value) & self.full
            case Every(parts=parts):
                found = self.full
                for part in parts:
                    found &= self.holds(part)
                return found
            case Some(parts=parts):
                found = 0
                for part in parts:
                    found |= self.holds(part)
                return found
        return self.full & ~self.holds(condition.part)

    def _compared(self, sign: str, value: Value) -> int:
        raise NotImplementedError


class _Points(_Pieces):
    """A column of single values: one piece each."""

    def __init__(self, values: Sequence[Value]) -> None:
        self._values = values
        self._places = {value: place for place, value in enumerate(values)}
        self.full = self.alive = (1 << len(values)) - 1

    def sample(self, piece: int) -> object:
        return self._values[piece]

    def _compared(self, sign: str, value: Value) -> int:
        equal = 1 << self._places[value]
        return equal if sign == "==" else ~equal


class _Line(_Pieces):
    """A column of whole numbers: below the first cut, on it, between it and the next, and so on to above the last."""

    def __init__(self, fact: Fact, cuts: Sequence[Decimal]) -> None:
        self._cuts = cuts
        self._places = {cut: 2 * place + 1 for place, cut in enumerate(cuts)}
        self._fact = fact
        pieces = range(2 * len(cuts) + 1)
        self.full = (1 << len(pieces)) - 1
        self.alive = sum(1 << piece for piece in pieces if self._range(piece))

    def sample(self, piece: int) -> object:
        return self._range(piece)[0]

    def _range(self, piece: int) -> range:
        """The whole numbers of a piece; where it goes on without an end, one of them stands for all."""
        place, on_cut = piece // 2, piece % 2
        low = ceil(self._cuts[place]) if on_cut else floor(self._cuts[place - 1]) + 1 if place else None
        high = floor(self._cuts[place]) if on_cut else ceil(self._cuts[place]) - 1 if place < len(self._cuts) else None
        first = max((end for end in (low, self._fact.least) if end is not None), default=None)
        last = min((end for end in (high, self._fact.most) if end is not None), default=None)
        if first is None:
            first = 0 if last is None else last
        return range(first, (first if last is None else last) + 1)

    def _compared(self, sign: str, value: Value) -> int:
        assert isinstance(value, Decimal)
        place = self._places[value]
        below = (1 << place) - 1
        return {
            "<": below,
            "<=": below | 1 << place,
            ">": ~(below | 1 << place),
            ">=": ~below,
            "==": 1 << place,
            "!=": ~(1 << place),
        }[sign]
