"""Evaluation of decision tables: cells are expressions compiled one by one, and everything doubtful fails closed (D10).

A cell must answer exactly true or false; any error, unknown column or other answer raises instead of skipping the row,
because a row that silently does not apply is an approval that nobody gives.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import zen

from domain.errors import Invalid
from policies.table import Row, Table

Question: TypeAlias = dict[str, Any]
"""A value as the condition of a cell reads it: `$`."""
Ask: TypeAlias = Callable[[Question], Any]
Cell: TypeAlias = tuple[str, Ask]
"""A column, and its condition ready to be asked."""
FAULT = re.compile(r'\{"type":"[^"]*","source":"(.*)"\}')
FORBIDDEN = ("rand", "now", "date(", "$root")


class NoRuleMatched(Exception):
    """No row of a table holds; the caller applies the strictest outcome (R-3.3)."""


def first_match(table: Table, facts: Mapping[str, object]) -> Row:
    """The first row that holds for the facts. Raises Invalid("bad_rule") for a cell that fails, NoRuleMatched."""
    for row in _matching(table, facts):
        return row
    raise NoRuleMatched(", ".join(f"{name}={facts[name]!r}" for name in table.columns if name in facts))


def every_match(table: Table, facts: Mapping[str, object]) -> tuple[Row, ...]:
    """Every row that holds for the facts, in order. Raises Invalid("bad_rule"), NoRuleMatched."""
    if found := tuple(_matching(table, facts)):
        return found
    raise NoRuleMatched(", ".join(f"{name}={facts.get(name)!r}" for name in table.columns))


def cell_holds(row: Row, column: str, value: object) -> bool:
    """Whether a row's condition on one column holds for a value; a column without one always does."""
    return _holds(row, (column, _ask(row.when.get(column, ""))), {column: {"$": value}})


def check_table(table: Table) -> None:
    """Compile every cell. Raises Invalid("bad_rule") naming row and column of the first that cannot be read."""
    for row in table.rows:
        for column, condition in row.when.items():
            if column not in table.columns:
                raise Invalid("bad_rule", f"Row {row.id}: unknown column {column!r}.", row=row.id, column=column)
            try:
                _compile(condition)
            except RuntimeError as error:
                raise _bad_rule(row, column, error) from None


class _Same:
    """A table as a key, equal to itself alone: comparing two by what is in them costs more than evaluating a case."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def __hash__(self) -> int:
        return id(self.table)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.table is self.table


@lru_cache(maxsize=64)
def _numbered(same: _Same) -> tuple[list[Cell], list[tuple[Row, list[int]]]]:
    """The distinct cells of a table, each with its column, and its rows with the numbers of theirs."""
    numbers: dict[tuple[str, str], int] = {}
    rows = [(row, [numbers.setdefault(cell, len(numbers)) for cell in row.when.items()]) for row in same.table.rows]
    return [(column, _ask(condition)) for column, condition in numbers], rows


def _matching(table: Table, facts: Mapping[str, object]) -> Iterator[Row]:
    """Rows that hold, from the top; cells are asked in reading order, so that the first that fails is the one told."""
    cells, rows = _numbered(_Same(table))
    questions = {name: {"$": value} for name, value in facts.items()}
    answers: list[bool | None] = [None] * len(cells)
    for row, numbers in rows:
        for number in numbers:
            # Rows repeat cells; within one case each distinct one is asked once.
            if (answer := answers[number]) is None:
                answer = answers[number] = _holds(row, cells[number], questions)
            if not answer:
                break
        else:
            yield row


def _holds(row: Row, cell: Cell, questions: Mapping[str, Question]) -> bool:
    column, ask = cell
    question = questions.get(column)
    if question is None:
        raise Invalid("bad_rule", f"Row {row.id}: no fact for column {column!r}.", row=row.id, column=column)
    try:
        answer = ask(question)
    except RuntimeError as error:
        raise _bad_rule(row, column, _told(error)) from None
    if answer is not True and answer is not False:
        raise _bad_rule(row, column, f"answered {answer!r}")
    return answer


def _bad_rule(row: Row, column: str, fault: object) -> Invalid:
    return Invalid("bad_rule", f"Row {row.id}, column {column}: {fault}.", row=row.id, column=column)


def _ask(condition: str) -> Ask:
    """The compiled condition; one that cannot be read fails when it is asked, so that it is told in its place."""
    try:
        return _compile(condition)
    except RuntimeError:
        return lambda _: _compile(condition)


@lru_cache(maxsize=10_000)
def _compile(condition: str) -> Ask:
    """Raises RuntimeError for a condition that cannot be read."""
    if not condition.strip():
        return lambda _: True
    try:
        if any(word in condition for word in FORBIDDEN):
            raise ValueError("clock and chance have no place in a rule")
        return zen.compile_unary_expression(condition).evaluate
    except (RuntimeError, ValueError) as error:
        raise RuntimeError(f"{condition!r}: {_told(error)}") from None


def _told(error: Exception) -> str:
    """What the evaluator says is wrong, without its JSON and its stack, for people who write rules."""
    first = str(error).partition("\n")[0]
    found = FAULT.fullmatch(first)
    return found[1] if found else first
