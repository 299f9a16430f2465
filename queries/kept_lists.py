"""Lists that are kept with evidence: the cursor that keeps pages in one list, and cells that no spreadsheet runs."""

from domain.errors import Conflict, Invalid
from domain.given import whole

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def start_of(cursor: str, kept: str) -> int:
    """How far into a list a cursor points; empty: to its beginning. kept: the digest of the list as it is now.

    A number without a digest means the list as it is now. Raises Invalid("bad_cursor"), and Conflict("list_moved") when
    the cursor was given out by a list that was found again since.
    """
    start, _, seen = cursor.partition("|")
    try:
        found = whole(start or "0")
    except ValueError:
        raise Invalid("bad_cursor", "This cursor was not given out by this list.") from None
    if seen and seen != kept:
        raise Conflict("list_moved", "This list was found again since the page before; begin at its first page.")
    return found


def next_cursor(end: int, total: int, kept: str) -> str | None:
    """The cursor behind a page that ends there, of a list with so many items; None at its end."""
    return f"{end}|{kept}" if end < total else None


def cell(value: object) -> object:
    """A value of a CSV file: a text that a spreadsheet would take for a formula is kept a text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(DANGEROUS) else value
