"""Loading quotes: few offerings find theirs through the where-used index; whole quotes come with their lines.

Every reader asks for `PUBLISHED` quotes: a batch that is being written is not there yet (D5b).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, bindparam, not_, or_, select, update
from sqlmodel import Session

from domain.artifact import EVERYWHERE
from domain.kinds.kind import Touched
from domain.quote import OPEN_STATUSES, Quote, QuoteLine
from domain.touched import HEAD_WORDS, days
from store import bulk, where_used
from store.tables.columns import READABLE, CommitPosition, Instant, readable, table_of
from store.tables.quote import QuoteBatchRow, QuoteLineRow, QuoteRow

CHUNK = 500
QUOTES = table_of(QuoteRow)
LINES = table_of(QuoteLineRow)
USES = where_used.USES
BATCHES = table_of(QuoteBatchRow)
DRAFTS = select(BATCHES.c.id).where(BATCHES.c.published_at.is_(None))
PUBLISHED = QUOTES.c.batch.not_in(DRAFTS)
LINE_FIELDS = tuple(QuoteLine.model_fields)
QUOTE_FIELDS = tuple(name for name in Quote.model_fields if name != "lines")

USED = {"used": "offering", **{name: name for name in ("selling_model", "market", "channel", "currency")}}
COLUMNS = {**USED, **{name: name for name in HEAD_WORDS}}
"""Columns of the where-used index and of the heads of quotes, and the words of what is touched that they hold."""


def _read(table: Table, names: Sequence[str]) -> list[ColumnElement[Any]]:
    """Columns as they are read: a number or an instant that is none is null, so that one bad row stops nothing."""
    columns = [table.c[name] for name in names]
    return [readable(one).label(one.name) if isinstance(one.type, READABLE) else one for one in columns]


SOME_LINES = (
    select(LINES.c.quote, *_read(LINES, LINE_FIELDS))
    .where(LINES.c.quote.in_(bindparam("quotes", expanding=True)))
    .order_by(LINES.c.quote, LINES.c.line)
)
SOME_QUOTES = (
    select(*_read(QUOTES, QUOTE_FIELDS))
    .where(QUOTES.c.id.in_(bindparam("quotes", expanding=True)), PUBLISHED)
    .order_by(QUOTES.c.id)
)


def open_quotes_using(session: Session, touched: Sequence[Touched]) -> list[Quote]:
    """Open quotes with a line that uses anything touched, with all their lines, ordered by id."""
    return load(session, open_ids_using(session, touched))


def open_ids_using(session: Session, touched: Sequence[Touched]) -> set[str]:
    """The ids of those quotes."""
    found: set[str] = set()
    for item in touched:
        words = {column: getattr(item, name) for column, name in COLUMNS.items()}
        named = {column: word for column, word in words.items() if word != EVERYWHERE}
        dated = item.period != EVERYWHERE
        given = {**named, **(_bounds(item.period) if dated else {})}
        found.update(session.execute(_where_used(tuple(named), dated), given).scalars())
    return found


def _bounds(period: str) -> dict[str, datetime]:
    since, until = (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in days(period))
    return {"since": since, "until": until}


@cache
def _where_used(named: tuple[str, ...], dated: bool) -> Select[tuple[str]]:
    """The look-up by these columns of the index and of the head, built once."""
    made = readable(QUOTES.c.created_at)
    conditions = [
        USES.c.kind == where_used.OFFERING,
        USES.c.document_kind == where_used.QUOTE,
        QUOTES.c.status.in_(OPEN_STATUSES),
        PUBLISHED,
        *((QUOTES if column in HEAD_WORDS else USES).c[column] == bindparam(column) for column in named),
    ]
    if dated:
        begun, over = (made >= bindparam(end, type_=Instant()) for end in ("since", "until"))
        conditions.append(or_(made.is_(None), and_(begun, not_(over))))
    joined = USES.join(QUOTES, QUOTES.c.id == USES.c.document)
    return select(USES.c.document).select_from(joined).where(*conditions).distinct()


def load(session: Session, ids: Iterable[str]) -> list[Quote]:
    """Published quotes with their lines, ordered by id."""
    return list(_load(session, sorted(ids)))


def _load(session: Session, ids: Sequence[str]) -> Iterable[Quote]:
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        lines: dict[str, list[QuoteLine]] = {}
        for quote, *values in session.execute(SOME_LINES, {"quotes": chunk}):
            lines.setdefault(quote, []).append(QuoteLine.model_construct(**dict(zip(LINE_FIELDS, values, strict=True))))
        for row in session.execute(SOME_QUOTES, {"quotes": chunk}):
            head = dict(zip(QUOTE_FIELDS, row, strict=True))
            yield Quote.model_construct(**head, lines=tuple(lines.get(head["id"], ())))


def add(
    session: Session, quotes: Iterable[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]], batch: int = 0
) -> int:
    """Write new quotes, each a head with its lines, and what they use; returns how many lines there are.

    Whoever writes a quote writes it here: so its position and the where-used index move in the same transaction.
    """
    found = list(quotes)
    if not found:
        return 0
    lines = [line for _, group in found for line in group]
    here = {"batch": batch, "position": session.execute(select(CommitPosition("quote"))).scalar_one()}
    heads = [{**head, **here} for head, _ in found]
    bulk.write(session, QUOTES, heads)
    bulk.write(session, LINES, lines)
    where_used.add(session, where_used.line_uses(where_used.QUOTE, heads, lines, "quote"))
    return len(lines)


def publish(session: Session, batch: int, first: str) -> int:
    """Take the position at which a batch is published; its first quote is written anew for it, so that it is taken."""
    moved = update(QUOTES).where(QUOTES.c.id == first).values(batch=batch).returning(QUOTES.c.position)
    return int(session.execute(moved).scalar_one())


def quote(session: Session, quote_id: str) -> Quote | None:
    """One quote with its lines."""
    return next(iter(_load(session, [quote_id])), None)


def page(session: Session, status: str | None, market: str | None, after: str, limit: int) -> list[Quote]:
    """Quotes ordered by id after a cursor, open ones unless a status is named."""
    conditions = [PUBLISHED, QUOTES.c.id > after, QUOTES.c.status.in_((status,) if status else OPEN_STATUSES)]
    if market:
        conditions.append(QUOTES.c.market == market)
    ids = session.execute(
        select(QUOTES.c.id).where(or_(and_(*conditions))).order_by(QUOTES.c.id).limit(limit)
    ).scalars()
    return load(session, ids)
