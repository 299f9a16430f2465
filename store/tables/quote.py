"""Quotes and their lines, pinned to the versions that priced them."""

from datetime import datetime

from sqlmodel import Field, Index, SQLModel

from store.tables.columns import amount, instant, position, serial


class QuoteBatchRow(SQLModel, table=True):
    """Quotes that were written by the number: nobody sees them until the batch is published, then all at once (D5b)."""

    __tablename__ = "quote_batch"

    id: int | None = serial()
    name: str = Field(unique=True)
    quotes: int
    catalog_version: int
    price_version: int
    as_of: datetime = instant()
    published_at: datetime | None = instant(default=None)
    published_position: int | None = amount(default=None)
    """Where its publication stands in the order of commits of quotes."""
    digest: str | None = None


class QuoteBatchPartRow(SQLModel, table=True):
    """A chunk of a batch, written in one transaction: where it starts, what it holds, the digest of its rows."""

    __tablename__ = "quote_batch_part"

    batch: int = Field(primary_key=True, foreign_key="quote_batch.id")
    first: int = Field(primary_key=True)
    quotes: int
    lines: int
    digest: str


class QuoteRow(SQLModel, table=True):
    """A quote. Customer and owner are ids; totals are minor units of its currency.

    batch: 0 for one written by itself; otherwise it counts from the publication of its batch on.
    """

    __tablename__ = "quote"
    __table_args__ = (Index("quote_list", "status", "market", "id"),)

    id: str = Field(primary_key=True)
    status: str
    customer: str
    owner: str
    market: str
    channel: str
    segment: str
    currency: str
    catalog_version: int
    price_version: int
    total_minor: int = amount()
    created_at: datetime = instant()
    expires_at: datetime = instant()
    position: int = position("quote")
    batch: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class QuoteLineRow(SQLModel, table=True):
    """A line of a quote: what, how many, at which unit price, with which discount (basis points)."""

    __tablename__ = "quote_line"
    quote: str = Field(primary_key=True, foreign_key="quote.id")
    line: int = Field(primary_key=True)
    offering: str
    selling_model: str
    quantity: int
    unit_price_micros: int = amount()
    discount_basis_points: int = 0
    net_minor: int = amount()
