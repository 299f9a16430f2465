"""Moving business records as their own systems would, past every command."""

from sqlalchemy import select, update
from sqlmodel import Session

from store import where_used
from store.documents import ASSET, CONTRACT, ORDER, QUOTE
from store.quotes import LINES
from store.tables.columns import table_of
from store.tables.order import OrderLineRow


def revalue_what_a_contract_and_an_asset_rest_on(session: Session) -> None:
    """Lines move with the heads of their quote and order; contract and asset themselves are not written."""
    line, ordered = LINES, table_of(OrderLineRow)
    agreed = select(line.c.quote, line.c.line, line.c.offering).join(
        CONTRACT.head, CONTRACT.head.c.quote == line.c.quote
    )
    soonest = agreed.where(CONTRACT.head.c.status == "active").order_by(CONTRACT.head.c.ends_at).limit(1)
    quote, number, offering = session.execute(soonest).one()
    session.execute(update(line).where(line.c.quote == quote, line.c.line == number).values(net_minor=77_777))
    session.execute(update(QUOTE.head).where(QUOTE.head.c.id == quote).values(total_minor=77_777))
    where_used.revalue(session, quote, number, offering, 77_777)
    asset, order, number = session.execute(
        select(ASSET.head.c.id, ASSET.head.c.sales_order, ASSET.head.c.line)
        .where(ASSET.head.c.status == "active")
        .limit(1)
    ).one()
    uses = where_used.USES
    session.execute(
        update(ordered).where(ordered.c.sales_order == order, ordered.c.line == number).values(net_minor=88_888)
    )
    session.execute(update(ORDER.head).where(ORDER.head.c.id == order).values(total_minor=88_888))
    theirs = uses.c.document.in_((asset, order)) & (uses.c.line == number)
    session.execute(update(uses).where(theirs).values(value=88_888))
