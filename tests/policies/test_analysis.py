"""Findings of decision tables against brute force: every small table is also asked case by case (R-8.2)."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import analysis_search
from policies.analysis import Finding, analyze
from policies.content import seed_policy
from policies.evaluate import NoRuleMatched, first_match
from policies.facts import Fact, facts_of
from policies.table import Row, Table

NUMBER = Fact(name="amount", title="Amount", type="whole", least=0, most=9)
COLOUR = Fact(name="colour", title="Colour", type="text", values=("red", "green", "blue"))
URGENT = Fact(name="urgent", title="Urgent", type="truth")
FACTS = (NUMBER, COLOUR, URGENT)
CASES = [
    {"amount": amount, "colour": colour, "urgent": urgent}
    for amount, colour, urgent in itertools.product(range(10), COLOUR.values, (False, True))
]


def table(*rows: tuple[Mapping[str, str], int], facts: Sequence[Fact] = FACTS) -> Table:
    """A table with rows r1, r2 ... of conditions and a tier."""
    return Table(
        columns=tuple(fact.name for fact in facts),
        rows=tuple(Row(id=f"r{n}", when=when, then={"tier": tier}) for n, (when, tier) in enumerate(rows, 1)),
    )


def found(given: Table, facts: Sequence[Fact] = FACTS) -> list[Finding]:
    return analyze("t", given, facts, "nobody is asked")


def only(findings: Sequence[Finding], kind: str) -> Finding:
    (one,) = [finding for finding in findings if finding.kind == kind]
    return one


def decider(given: Table, case: Mapping[str, Any]) -> str | None:
    try:
        return first_match(given, case).id
    except NoRuleMatched:
        return None


def holds(row: Row, case: Mapping[str, Any]) -> bool:
    return decider(Table(columns=tuple(case), rows=(row,)), case) is not None


NUMBERS = st.one_of(
    st.just(""),
    st.builds("{} {}".format, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), st.integers(-1, 10)),
    st.builds("{}, {}".format, st.integers(0, 9), st.integers(0, 9)),
    st.builds("> {} and < {}".format, st.integers(0, 9), st.integers(0, 9)),
    st.builds("< {} or >= {}.5".format, st.integers(0, 9), st.integers(0, 9)),
    st.builds("not ($ > {}) and $ != {}".format, st.integers(0, 9), st.integers(0, 9)),
    st.builds(
        lambda low, high, left, right: f"{left}{min(low, high)}..{max(low, high)}{right}",
        st.integers(0, 9), st.integers(0, 9), st.sampled_from("[("), st.sampled_from("])"),
    ),
)  # fmt: skip
COLOURS = st.sampled_from(["", "'red'", "'red', 'blue'", "!= 'red'", "not in ['red', 'green']", "in ['green']"])
TRUTHS = st.sampled_from(["", "true", "false", "not true", "true, false"])
ROWS = st.tuples(
    st.fixed_dictionaries({"amount": NUMBERS, "colour": COLOURS, "urgent": TRUTHS}), st.integers(0, 2)
)  # fmt: skip


@settings(max_examples=150)
@given(rows=st.lists(ROWS, min_size=1, max_size=6))
def test_findings_agree_with_asking_every_case(rows: list[tuple[dict[str, str], int]]) -> None:
    given = table(*rows)
    deciders = {tuple(case.values()): decider(given, case) for case in CASES}
    findings = found(given)

    never = {finding.row for finding in findings if finding.kind in ("unreachable", "never_holds")}
    assert never == {row.id for row in given.rows} - set(deciders.values())
    gaps = [finding for finding in findings if finding.kind == "gap"]
    assert bool(gaps) == (None in deciders.values())
    for gap in gaps:
        assert deciders[tuple(gap.example.values())] is None
    for finding in findings:
        if finding.kind in ("overlap", "exception"):
            mine = next(row for row in given.rows if row.id == finding.row)
            other = next(row for row in given.rows if row.id == finding.others[0])
            assert holds(mine, finding.example)
            assert holds(other, finding.example)


def test_a_gap_names_a_case_and_its_consequence() -> None:
    gap = only(found(table(({"amount": "< 5"}, 1), ({"colour": "'red'"}, 2))), "gap")

    assert (gap.severity, gap.row) == ("warning", None)
    assert gap.message == "No row decides, for example, amount 5, colour green: nobody is asked."
    assert gap.example == {"amount": 5, "colour": "green", "urgent": False}


def test_a_row_that_never_decides_is_an_error_that_names_who_does() -> None:
    unreachable = only(
        found(table(({"amount": "< 5"}, 1), ({"amount": ">= 5"}, 1), ({"amount": "[3..7]"}, 2))), "unreachable"
    )

    assert (unreachable.severity, unreachable.row, unreachable.others) == ("error", "r3", ("r1", "r2"))
    assert holds(Row(id="r3", when={"amount": "[3..7]"}, then={}), unreachable.example)


@pytest.mark.parametrize("cell", ["> 9", "< 0", "> 3 and < 4", "(3..4)", "not in [0..9]"])
def test_a_condition_that_nothing_fulfils_is_an_error_at_its_cell(cell: str) -> None:
    never = only(found(table(({"amount": cell}, 1), ({}, 2))), "never_holds")

    assert (never.severity, never.row, never.column) == ("error", "r1", "amount")


def test_rows_that_cross_with_other_outcomes_are_a_warning_and_with_the_same_one_a_note() -> None:
    differing = only(found(table(({"amount": "< 5"}, 1), ({"colour": "'red'"}, 2), ({}, 3))), "overlap")
    agreeing = only(found(table(({"amount": "< 5"}, 1), ({"colour": "'red'"}, 1), ({}, 3))), "overlap")

    assert (differing.severity, differing.row, differing.others) == ("warning", "r2", ("r1",))
    assert agreeing.severity == "information"


def test_a_general_row_behind_its_exceptions_is_only_a_note() -> None:
    findings = found(table(({"amount": "< 5"}, 1), ({}, 2)))

    assert [(finding.kind, finding.severity) for finding in findings] == [("exception", "information")]


@pytest.mark.parametrize(
    "cell", ["$ + 1 > 3", "len($) > 1", "[1..a]", "> 12345678901234567890", "'a", "> 1 > 2", "not 3"]
)
def test_a_cell_that_cannot_be_analyzed_is_reported_and_not_assumed_to_hold_or_to_fail(cell: str) -> None:
    findings = found(table(({"amount": cell}, 1), ({"amount": "< 5"}, 2)))

    assert only(findings, "not_analyzable").column == "amount"
    assert "unless r1 does" in only(findings, "gap").message
    assert not [finding for finding in findings if finding.kind in ("unreachable", "overlap", "exception")]


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("amount", "'many'", "is not a number"),
        ("amount", "true", "is not a number"),
        ("colour", "5", "is not a text"),
        ("colour", "'purple'", "none of red, green, blue"),
        ("urgent", "'yes'", "is not true or false"),
    ],
)
def test_a_constant_that_the_column_cannot_have_is_an_error_at_its_cell(column: str, cell: str, words: str) -> None:
    wrong = only(found(table(({column: cell}, 1), ({}, 2))), "wrong_type")

    assert (wrong.severity, wrong.row, wrong.column) == ("error", "r1", column)
    assert words in wrong.message


def test_a_text_without_listed_values_leaves_room_for_any_other() -> None:
    name = Fact(name="name", title="Name", type="text")

    gap = only(found(table(({"name": "'a', 'b'"}, 1), facts=[name]), [name]), "gap")

    assert gap.example == {"name": "anything else"}


def test_gaps_are_named_as_regions_and_ten_at_most() -> None:
    alternating = [({"amount": str(amount)}, 1) for amount in (1, 3, 5, 7)]
    diagonal = [({"amount": f"!= {amount}", "colour": ""}, 1) for amount in range(1)]
    stairs = [({"amount": f"< {amount}", "colour": f"'{colour}'"}, 1) for amount, colour in ((2, "red"), (5, "green"))]

    for rows, regions in ((alternating, 1), (diagonal, 1), (stairs, 3)):
        assert len([finding for finding in found(table(*rows)) if finding.kind == "gap"]) == regions


def test_a_search_that_grows_too_long_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis_search, "STEPS", 1)

    assert {finding.kind for finding in found(table(({"amount": "< 5"}, 1), ({"colour": "'red'"}, 2)))} >= {"undecided"}


@pytest.mark.parametrize("name", ["tier", "stages"])
def test_the_shipped_tables_have_no_fault(name: str) -> None:
    findings = analyze(name, getattr(seed_policy(), name), facts_of(name), "the strictest tier applies")

    assert {finding.severity for finding in findings} <= {"information", "warning"}
