"""What snapshots hold: every kind of business record, its table, and the document that it belongs to (D13a).

A further kind is a further line of RECORDS; the head of a document has a `position` (store/tables/columns.py).
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, and_, or_, select
from sqlmodel import Session

from store.tables.asset import AssetRow, SubscriptionRow
from store.tables.billing import ChargeRow
from store.tables.columns import table_of
from store.tables.contract import ContractRow, ContractTermRow
from store.tables.order import FulfillmentTaskRow, OrderLineRow, OrderRow
from store.tables.quote import QuoteBatchRow, QuoteLineRow, QuoteRow


@dataclass(frozen=True)
class Record:
    """A kind of record. `belongs` is its column with the document's id; `key` orders the records of a kind.

    batches: of a head whose documents can be written in batches that count from their publication on (D5b).
    """

    kind: str
    table: Table
    document: str
    belongs: str
    key: tuple[str, ...]
    batches: Table | None = None

    @property
    def is_head(self) -> bool:
        """Whether it carries the document's position."""
        return self.kind == self.document

    @property
    def columns(self) -> tuple[str, ...]:
        """What a snapshot keeps: everything but position and batch, which are no properties of the business."""
        return tuple(column.name for column in self.table.columns if column.name not in ("position", "batch"))

    def counts(self, session: Session, below: int | None) -> ColumnElement[bool] | None:
        """Which documents of this head count, and were written or published at a position or after it; None: all do."""
        moved = [] if below is None else [self._moved(session, below)]
        if self.batches is not None:
            drafts = select(self.batches.c.id).where(self.batches.c.published_at.is_(None))
            # Asked once, because to ask it of each line costs as much as reading the line.
            if session.execute(drafts.limit(1)).first() is not None:
                moved.append(self.table.c.batch.not_in(drafts))
        return and_(*moved) if moved else None

    def _moved(self, session: Session, below: int) -> ColumnElement[bool]:
        written = self.table.c.position >= below
        if self.batches is None:
            return written
        published = select(self.batches.c.id).where(self.batches.c.published_position >= below)
        # Asked first, because with either of both no index by position helps: every document would be looked at.
        if session.execute(published.limit(1)).first() is None:
            return written
        return or_(written, self.table.c.batch.in_(published))


RECORDS = (
    Record(
        "quote",
        table_of(QuoteRow),
        document="quote",
        belongs="id",
        key=("id",),
        batches=table_of(QuoteBatchRow),
    ),
    Record("quote_line", table_of(QuoteLineRow), document="quote", belongs="quote", key=("quote", "line")),
    Record("sales_order", table_of(OrderRow), document="sales_order", belongs="id", key=("id",)),
    Record(
        "sales_order_line",
        table_of(OrderLineRow),
        document="sales_order",
        belongs="sales_order",
        key=("sales_order", "line"),
    ),
    Record("fulfillment_task", table_of(FulfillmentTaskRow), document="fulfillment_task", belongs="id", key=("id",)),
    Record("asset", table_of(AssetRow), document="asset", belongs="id", key=("id",)),
    Record("subscription", table_of(SubscriptionRow), document="subscription", belongs="id", key=("id",)),
    Record("contract", table_of(ContractRow), document="contract", belongs="id", key=("id",)),
    Record(
        "contract_term",
        table_of(ContractTermRow),
        document="contract",
        belongs="contract",
        key=("contract", "offering", "selling_model"),
    ),
    Record("charge", table_of(ChargeRow), document="charge", belongs="id", key=("id",)),
)


def head_of(document: str) -> Record:
    """The record that is the head of a kind of document."""
    return next(record for record in RECORDS if record.kind == document)
