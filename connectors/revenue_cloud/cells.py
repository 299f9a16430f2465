"""Cells as values: each function reads one cell of a row and raises BadCell when it is not what it must be."""

import re
import unicodedata
from datetime import datetime

from connectors.revenue_cloud.ledger import BadCell, LeftOut
from connectors.revenue_cloud.table import Row
from domain.errors import Invalid
from domain.money import exponent, micros

LONGEST_CODE = 120
LONGEST_TEXT = 2000
LARGEST_QUANTITY = 1_000_000_000
DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?")
STATUSES = frozenset({"Active", "Inactive", "Draft", "Archived"})
UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp"})


def code(row: Row, column: str, longest: int = LONGEST_CODE) -> str:
    """A text that must be there, in one line of at most `longest` characters."""
    value = row[column]
    if not value:
        raise BadCell(column, "the cell is empty")
    if len(value) > longest:
        raise BadCell(column, f"the text has {len(value):,} characters, at most {longest} are possible")
    if any(unicodedata.category(char) in UNSEEN for char in value):
        raise BadCell(column, "the text has line breaks or characters that cannot be seen")
    return value


def text(row: Row, column: str) -> str:
    """A text that may be empty and may have line breaks."""
    value = row[column]
    if len(value) > LONGEST_TEXT:
        raise BadCell(column, f"the text has {len(value):,} characters, at most {LONGEST_TEXT} are possible")
    if any(unicodedata.category(char) == "Cc" and char not in "\n\r\t" for char in value):
        raise BadCell(column, "the text has control characters")
    return value


def yes(row: Row, column: str) -> bool:
    """`true` or `false` in any case."""
    value = row[column].lower()
    if value not in ("true", "false"):
        raise BadCell(column, "the cell must be true or false")
    return value == "true"


def one_of(row: Row, column: str, choices: frozenset[str]) -> str:
    """One of the words that the column knows."""
    if row[column] not in choices:
        raise BadCell(column, f"the cell must be one of {', '.join(sorted(choices))}")
    return row[column]


def must_be_active(row: Row, noun: str) -> None:
    """Raises LeftOut for a row that the source keeps but does not use."""
    if (status := one_of(row, "Status", STATUSES)) != "Active":
        raise LeftOut(f"the status of the {noun} is {status}, not Active")


def no_end(row: Row, noun: str, column: str = "EffectiveTo") -> None:
    """Raises LeftOut for a row that ends on a date: entries hold until a change replaces them."""
    if not row[column]:
        return
    try:
        datetime.fromisoformat(row[column])
    except ValueError:
        raise BadCell(column, "the cell is not a date and time") from None
    raise LeftOut(f"the {noun} ends on a date, and entries have no end")


def quantity(row: Row, column: str) -> int | None:
    """A whole number of zero or more (`8` and `8.0`), None for an empty cell."""
    value = row[column]
    if not value:
        return None
    whole, _, decimals = _decimal(row, column).partition(".")
    if decimals.strip("0"):
        raise BadCell(column, "the number has decimals, a quantity is whole")
    if int(whole) < 0:
        raise BadCell(column, "the number is negative")
    if int(whole) > LARGEST_QUANTITY:
        raise BadCell(column, f"the number is beyond {LARGEST_QUANTITY:,}")
    return int(whole)


def money(row: Row, column: str) -> int:
    """A unit price or unit cost of zero or more, in millionths of the currency's unit."""
    value = _decimal(row, column)
    if value.startswith("-"):
        raise BadCell(column, "the amount is negative")
    try:
        return micros(value)
    except Invalid as error:
        raise BadCell(column, error.detail) from None


def basis_points(row: Row, column: str) -> int:
    """A percentage between 0 and 100 with at most two decimals, in hundredths of a percent."""
    whole, _, decimals = _decimal(row, column).partition(".")
    if decimals.rstrip("0")[2:]:
        raise BadCell(column, "the percentage has more than two decimals")
    points = int(whole) * 100 + int(decimals.ljust(2, "0")[:2])
    if whole.startswith("-") or points > 10_000:
        raise BadCell(column, "the percentage is not between 0 and 100")
    return points


def iso_currency(row: Row, column: str) -> tuple[str, int]:
    """A currency of ISO 4217 and the number of its minor digits."""
    try:
        return row[column], exponent(row[column])
    except Invalid as error:
        raise BadCell(column, error.detail) from None


def _decimal(row: Row, column: str) -> str:
    value = row[column]
    if not DECIMAL.fullmatch(value):
        raise BadCell(column, "the cell is not a plain decimal number" if value else "the cell is empty")
    return value
