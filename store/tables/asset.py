"""Assets and subscriptions: what customers have and what is billed for it.

Shape: `sales_order_line` 1-1 `asset` (sales_order, line) 1-1 `subscription` (asset). An asset names the catalog version
that described it.
"""

from datetime import datetime

from sqlmodel import Field, Index, SQLModel

from store.tables.columns import amount, instant, position


class AssetRow(SQLModel, table=True):
    """A delivered order line at its customer."""

    __tablename__ = "asset"
    __table_args__ = (
        Index("asset_line", "sales_order", "line"),
        Index("asset_where_used", "offering", "id"),
    )

    id: str = Field(primary_key=True)
    sales_order: str
    line: int
    customer: str
    market: str
    offering: str
    quantity: int
    status: str
    states_version: int
    catalog_version: int
    installed_at: datetime = instant()
    position: int = position("asset")


class SubscriptionRow(SQLModel, table=True):
    """The standing agreement to bill an asset; `ends_at` is None while it runs on."""

    __tablename__ = "subscription"
    __table_args__ = (
        Index("subscription_line", "sales_order", "line"),
        Index("subscription_where_used", "offering", "id"),
    )

    id: str = Field(primary_key=True)
    asset: str = Field(index=True)
    billing_account: str
    sales_order: str
    line: int
    offering: str
    selling_model: str
    quantity: int
    unit_price_micros: int = amount()
    currency: str
    status: str
    starts_at: datetime = instant()
    ends_at: datetime | None = instant(default=None)
    position: int = position("subscription")
