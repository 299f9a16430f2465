"""The log of business events and the read model that follows it; and what runtime caches say that they hold.

Shape: `business_event` (subject, sequence) is append-only; `order_projection` keeps for each order the last event that
it has taken in; `catalog_cache_entry` is what a runtime cache reported for an offering in a market.
"""

from datetime import datetime

from sqlmodel import Field, SQLModel

from store.tables.columns import amount, immutable, instant


@immutable
class BusinessEventRow(SQLModel, table=True):
    """Something that happened to a quote or an order, numbered from 1 for each subject."""

    __tablename__ = "business_event"

    subject: str = Field(primary_key=True)
    sequence: int = Field(primary_key=True)
    kind: str = Field(index=True)
    status: str
    amount_minor: int = amount()
    at: datetime = instant()


class OrderProjectionRow(SQLModel, table=True):
    """An order as pages and reports read it: as of the event with this sequence."""

    __tablename__ = "order_projection"

    sales_order: str = Field(primary_key=True)
    sequence: int
    status: str
    total_minor: int = amount()
    updated_at: datetime = instant()


class CatalogCacheRow(SQLModel, table=True):
    """An offering as a runtime cache holds it."""

    __tablename__ = "catalog_cache_entry"

    cache: str = Field(primary_key=True)
    market: str = Field(primary_key=True)
    offering: str = Field(primary_key=True)
    catalog_version: int
    entry_digest: str
    lifecycle: str
    warmed_at: datetime = instant()
