"""Lists newest first that page by a cursor: the instant and the id of the last row that was shown."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, or_
from sqlmodel import Session, col

from domain.errors import Invalid
from domain.given import instant


def newest(
    session: Session, query: Select[Any], table: type[Any], cursor: str | None, limit: int
) -> tuple[list[Any], str | None]:
    """At most `limit` rows of a query over a table with `created_at` and `id`, and the cursor of the next page.

    Raises Invalid("bad_cursor").
    """
    at, last = col(table.created_at), col(table.id)
    if cursor:
        moment, shown_last = _read(cursor)
        query = query.where(or_(at < moment, and_(at == moment, last < shown_last)))
    rows = list(session.execute(query.order_by(at.desc(), last.desc()).limit(limit + 1)).scalars())
    shown = rows[:limit]
    return shown, f"{shown[-1].created_at.isoformat()}|{shown[-1].id}" if len(rows) > limit else None


def _read(cursor: str) -> tuple[datetime, str]:
    at, _, last = cursor.partition("|")
    try:
        moment = instant(at)
    except ValueError:
        raise Invalid("bad_cursor", "This cursor was not given out by this list.") from None
    if not last:
        raise Invalid("bad_cursor", "This cursor was not given out by this list.")
    return moment, last
