"""Orders, their lines and fulfillment tasks, pinned to catalog and price versions; what may be compared and counted.

Shape: `sales_order` 1-n `sales_order_line` (key: sales_order, line) 1-n `fulfillment_task`. Money is minor units of the
order's currency; `quote` and `line` are those of the accepted quote.
"""

from datetime import datetime

from sqlmodel import Field, Index, SQLModel

from store.tables.columns import amount, instant, position


class OrderRow(SQLModel, table=True):
    """An order as it stands. `states_version` says by which version of the state words `status` is to be read."""

    __tablename__ = "sales_order"
    __table_args__ = (Index("sales_order_list", "status", "market", "id"),)

    id: str = Field(primary_key=True)
    quote: str = Field(index=True)
    customer: str
    market: str
    channel: str
    segment: str
    currency: str
    status: str
    states_version: int
    catalog_version: int
    price_version: int
    total_minor: int = amount()
    created_at: datetime = instant()
    updated_at: datetime = instant()
    position: int = position("sales_order")


class OrderLineRow(SQLModel, table=True):
    """A line of an order."""

    __tablename__ = "sales_order_line"
    __table_args__ = (Index("sales_order_line_where_used", "offering", "selling_model", "sales_order"),)

    sales_order: str = Field(primary_key=True, foreign_key="sales_order.id")
    line: int = Field(primary_key=True)
    offering: str
    selling_model: str
    quantity: int
    unit_price_micros: int = amount()
    discount_basis_points: int = 0
    net_minor: int = amount()
    status: str


class FulfillmentTaskRow(SQLModel, table=True):
    """A task of an order line in one downstream system."""

    __tablename__ = "fulfillment_task"
    __table_args__ = (Index("fulfillment_task_line", "sales_order", "line"),)

    id: str = Field(primary_key=True)
    sales_order: str = Field(foreign_key="sales_order.id")
    line: int
    kind: str
    system: str
    status: str
    states_version: int
    due_at: datetime = instant()
    completed_at: datetime | None = instant(default=None)
    position: int = position("fulfillment_task")
