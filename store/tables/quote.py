"""Quotes and their lines, pinned to the versions that priced them; the index is how few offerings find their quotes."""

from datetime import datetime

from sqlmodel import Field, Index, SQLModel

from store.tables.columns import amount, instant


class QuoteRow(SQLModel, table=True):
    """A quote. Customer and owner are ids; totals are minor units of its currency."""

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


class QuoteLineRow(SQLModel, table=True):
    """A line of a quote: what, how many, at which unit price, with which discount (basis points)."""

    __tablename__ = "quote_line"
    __table_args__ = (Index("quote_line_where_used", "offering", "selling_model", "quote"),)

    quote: str = Field(primary_key=True, foreign_key="quote.id")
    line: int = Field(primary_key=True)
    offering: str
    selling_model: str
    quantity: int
    unit_price_micros: int = amount()
    discount_basis_points: int = 0
    net_minor: int = amount()
