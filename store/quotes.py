"""Loading quotes: few offerings find theirs through the where-used index; whole quotes come with their lines."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Select, and_, or_, select
from sqlmodel import Session

from domain.artifact import EVERYWHERE
from domain.kinds.kind import Touched
from domain.quote import OPEN_STATUSES, Quote, QuoteLine
from store.tables.columns import table_of
from store.tables.quote import QuoteLineRow, QuoteRow

CHUNK = 500
QUOTES = table_of(QuoteRow)
LINES = table_of(QuoteLineRow)
LINE_FIELDS = tuple(QuoteLine.model_fields)
QUOTE_FIELDS = tuple(name for name in Quote.model_fields if name != "lines")


def open_quotes_using(session: Session, touched: Sequence[Touched]) -> list[Quote]:
    """Open quotes with a line that uses anything touched, with all their lines, ordered by id."""
    found: set[str] = set()
    for item in touched:
        found.update(session.execute(_where_used(item)).scalars())
    return list(_load(session, sorted(found)))


def _where_used(item: Touched) -> Select[tuple[str]]:
    line = [LINES.c.offering == item.offering]
    if item.selling_model != EVERYWHERE:
        line.append(LINES.c.selling_model == item.selling_model)
    quote = [QUOTES.c.id == LINES.c.quote, QUOTES.c.status.in_(OPEN_STATUSES)]
    for column, wanted in (
        (QUOTES.c.market, item.market),
        (QUOTES.c.channel, item.channel),
        (QUOTES.c.currency, item.currency),
    ):
        if wanted != EVERYWHERE:
            quote.append(column == wanted)
    return select(LINES.c.quote).where(and_(*line), and_(*quote)).distinct()


def _load(session: Session, ids: Sequence[str]) -> Iterable[Quote]:
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        lines: dict[str, list[QuoteLine]] = {}
        for row in session.execute(
            select(LINES).where(LINES.c.quote.in_(chunk)).order_by(LINES.c.quote, LINES.c.line)
        ).mappings():
            lines.setdefault(row["quote"], []).append(
                QuoteLine.model_construct(**{name: row[name] for name in LINE_FIELDS})
            )
        for row in session.execute(select(QUOTES).where(QUOTES.c.id.in_(chunk)).order_by(QUOTES.c.id)).mappings():
            yield Quote.model_construct(
                **{name: row[name] for name in QUOTE_FIELDS}, lines=tuple(lines.get(row["id"], ()))
            )


def quote(session: Session, quote_id: str) -> Quote | None:
    """One quote with its lines."""
    return next(iter(_load(session, [quote_id])), None)


def page(session: Session, status: str | None, market: str | None, after: str, limit: int) -> list[Quote]:
    """Quotes ordered by id after a cursor, open ones unless a status is named."""
    conditions = [QUOTES.c.id > after, QUOTES.c.status.in_((status,) if status else OPEN_STATUSES)]
    if market:
        conditions.append(QUOTES.c.market == market)
    ids = session.execute(
        select(QUOTES.c.id).where(or_(and_(*conditions))).order_by(QUOTES.c.id).limit(limit)
    ).scalars()
    return list(_load(session, list(ids)))
