"""Findings against brute force: every case of a small table is asked, and all that is found follows from it (R-8.2)."""

import itertools
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.analysis import Finding
from policies.evaluate import cell_holds
from policies.table import Row
from tests.policies.test_analysis import COLOUR, FACTS, found, table

UNREADABLE, WRONG = "$ + 1 > 3", "'many'"
VALUES: Mapping[str, tuple[Any, ...]] = {"amount": tuple(range(10)), "colour": COLOUR.values, "urgent": (False, True)}
CASES = frozenset(itertools.product(*VALUES.values()))

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
READABLE = st.fixed_dictionaries({"amount": NUMBERS, "colour": COLOURS, "urgent": TRUTHS})
DOUBTFUL = st.builds(lambda when, cell: {**when, "amount": cell}, READABLE, st.sampled_from([UNREADABLE, WRONG]))
TIERS = st.integers(0, 2)
FEW = st.lists(st.tuples(st.one_of(READABLE, READABLE, READABLE, DOUBTFUL), TIERS), min_size=1, max_size=6)
ALIKE = st.fixed_dictionaries({"amount": st.sampled_from(["< 5", ">= 5"]), "colour": COLOURS, "urgent": TRUTHS})
MANY = st.lists(st.tuples(ALIKE, TIERS), min_size=8, max_size=16)
"""More rows than cells that differ, as in real tables."""


class Asked(NamedTuple):
    """A row with the cases in which its readable cells hold, and the tier that it gives."""

    id: str
    cases: frozenset[tuple[Any, ...]]
    known: bool
    tier: int


@lru_cache
def fulfilling(column: str, cell: str, values: tuple[Any, ...]) -> frozenset[Any]:
    """The values for which a cell holds."""
    row = Row(id="one", when={column: cell}, then={})
    return frozenset(value for value in values if cell_holds(row, column, value))


def asked(row: Row) -> Asked:
    """A row after every case has been asked of its readable cells."""
    read = {column: cell for column, cell in row.when.items() if cell not in (UNREADABLE, WRONG)}
    holding = [fulfilling(fact.name, read.get(fact.name, ""), VALUES[fact.name]) for fact in FACTS]
    return Asked(row.id, frozenset(itertools.product(*holding)), len(read) == len(row.when), row.then["tier"])


class Expected(NamedTuple):
    """What a finding says, without its example and its sentence."""

    kind: str
    severity: str
    row: str | None
    column: str | None
    others: tuple[str, ...]


def expected(rows: tuple[Row, ...]) -> Iterator[Expected]:
    """Every finding that is none of a gap, from the definition of each."""
    for row in rows:
        if row.when["amount"] in (UNREADABLE, WRONG):
            wrong = row.when["amount"] == WRONG
            yield Expected(
                "wrong_type" if wrong else "not_analyzable", "error" if wrong else "warning", row.id, "amount", ()
            )
    seen = [asked(row) for row in rows]
    for number, (row, mine) in enumerate(zip(rows, seen, strict=True)):
        if row.when["amount"] == WRONG:
            continue
        if not mine.cases:
            yield Expected("never_holds", "error", row.id, never_fulfilled(row), ())
            continue
        before = [other for other in seen[:number] if other.known and other.cases & mine.cases]
        if mine.cases <= frozenset().union(*(other.cases for other in before)):
            yield Expected("unreachable", "error", row.id, None, tuple(other.id for other in before)[:10])
        elif mine.known:
            yield from crossing(mine, before)


def never_fulfilled(row: Row) -> str:
    """The column of a row whose cell holds for no value; only amounts can be such."""
    assert not fulfilling("amount", row.when["amount"], VALUES["amount"])
    return "amount"


def crossing(mine: Asked, before: list[Asked]) -> Iterator[Expected]:
    """Exceptions to a row, then the rows that cross it: those that decide otherwise, or else those that do not."""
    inside = [other.id for other in before if other.cases <= mine.cases]
    across = [other for other in before if not other.cases <= mine.cases]
    otherwise = [other.id for other in across if other.tier != mine.tier]
    if inside:
        yield Expected("exception", "information", mine.id, None, tuple(inside)[:10])
    if otherwise:
        yield Expected("overlap", "warning", mine.id, None, tuple(otherwise)[:10])
    elif across:
        yield Expected("overlap", "information", mine.id, None, tuple(other.id for other in across)[:10])


def said(finding: Finding) -> Expected:
    return Expected(finding.kind, finding.severity, finding.row, finding.column, finding.others)


def case_of(finding: Finding) -> tuple[Any, ...]:
    assert list(finding.example) == [fact.name for fact in FACTS]
    return tuple(finding.example.values())


@settings(max_examples=100)
@given(rows=st.one_of(FEW, MANY))
def test_findings_are_those_that_asking_every_case_gives(rows: list[tuple[Mapping[str, str], int]]) -> None:
    given = table(*rows)
    seen = {row.id: asked(row) for row in given.rows}
    findings = [finding for finding in found(given) if finding.kind != "gap"]

    assert [said(finding) for finding in findings] == list(expected(given.rows))
    for finding in findings:
        assert finding.table == "t"
        if finding.kind in ("exception", "overlap", "unreachable"):
            case = case_of(finding)
            assert case in seen[finding.row or ""].cases
            shared = [case in seen[other].cases for other in finding.others]
            assert any(shared) if finding.kind == "unreachable" else shared[0]


@settings(max_examples=100)
@given(rows=st.one_of(FEW, MANY))
def test_a_gap_is_a_case_that_no_readable_row_decides(rows: list[tuple[Mapping[str, str], int]]) -> None:
    given = table(*rows)
    seen = [asked(row) for row in given.rows]
    free = CASES.difference(*(row.cases for row in seen if row.known))
    gaps = [finding for finding in found(given) if finding.kind == "gap"]

    assert bool(gaps) == bool(free)
    assert len({case_of(gap) for gap in gaps}) == len(gaps) <= 10
    unknown = tuple(row.id for row in seen if not row.known)
    for gap in gaps:
        assert said(gap) == Expected("gap", "warning", None, None, unknown)
        assert stated(gap) <= free
        assert case_of(gap) in stated(gap)
    if len(gaps) == 1:
        assert widest(stated(gaps[0]), free)


def stated(gap: Finding) -> set[tuple[Any, ...]]:
    """The cases of which the sentence of a gap speaks: those with the values that it names, whatever the others are."""
    named = [fact.name for fact in FACTS if f"{fact.title.lower()} {gap.example[fact.name]}" in gap.message]
    return {
        case
        for case in CASES
        if all(case[place] == gap.example[fact.name] for place, fact in enumerate(FACTS) if fact.name in named)
    }


def widest(region: set[tuple[Any, ...]], free: frozenset[tuple[Any, ...]]) -> bool:
    """Whether a fact that is named has to be: with any value of it instead some row decides."""
    return all(
        not {(*case[:place], value, *case[place + 1 :]) for case in region for value in values} <= free
        for place, values in enumerate(VALUES.values())
        if len({case[place] for case in region}) == 1
    )
