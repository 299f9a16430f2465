"""Evaluation of decision tables: cells are expressions compiled one by one, and everything doubtful fails closed (D10).

A cell must answer exactly true or false; any error, unknown column or other answer raises instead of skipping the row,
because a row that silently does not apply is an approval that nobody gives.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import zen

from domain.errors import Invalid
from policies.table import Row, Table

Cell = Callable[[object], bool]
FORBIDDEN = ("rand", "now", "date(", "$root")


class NoRuleMatched(Exception):
    """No row of a table holds; the caller applies the strictest outcome (R-3.3)."""


def first_match(table: Table, facts: Mapping[str, object]) -> Row:
    """The first row that holds for the facts. Raises Invalid("bad_rule") for a cell that fails, NoRuleMatched."""
    answers: dict[tuple[str, str], bool] = {}
    for row in table.rows:
        for cell in row.when.items():
            # Rows repeat cells; within one case each distinct one is asked once.
            if (answer := answers.get(cell)) is None:
                answer = answers[cell] = _holds(row, *cell, facts)
            if not answer:
                break
        else:
            return row
    raise NoRuleMatched(", ".join(f"{name}={facts[name]!r}" for name in table.columns if name in facts))


def every_match(table: Table, facts: Mapping[str, object]) -> tuple[Row, ...]:
    """Every row that holds for the facts, in order. Raises Invalid("bad_rule"), NoRuleMatched."""
    found = tuple(row for row in table.rows if all(_holds(row, *cell, facts) for cell in row.when.items()))
    if not found:
        raise NoRuleMatched(", ".join(f"{name}={facts.get(name)!r}" for name in table.columns))
    return found


def cell_holds(row: Row, column: str, value: object) -> bool:
    """Whether a row's condition on one column holds for a value; a column without one always does."""
    return _holds(row, column, row.when.get(column, ""), {column: value})


def check_table(table: Table) -> None:
    """Compile every cell. Raises Invalid("bad_rule") naming row and column of the first that cannot be read."""
    for row in table.rows:
        for column, condition in row.when.items():
            if column not in table.columns:
                raise Invalid("bad_rule", f"Row {row.id}: unknown column {column!r}.", row=row.id, column=column)
            _compiled(row.id, column, condition)


def _holds(row: Row, column: str, condition: str, facts: Mapping[str, object]) -> bool:
    if column not in facts:
        raise Invalid("bad_rule", f"Row {row.id}: no fact for column {column!r}.", row=row.id, column=column)
    value = facts[column]
    try:
        answer = _compiled(row.id, column, condition)(value)
    except RuntimeError as error:
        raise Invalid("bad_rule", f"Row {row.id}, column {column}: {error}.", row=row.id, column=column) from None
    if answer is not True and answer is not False:
        raise Invalid("bad_rule", f"Row {row.id}, column {column}: answered {answer!r}.", row=row.id, column=column)
    return answer


def _compiled(row: str, column: str, condition: str) -> Cell:
    try:
        return _compile(condition)
    except (RuntimeError, ValueError) as error:
        raise Invalid(
            "bad_rule", f"Row {row}, column {column}: {condition!r}: {error}.", row=row, column=column
        ) from None


@lru_cache(maxsize=10_000)
def _compile(condition: str) -> Cell:
    if not condition.strip():
        return lambda _: True
    if any(word in condition for word in FORBIDDEN):
        raise ValueError("clock and chance have no place in a rule")
    expression: Any = zen.compile_unary_expression(condition)
    return lambda value: expression.evaluate({"$": value})
