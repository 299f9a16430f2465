"""Orders as reconciliation sees them: lines and fulfillment tasks, pinned to the versions that sold them (chapter 15).

Which state leads to which is content of the workflow kind (R-14.6); here are the words that version 1 of it uses.
"""

from datetime import datetime

from domain.model import Model

STATES_VERSION = 1
ORDER_STATES = ("submitted", "in_fulfillment", "completed", "cancelled")
TASK_STATES = ("pending", "running", "done", "failed", "cancelled")


class Order(Model):
    """An order from one accepted quote; total in minor units of its currency."""

    id: str
    quote: str
    customer: str
    market: str
    channel: str
    segment: str
    currency: str
    status: str
    states_version: int
    catalog_version: int
    price_version: int
    total_minor: int
    created_at: datetime
    updated_at: datetime


class OrderLine(Model):
    """A line of an order; unit price in millionths, net in minor units of the order's currency."""

    sales_order: str
    line: int
    offering: str
    selling_model: str
    quantity: int
    unit_price_micros: int
    discount_basis_points: int
    net_minor: int
    status: str


class FulfillmentTask(Model):
    """One piece of work for one line, done by one system."""

    id: str
    sales_order: str
    line: int
    kind: str
    system: str
    status: str
    states_version: int
    due_at: datetime
    completed_at: datetime | None
