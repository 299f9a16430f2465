"""Each finding whole: what it says, of which row, how severe it is, and the case that shows it (R-8.2)."""

from collections.abc import Mapping
from typing import Any

import pytest

from policies import analysis_search
from policies.analysis import Finding, analyze
from policies.facts import Fact
from policies.table import Row
from tests.policies.test_analysis import FACTS, found, table

Rows = list[tuple[Mapping[str, str], int]]
EVERY_AMOUNT: Rows = [({"amount": str(amount)}, 1) for amount in range(10)]
TWELVE: Rows = [({"amount": f"{n}", "colour": colour}, 1) for n in range(6) for colour in ("'red'", "'blue'")]
TEN_NAMED = tuple(f"r{number}" for number in range(1, 11))


def finding(kind: str, severity: Any, row: str | None, message: str, *case: object, **fields: Any) -> Finding:
    """A finding in the table `t` with the case (amount, colour, urgent) that shows it."""
    example = {fact.name: value for fact, value in zip(FACTS, case, strict=True)} if case else {}
    return Finding(kind=kind, severity=severity, table="t", row=row, message=message, example=example, **fields)


WHOLE: Mapping[str, tuple[Rows, list[Finding]]] = {
    "gaps": (
        [({"amount": "< 5", "colour": "'red', 'blue'"}, 1), ({"amount": ">= 7"}, 2)],
        [
            finding("gap", "warning", None, "No row decides, for example, amount 5: nobody is asked.", 5, "red", False),
            finding("gap", "warning", None, "No row decides, for example, amount 0, colour green: nobody is asked.", 0, "green", False),
        ],
    ),
    "unreachable": (
        [({"amount": "< 5"}, 1), ({"amount": ">= 5"}, 1), ({"amount": "[3..7]", "colour": "'green'"}, 2)],
        [finding("unreachable", "error", "r3", "This row never decides: every case that it describes is decided by r1, r2 before.", 3, "green", False, others=("r1", "r2"))],
    ),
    "unreachable behind many": (
        [*EVERY_AMOUNT, ({"urgent": "true"}, 2), ({}, 3)],
        [
            finding("unreachable", "error", "r11", "This row never decides: every case that it describes is decided by r1, r2, r3 and 7 more before.", 0, "red", True, others=TEN_NAMED),
            finding("unreachable", "error", "r12", "This row never decides: every case that it describes is decided by r1, r2, r3 and 8 more before.", 0, "red", False, others=TEN_NAMED),
        ],
    ),
    "unreachable although a cell is not read": (
        [({"amount": ">= 3", "colour": "!= 'red'"}, 1), ({"amount": "$ + 1 > 3", "colour": "'blue'"}, 1), ({"amount": "< 3"}, 1), ({"amount": "$ + 1 > 4", "colour": "'green'"}, 1), ({}, 2)],
        [
            finding("not_analyzable", "warning", "r2", "This cell cannot be analyzed: '+ 1 > 3' is not read.", column="amount"),
            finding("not_analyzable", "warning", "r4", "This cell cannot be analyzed: '+ 1 > 4' is not read.", column="amount"),
            finding("unreachable", "error", "r4", "This row never decides: every case that it describes is decided by r1, r3 before.", 0, "green", False, others=("r1", "r3")),
            finding("exception", "information", "r5", "This row is the general rule behind r1, r3; the upper row decides.", 3, "green", False, others=("r1", "r3")),
        ],
    ),
    "exceptions and overlaps": (
        [({"amount": "1", "colour": "'blue'"}, 1), ({"amount": "> 5"}, 1), ({"amount": "3", "urgent": "true"}, 2), ({"amount": "> 4", "urgent": "true"}, 2), ({"colour": "'green', 'blue'"}, 2), ({}, 3)],
        [
            finding("overlap", "warning", "r4", "This row would decide otherwise in cases that it shares with r2; the upper row decides.", 6, "red", True, others=("r2",)),
            finding("exception", "information", "r5", "This row is the general rule behind r1; the upper row decides.", 1, "blue", False, others=("r1",)),
            finding("overlap", "warning", "r5", "This row would decide otherwise in cases that it shares with r2; the upper row decides.", 6, "green", False, others=("r2",)),
            finding("exception", "information", "r6", "This row is the general rule behind r1, r2, r3 and 2 more; the upper row decides.", 1, "blue", False, others=("r1", "r2", "r3", "r4", "r5")),
        ],
    ),
    "rows that cross and agree": (
        [({"amount": "< 5"}, 1), ({"amount": "> 7"}, 1), ({"amount": "5"}, 1), ({"colour": "'red'", "amount": "> 3"}, 1), ({}, 1)],
        [
            finding("overlap", "information", "r4", "This row shares cases with r1, r2, r3; the upper row decides.", 4, "red", False, others=("r1", "r2", "r3")),
            finding("exception", "information", "r5", "This row is the general rule behind r1, r2, r3 and 1 more; the upper row decides.", 0, "red", False, others=("r1", "r2", "r3", "r4")),
        ],
    ),
    "the general rule behind more than ten": (
        [*TWELVE, ({}, 2)],
        [finding("exception", "information", "r13", "This row is the general rule behind r1, r2, r3 and 9 more; the upper row decides.", 0, "red", False, others=TEN_NAMED)],
    ),
    "wrong cells": (
        [({"amount": "'many'"}, 1), ({"colour": "'purple'"}, 1), ({"amount": "> 20", "colour": "'green'"}, 1), ({"urgent": "true"}, 1)],
        [
            finding("wrong_type", "error", "r1", "'many' is not a number.", column="amount"),
            finding("wrong_type", "error", "r2", "'purple' is none of red, green, blue.", column="colour"),
            finding("never_holds", "error", "r3", "No amount fulfils this condition, so the row never decides.", column="amount"),
            finding("gap", "warning", None, "No row decides, for example, urgent False, unless r1, r2 does, which cannot be analyzed: nobody is asked.", 0, "red", False, others=("r1", "r2")),
        ],
    ),
    "unreachable beside a constant that no amount can be": (
        [({"amount": ">= -3"}, 1), ({"amount": "< 4"}, 1)],
        [finding("unreachable", "error", "r2", "This row never decides: every case that it describes is decided by r1 before.", 0, "red", False, others=("r1",))],
    ),
    "nothing more of a row with a wrong cell": (
        [({}, 1), ({"amount": "'many'", "urgent": "true"}, 1)],
        [finding("wrong_type", "error", "r2", "'many' is not a number.", column="amount")],
    ),
    "words in an order": (
        [({"colour": "> 'green'"}, 1), ({}, 2)],
        [finding("wrong_type", "error", "r1", "> needs a number.", column="colour")],
    ),
    "no row that is read": (
        [({"amount": f"$ + 1 > {number}"}, 1) for number in range(11)],
        [
            *(finding("not_analyzable", "warning", f"r{number + 1}", f"This cell cannot be analyzed: '+ 1 > {number}' is not read.", column="amount") for number in range(11)),
            finding("gap", "warning", None, "No row decides, for example, any case, unless r1, r2, r3 and 8 more does, which cannot be analyzed: nobody is asked.", 0, "red", False, others=TEN_NAMED),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_a_finding_says_everything_about_itself(name: str) -> None:
    rows, expected = WHOLE[name]

    assert found(table(*rows)) == expected


def test_a_search_that_grows_too_long_says_what_it_could_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis_search, "STEPS", 1)
    rest = "; split the table or use fewer conditions in a row."

    assert found(table(({"amount": "< 5"}, 1), ({"amount": "< 7", "colour": "'red'"}, 1))) == [
        finding("undecided", "warning", "r2", f"The rows are too intertwined to say whether this row ever decides{rest}"),
        finding("undecided", "warning", None, f"The rows are too intertwined to say whether there is a gap{rest}"),
    ]  # fmt: skip


def test_what_earlier_rows_decide_as_far_as_the_row_goes_needs_no_long_search() -> None:
    """Sixteen facts that nobody combines: any two of the earlier rows decide all cases of the last one."""
    flags = [Fact(name=f"flag{number}", title=f"Flag {number}", type="truth") for number in range(16)]
    facts = [*flags, FACTS[0]]
    rows: Rows = [({"amount": "< 5", flag.name: truth}, 1) for flag in flags for truth in ("true", "false")]
    given = table(*rows, ({"amount": "< 3"}, 2), ({}, 3), facts=facts)

    findings = [(one.kind, one.row) for one in found(given, facts) if one.row in ("r33", "r34") or one.row is None]

    assert findings == [("unreachable", "r33"), ("exception", "r34")]


def test_ten_gaps_are_named_at_most() -> None:
    """Every case decides but those in which both amounts are the same: twelve gaps of one case each."""
    one, other = (Fact(name=name, title=name.title(), type="whole", least=1, most=12) for name in ("one", "other"))
    rows = table(*(({"one": str(n), "other": f"!= {n}"}, 1) for n in range(1, 13)), facts=[one, other])

    findings = analyze("t", rows, [one, other], "so be it", gap="error")

    assert {(gap.kind, gap.severity) for gap in findings} == {("gap", "error")}
    examples = [gap.example["one"] for gap in findings if gap.example["one"] == gap.example["other"]]
    assert len(set(examples)) == len(examples) == len(findings) == 10


def test_whether_an_overlap_matters_is_asked_of_the_upper_and_the_lower_row() -> None:
    def milder(upper: Row, lower: Row) -> bool:
        return bool(upper.then["tier"] < lower.then["tier"])

    def severity(upper: int, lower: int) -> str:
        rows = table(({"amount": "< 5"}, upper), ({"colour": "'red'"}, lower), ({}, 0))
        (overlap,) = [one for one in analyze("t", rows, FACTS, "so be it", matters=milder) if one.kind == "overlap"]
        return overlap.severity

    assert severity(1, 2) == "warning"
    assert severity(2, 1) == "information"
