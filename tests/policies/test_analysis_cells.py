"""What the analysis reads in a cell: the same as the evaluation does, and what it cannot read it says (R-8.2)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.analysis_cells import Compare, Condition, Every, Not, NotAnalyzable, Some, comparisons, read_cell
from policies.evaluate import cell_holds
from policies.facts import Value
from policies.table import Row

ONE, TWO, THREE = Decimal(1), Decimal(2), Decimal(3)


def equal(value: Value) -> Compare:
    return Compare("==", value)


def between(above: str, low: Value, below: str, high: Value) -> Every:
    return Every((Compare(above, low), Compare(below, high)))


READ = {
    "": Every(()),
    "  ": Every(()),
    "3": equal(THREE),
    "-3": equal(-THREE),
    "2.5": equal(Decimal("2.5")),
    "'red'": equal("red"),
    '"red"': equal("red"),
    "'true'": equal("true"),
    "true": equal(True),
    "false": equal(False),
    "< 3": Compare("<", THREE),
    "<= 3": Compare("<=", THREE),
    ">3": Compare(">", THREE),
    ">= 3": Compare(">=", THREE),
    "== 3": Compare("==", THREE),
    "!= 3": Compare("!=", THREE),
    "!= 'red'": Compare("!=", "red"),
    "not true": equal(False),
    "not false": equal(True),
    "1, 2, 3": Some((equal(ONE), equal(TWO), equal(THREE))),
    "< 1 or > 2 or 3": Some((Compare("<", ONE), Compare(">", TWO), equal(THREE))),
    "> 1 and < 3 and != 2": Every((Compare(">", ONE), Compare("<", THREE), Compare("!=", TWO))),
    "1, 2 or 3": Some((equal(ONE), equal(TWO), equal(THREE))),
    "[1..3]": between(">=", ONE, "<=", THREE),
    "(1..3]": between(">", ONE, "<=", THREE),
    "[1..3)": between(">=", ONE, "<", THREE),
    "(1..3)": between(">", ONE, "<", THREE),
    "[-3..-3]": between(">=", -THREE, "<=", -THREE),
    "in [1..3]": between(">=", ONE, "<=", THREE),
    "in (1..3)": between(">", ONE, "<", THREE),
    "not in (1..3]": Not(between(">", ONE, "<=", THREE)),
    "in ['red']": Some((equal("red"),)),
    "in [1, 2, 3]": Some((equal(ONE), equal(TWO), equal(THREE))),
    "not in [1, 2]": Not(Some((equal(ONE), equal(TWO)))),
    "in [1, 3] or in (2..3]": Some((Some((equal(ONE), equal(THREE))), between(">", TWO, "<=", THREE))),
    "$ > 1": Compare(">", ONE),
    "$ == 'red'": equal("red"),
    "$ in [1, 2]": Some((equal(ONE), equal(TWO))),
    "$ not in [1..2]": Not(between(">=", ONE, "<=", TWO)),
    "$ > 1 and $ < 3": Every((Compare(">", ONE), Compare("<", THREE))),
    "($ > 1) and $ != 3": Every((Compare(">", ONE), Compare("!=", THREE))),
    "not ($ > 1)": Not(Compare(">", ONE)),
    "not (not ($ > 1)) or $ in [1]": Some((Not(Not(Compare(">", ONE))), Some((equal(ONE),)))),
    "not ($ not in [1, 2])": Not(Not(Some((equal(ONE), equal(TWO))))),
    "123456789012.345": equal(Decimal("123456789012.345")),
}  # fmt: skip


@pytest.mark.parametrize("cell", READ)
def test_a_cell_is_read_as_what_it_says(cell: str) -> None:
    assert read_cell(cell) == READ[cell]


def meaning(condition: Condition, value: Value) -> bool:
    """Whether a condition holds for a value, from the definition of each."""
    match condition:
        case Compare(sign=sign, value=wanted):
            return bool(eval(f"value {sign} wanted", {"value": value, "wanted": wanted}))
        case Every(parts=parts):
            return all(meaning(part, value) for part in parts)
        case Some(parts=parts):
            return any(meaning(part, value) for part in parts)
    return not meaning(condition.part, value)


def values_for(condition: Condition) -> tuple[Value, ...]:
    kinds = {type(compare.value) for compare in comparisons(condition)}
    if str in kinds:
        return ("red", "green", "true")
    return (True, False) if bool in kinds else tuple(Decimal(number) / 2 for number in range(-8, 10))


def same_everywhere(cell: str, condition: Condition) -> None:
    """The evaluation of a cell says of every value what a condition means."""
    row = Row(id="one", when={"column": cell}, then={})
    for value in values_for(condition):
        plain = float(value) if isinstance(value, Decimal) else value
        assert cell_holds(row, "column", plain) == meaning(condition, value), (cell, value)


@pytest.mark.parametrize("cell", READ)
def test_what_is_read_holds_exactly_where_the_evaluation_says_so(cell: str) -> None:
    same_everywhere(cell, READ[cell])


PARTS = st.sampled_from(["1", "2.5", "> 1", "<= 2", "!= 3", "[0..2)", "in [1, 3]", "not in (1..3]"])
NAMED_PARTS = st.sampled_from(
    ["$ > 1", "$ == 2", "($ < 3)", "not ($ > 2)", "not (not ($ in [1, 3]))", "$ not in [1..2]"]
)


@given(
    st.one_of(
        st.tuples(st.lists(PARTS, min_size=1, max_size=4), st.lists(st.sampled_from([" and ", " or ", ", "]), min_size=3, max_size=3)),
        st.tuples(st.lists(NAMED_PARTS, min_size=1, max_size=4), st.lists(st.sampled_from([" and ", " or "]), min_size=3, max_size=3)),
    )
)  # fmt: skip
def test_however_parts_are_joined_what_is_read_is_what_is_evaluated(drawn: tuple[list[str], list[str]]) -> None:
    """The evaluation does not let `and` bind closer than `or`; such cells are not read."""
    parts, joints = drawn
    cell = "".join(part for pair in zip(parts, ["", *joints], strict=False) for part in reversed(pair))
    used = {joint.strip() for joint in joints[: len(parts) - 1]}

    try:
        condition = read_cell(cell)
    except NotAnalyzable:
        assert "and" in used
        assert len(used) > 1
    else:
        same_everywhere(cell, condition)


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("$ + 1 > 3", "'+ 1 > 3' is not read"),
        ("len($) > 1", "'len' is not read here"),
        ("> 1 ; 2", "'; 2' is not read"),
        ("'a", "\"'a\" is not read"),
        ("'a\\'b'", "\"'a\\\\'b'\" is not read"),
        ("12345678901234567890", "12345678901234567890 has more than 15 digits"),
        ("-1234567890123.456", "-1234567890123.456 has more than 15 digits"),
        ("[0..1234567890123456]", "1234567890123456 has more than 15 digits"),
        ("> 1 > 2", "'>' is not read here"),
        ("1 2", "'2' is not read here"),
        (">", "'the end of the cell' is no constant"),
        ("1,", "'the end of the cell' is no constant"),
        ("> 1 and", "'the end of the cell' is no constant"),
        ("> <", "'<' is no constant"),
        ("red", "'red' is no constant"),
        ("[1..a]", "'a' is no constant"),
        ("[1..'a']", "'a' is no number"),
        ("(true..2)", "True is no number"),
        ("[3..1]", "the range from 3 to 1 is empty"),
        ("[1..2", "'the end of the cell' is not read here"),
        ("(1, 2)", "',' is not read here"),
        ("in 1", "'1' is not read here"),
        ("in [1, 2", "'the end of the cell' is not read here"),
        ("in [1 2]", "'2' is not read here"),
        ("in [1, ..2]", "'..' is no constant"),
        ("[1, 2]", "',' is not read here"),
        ("in []", "']' is no constant"),
        ("not 3", "`not` stands before true, false, `in`, or a condition on $ in brackets"),
        ("not > 3", "'>' is no constant"),
        ("not (1..2)", "'(' is no constant"),
        ("$", "$ before 'the end of the cell' is not read"),
        ("$ true", "$ before 'true' is not read"),
        ("$ > 1 or 3", "'3' is not read here"),
        ("$ > 1, $ < 3", "',' is not read here"),
        ("not $ > 1", "'$' is not read here"),
        ("not ($ > 1", "'the end of the cell' is not read here"),
        ("($ > 1", "'the end of the cell' is not read here"),
        ("not ($ > 1 and $ < 3)", "'and' is not read here"),
        ("$ > $", "'$' is no constant"),
        ("> 9 or > 1 and < 3", "`and` stands beside `or` or a comma"),
        ("> 1 and < 3 or 9", "`and` stands beside `or` or a comma"),
        ("2, > 0 and < 9", "`and` stands beside `or` or a comma"),
        ("$ > 9 or $ > 1 and $ < 3", "`and` stands beside `or` or a comma"),
    ],
)  # fmt: skip
def test_a_cell_that_is_not_read_says_at_what(cell: str, why: str) -> None:
    with pytest.raises(NotAnalyzable) as refused:
        read_cell(cell)
    assert str(refused.value) == why
