"""Business that a simulation looks at beside the quotes that it prices: scenario packs, and lines by what decides them.

A pack has a bounded number of records, the most recent or the next in time first; all ties are broken by id.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, case, exists, func, literal, select
from sqlmodel import Session

from domain.quote import OPEN_STATUSES, Quote
from store import where_used
from store.quotes import LINES, PUBLISHED, QUOTES, USES, load
from store.tables.columns import table_of
from store.tables.contract import ContractRow, ContractTermRow

CONTRACTS, TERMS = table_of(ContractRow), table_of(ContractTermRow)
EXAMPLES = 10


def recent_quotes(
    session: Session, statuses: Sequence[str], offerings: Sequence[str] | None, limit: int
) -> list[Quote]:
    """The quotes of some statuses that were written last and sell any of the offerings (None: whatever they sell)."""
    sells = exists().where(LINES.c.quote == QUOTES.c.id, LINES.c.offering.in_(offerings or ()))
    found = (
        select(QUOTES.c.id)
        .where(QUOTES.c.status.in_(statuses), PUBLISHED, *((sells,) if offerings is not None else ()))
        .order_by(QUOTES.c.position.desc(), QUOTES.c.id.desc())
        .limit(limit)
    )
    return load(session, session.execute(found).scalars().all())


def renewing_quotes(session: Session, offerings: Sequence[str] | None, limit: int) -> list[Quote]:
    """The quotes of the active contracts that end first, about any of the offerings (None: about whatever)."""
    agrees = exists().where(TERMS.c.contract == CONTRACTS.c.id, TERMS.c.offering.in_(offerings or ()))
    found = (
        select(CONTRACTS.c.quote)
        .where(CONTRACTS.c.status == "active", *((agrees,) if offerings is not None else ()))
        .order_by(CONTRACTS.c.ends_at, CONTRACTS.c.id)
        .limit(limit)
    )
    return load(session, sorted(set(session.execute(found).scalars())))


def payment_days(session: Session, quotes: Sequence[str]) -> dict[str, int]:
    """The longest days to pay that the contracts of some quotes have."""
    days = (
        select(CONTRACTS.c.quote, func.max(TERMS.c.payment_days))
        .join(TERMS, TERMS.c.contract == CONTRACTS.c.id)
        .where(CONTRACTS.c.quote.in_(quotes))
        .group_by(CONTRACTS.c.quote)
    )
    return {quote: int(most) for quote, most in session.execute(days)} if quotes else {}


def open_lines(session: Session, customers: Sequence[str]) -> list[tuple[Any, ...]]:
    """Lines of open quotes by what decides about them: offering, market, channel, segment, customer, lines, a quote.

    customers: those to be told apart; all others are empty. The quote is the first of them by id.
    """
    return [tuple(row) for row in session.execute(_open_lines(customers))]


def _open_lines(customers: Sequence[str]) -> Select[Any]:
    named = case((QUOTES.c.customer.in_(customers), QUOTES.c.customer), else_="") if customers else None
    customer = literal("").label("customer") if named is None else named.label("customer")
    deciding = (LINES.c.offering, QUOTES.c.market, QUOTES.c.channel, QUOTES.c.segment)
    groups = (*deciding, *(() if named is None else (named,)))
    return (
        select(*deciding, customer, func.count(), func.min(QUOTES.c.id))
        .select_from(QUOTES.join(LINES, LINES.c.quote == QUOTES.c.id))
        .where(QUOTES.c.status.in_(OPEN_STATUSES), PUBLISHED)
        .group_by(*groups)
        .order_by(*groups)
    )


def holders(session: Session, offerings: Sequence[str]) -> tuple[int, tuple[str, ...]]:
    """How many open quotes and assets hold any of the offerings, and the first of them."""
    documents = (
        select(USES.c.document)
        .outerjoin(QUOTES, and_(USES.c.document_kind == where_used.QUOTE, QUOTES.c.id == USES.c.document))
        .where(
            USES.c.kind == where_used.OFFERING,
            USES.c.used.in_(offerings),
            (USES.c.document_kind == where_used.ASSET)
            | and_(USES.c.document_kind == where_used.QUOTE, QUOTES.c.status.in_(OPEN_STATUSES), PUBLISHED),
        )
        .distinct()
        .order_by(USES.c.document)
    )
    count = session.execute(select(func.count()).select_from(documents.order_by(None).subquery())).scalar_one()
    return int(count), tuple(session.execute(documents.limit(EXAMPLES)).scalars())
