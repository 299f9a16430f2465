"""A column cut at its constants: every value lies in a piece, and every piece that is alive has a value (R-8.2)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.analysis_axes import OTHER, WrongType, axis_of, bits, check_type
from policies.analysis_cells import comparisons, read_cell
from policies.facts import Fact
from tests.policies.test_analysis_cells import meaning

COLOUR = Fact(name="colour", title="Colour", type="text", values=("red", "green", "blue"))
NAME = Fact(name="name", title="Name", type="text")
URGENT = Fact(name="urgent", title="Urgent", type="truth")
FAR = 40
"""Further out than any constant: what holds here holds for all that follow."""


def number(least: int | None = None, most: int | None = None) -> Fact:
    return Fact(name="amount", title="Amount", type="whole", least=least, most=most)


def piece_of(value: Decimal, cuts: list[Decimal]) -> int:
    """Two pieces for every cut below a value, and one when it lies on a cut."""
    return 2 * sum(cut < value for cut in cuts) + (value in cuts)


ENDS = st.one_of(st.none(), st.integers(-12, 12))
CUTS = st.lists(st.integers(-20, 20).map(lambda half: Decimal(half) / 2), max_size=5)


@given(ends=st.tuples(ENDS, ENDS), cuts=CUTS)
def test_pieces_of_whole_numbers_are_alive_exactly_where_a_value_of_the_fact_lies(
    ends: tuple[int | None, int | None], cuts: list[Decimal]
) -> None:
    least, most = sorted(ends) if None not in ends else ends
    axis = axis_of(number(least, most), [read_cell(str(cut)) for cut in cuts])
    cuts = sorted(set(cuts))
    values = range(-FAR if least is None else least, (FAR if most is None else most) + 1)

    assert axis.full == (1 << (2 * len(cuts) + 1)) - 1
    assert set(bits(axis.alive)) == {piece_of(Decimal(value), cuts) for value in values}
    for piece in bits(axis.alive):
        sample = axis.sample(piece)
        assert sample in values
        assert piece_of(Decimal(sample), cuts) == piece


@pytest.mark.parametrize(
    ("fact", "cut", "samples"),
    [
        (number(0, 9), "5", [0, 5, 6]),
        (number(0, 9), "4.5", [0, 5]),
        (number(0, 9), "9", [0, 9]),
        (number(0, 9), "12", [0]),
        (number(0), "5", [0, 5, 6]),
        (number(7), "5", [7]),
        (number(most=100), "150", [100]),
        (number(most=100), "20", [19, 20, 21]),
        (number(), "2", [1, 2, 3]),
        (number(most=-5), "", [-5]),
        (number(3), "", [3]),
        (number(), "", [0]),
    ],
)
def test_the_sample_of_a_piece_is_its_lowest_number_or_its_highest_where_there_is_no_lowest(
    fact: Fact, cut: str, samples: list[int]
) -> None:
    axis = axis_of(fact, [read_cell(cut)])

    assert [axis.sample(piece) for piece in bits(axis.alive)] == samples


CELLS = {
    number(-4, 4): [
        "", "1", "< 1", "<= 1", "> 1", ">= 1", "!= 1", "[-1..2]", "(-1..2)", "[-1..2)", "(-1..2]", "not in [-1..2]",
        "> -2 and < 3", "1, 2", "< 1 or > 2.5", "not ($ > 1)", "9", "< 9", "> 9", "in [0, 3]",
    ],
    COLOUR: ["", "'red'", "!= 'red'", "'red', 'blue'", "in ['green']", "not in ['green', 'red']", "!= 'red' and != 'blue'"],
    NAME: ["", "'red'", "!= 'red'", "'red', 'blue'", "not in ['green']"],
    URGENT: ["", "true", "false", "not true", "!= true", "true, false"],
}  # fmt: skip


@pytest.mark.parametrize("fact", CELLS, ids=lambda fact: fact.name)
def test_a_condition_holds_in_the_pieces_whose_values_fulfil_it(fact: Fact) -> None:
    conditions = [read_cell(cell) for cell in CELLS[fact]]
    axis = axis_of(fact, conditions)

    for cell, condition in zip(CELLS[fact], conditions, strict=True):
        holds = axis.holds(condition)
        for piece in bits(axis.alive):
            sample = axis.sample(piece)
            value = Decimal(sample) if type(sample) is int else sample
            assert bool(holds >> piece & 1) == meaning(condition, value), (cell, sample)
        assert holds & ~axis.full == 0, cell


def test_the_values_of_a_column_that_is_no_number() -> None:
    def values(fact: Fact, *cells: str) -> list[object]:
        axis = axis_of(fact, [read_cell(cell) for cell in cells])
        assert axis.full == axis.alive
        return [axis.sample(piece) for piece in bits(axis.full)]

    assert values(URGENT, "true") == [False, True]
    assert values(COLOUR, "'red'") == ["red", "green", "blue"]
    assert values(NAME, "'b'", "'a', 'b'") == ["a", "b", OTHER]


@pytest.mark.parametrize(
    ("fact", "cell", "why"),
    [
        (number(), "'5'", "'5' is not a number"),
        (number(), "> 1 and != true", "true is not a number"),
        (COLOUR, "5", "5 is not a text"),
        (COLOUR, "false", "false is not a text"),
        (COLOUR, "not in ['red', 'purple']", "'purple' is none of red, green, blue"),
        (URGENT, "1", "1 is not true or false"),
        (URGENT, "'yes'", "'yes' is not true or false"),
        (COLOUR, "> 'red'", "> needs a number"),
        (NAME, "'blue' or < 'red'", "< needs a number"),
        (URGENT, "not ($ <= true)", "<= needs a number"),
    ],
)
def test_a_constant_that_the_fact_cannot_have_is_named(fact: Fact, cell: str, why: str) -> None:
    with pytest.raises(WrongType) as wrong:
        check_type(fact, read_cell(cell))
    assert str(wrong.value) == why


@pytest.mark.parametrize(
    ("fact", "cell"), [(number(0, 9), "[5..99]"), (COLOUR, "'red', 'blue'"), (NAME, "'purple'"), (URGENT, "not true")]
)
def test_a_constant_that_the_fact_can_have_passes(fact: Fact, cell: str) -> None:
    check_type(fact, read_cell(cell))


def test_every_comparison_of_a_condition_is_found() -> None:
    cells = ("> 1 and < 2", "3, [4..5]", "not in [6, 7]")

    found = [f"{compare.sign} {compare.value}" for cell in cells for compare in comparisons(read_cell(cell))]

    assert found == ["> 1", "< 2", "== 3", ">= 4", "<= 5", "== 6", "== 7"]


def test_bits_are_counted_from_the_lowest() -> None:
    assert list(bits(0b10110)) == [1, 2, 4]
    assert list(bits(0)) == []
