"""Evaluation of a table beside a plain statement of it: the same row, or the same refusal in the same place (R-3.3)."""

from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

import policies.evaluate
from domain.errors import Invalid
from policies.evaluate import NoRuleMatched, cell_holds, check_table, every_match, first_match
from policies.table import Row, Table

COLUMNS = ("a", "b", "c")
GOOD = ("", "> 2", "<= 2", "[1..3]", "1, 3")
UNREADABLE, BREAKING, FORBIDDEN = "((", "$.x.y > 5", "rand(5) > 1"
CASES = st.dictionaries(st.sampled_from(COLUMNS), st.integers(0, 4) | st.just({"x": 1}), min_size=2)
WHENS = st.dictionaries(st.sampled_from(COLUMNS), st.sampled_from((*GOOD * 3, UNREADABLE, BREAKING, FORBIDDEN)))


def table(*whens: Mapping[str, str]) -> Table:
    rows = (Row(id=f"r{number}", when=when, then={}) for number, when in enumerate(whens))
    return Table(columns=COLUMNS, rows=tuple(rows))


def told(error: Invalid) -> tuple[str, ...]:
    """Its first line: with RUST_BACKTRACE set, the engine adds a stack trace."""
    return error.code, error.detail.partition("\n")[0], error.facts["row"], error.facts["column"]


def outcome(found: Table, facts: Mapping[str, object]) -> tuple[str, ...]:
    """The ids of the rows that hold, or what is told of the first cell that fails."""
    try:
        return tuple(row.id for row in every_match(found, facts))
    except NoRuleMatched:
        return ()
    except Invalid as error:
        return told(error)


def first(found: Table, facts: Mapping[str, object]) -> tuple[str, ...]:
    try:
        return (first_match(found, facts).id,)
    except NoRuleMatched:
        return ()
    except Invalid as error:
        return told(error)


def plainly(rows: tuple[Row, ...], facts: Mapping[str, object]) -> tuple[str, ...]:
    """The same, one cell after the other."""
    held: list[str] = []
    for row in rows:
        holds = True
        for column in row.when:
            if column not in facts:
                return "bad_rule", f"Row {row.id}: no fact for column {column!r}.", row.id, column
            try:
                holds = cell_holds(row, column, facts[column])
            except Invalid as error:
                return told(error)
            if not holds:
                break
        if holds:
            held.append(row.id)
    return tuple(held)


@given(st.lists(WHENS, min_size=1, max_size=6), st.lists(CASES, min_size=1, max_size=3))
def test_rows_hold_and_cells_fail_as_if_they_were_read_one_after_the_other(
    whens: list[dict[str, str]], cases: list[dict[str, object]]
) -> None:
    found = table(*whens)

    for facts in cases:
        assert outcome(found, facts) == plainly(found.rows, facts)
        # What follows the first row that holds is not asked, so that it cannot fail.
        until = next((n for n in range(len(whens)) if plainly(found.rows[: n + 1], facts)), len(whens) - 1)
        assert first(found, facts) == plainly(found.rows[: until + 1], facts)


def test_a_failing_cell_is_told_where_it_is_met_first() -> None:
    found = table({"a": "> 9", "b": UNREADABLE}, {"c": "1", "b": UNREADABLE}, {"b": UNREADABLE})

    code, detail, row, column = first(found, {"a": 1, "b": 1, "c": 1})

    assert (code, row, column) == ("bad_rule", "r1", "b")
    assert detail.startswith("Row r1, column b: '((': ")


def test_a_cell_that_cannot_be_read_is_told_when_its_table_is_checked() -> None:
    with pytest.raises(Invalid) as caught:
        check_table(table({"a": "> 1"}, {"a": "> 2", "b": UNREADABLE}))

    assert caught.value.detail.startswith("Row r1, column b: '((': ")


def test_a_table_that_is_equal_or_was_made_of_another_answers_for_itself() -> None:
    low = table({"a": "<= 2"}, {})
    high = low.model_copy(update={"rows": table({"a": "> 2"}, {}).rows})

    assert [first(found, {"a": 1}) for found in (low, high, low, table({"a": "<= 2"}, {}))] == [
        ("r0",), ("r1",), ("r0",), ("r0",),
    ]  # fmt: skip


def test_a_table_is_compiled_once_and_a_case_asks_each_cell_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled, asked = Counter[str](), Counter[str]()

    def compile_counted(condition: str) -> object:
        compiled[condition] += 1
        return lambda question: asked.update([f"{condition} {question['$']}"]) or question["$"] > 1

    monkeypatch.setattr(policies.evaluate, "_compile", compile_counted)
    found = table({"a": "x", "b": "y"}, {"a": "x", "c": "y"}, {"a": "x"})

    assert first(found, {"a": 2, "b": 1, "c": 0}) == ("r2",)
    assert asked == {"x 2": 1, "y 1": 1, "y 0": 1}
    assert first(found, {"a": 3, "b": 1, "c": 3}) == ("r1",)
    assert compiled == {"x": 1, "y": 2}


@pytest.mark.parametrize(
    ("condition", "value", "told"),
    [
        ("> 5 +", 1, "Row one, column amount: '> 5 +': Expected a literal at (5, 5)."),
        ("> 5", "x", "Row one, column amount: Opcode Compare: Unsupported type."),
        ("now() > 5", 1, "Row one, column amount: 'now() > 5': clock and chance have no place in a rule."),
    ],
)
def test_people_are_told_what_is_wrong_and_not_where_the_evaluator_stood(
    condition: str, value: object, told: str
) -> None:
    table = Table(columns=("amount",), rows=(Row(id="one", when={"amount": condition}, then={}),))
    with pytest.raises(Invalid) as refusal:
        first_match(table, {"amount": value})
    assert refusal.value.detail == told
