"""What is found in decision tables, by example; `test_analysis_cases` asks small ones case by case (R-8.2)."""

from collections.abc import Mapping, Sequence

import pytest

from policies.analysis import Finding, analyze
from policies.content import seed_policy
from policies.facts import Fact, facts_of
from policies.table import Row, Table

NUMBER = Fact(name="amount", title="Amount", type="whole", least=0, most=9)
COLOUR = Fact(name="colour", title="Colour", type="text", values=("red", "green", "blue"))
URGENT = Fact(name="urgent", title="Urgent", type="truth")
FACTS = (NUMBER, COLOUR, URGENT)


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


@pytest.mark.parametrize("cell", ["> 9", "< 0", "> 3 and < 4", "(3..4)", "not in [0..9]"])
def test_a_condition_that_nothing_fulfils_is_an_error_at_its_cell(cell: str) -> None:
    never = only(found(table(({"amount": cell}, 1), ({}, 2))), "never_holds")

    assert (never.severity, never.row, never.column) == ("error", "r1", "amount")


@pytest.mark.parametrize(
    "cell", ["$ + 1 > 3", "len($) > 1", "[1..a]", "> 12345678901234567890", "'a", "> 1 > 2", "not 3"]
)
def test_a_cell_that_cannot_be_analyzed_is_reported_and_not_assumed_to_hold_or_to_fail(cell: str) -> None:
    findings = found(table(({"amount": cell}, 1), ({"amount": "< 5"}, 2)))

    assert only(findings, "not_analyzable").column == "amount"
    assert "unless r1 does" in only(findings, "gap").message
    assert not [finding for finding in findings if finding.kind in ("unreachable", "overlap", "exception")]


def test_a_text_without_listed_values_leaves_room_for_any_other() -> None:
    name = Fact(name="name", title="Name", type="text")

    gap = only(found(table(({"name": "'a', 'b'"}, 1), facts=[name]), [name]), "gap")

    assert gap.example == {"name": "anything else"}


def test_gaps_are_named_as_regions() -> None:
    alternating = [({"amount": str(amount)}, 1) for amount in (1, 3, 5, 7)]
    corner = [({"amount": "[3..6]", "colour": "!= 'red'"}, 1)]
    stairs = [({"amount": f"< {amount}", "colour": f"'{colour}'"}, 1) for amount, colour in ((2, "red"), (5, "green"))]

    for rows, regions in ((alternating, 1), (corner, 2), (stairs, 3)):
        assert len([finding for finding in found(table(*rows)) if finding.kind == "gap"]) == regions


@pytest.mark.parametrize("name", ["tier", "stages"])
def test_the_shipped_tables_have_no_fault(name: str) -> None:
    findings = analyze(name, getattr(seed_policy(), name), facts_of(name), "the strictest tier applies")

    assert {finding.severity for finding in findings} <= {"information", "warning"}
