"""What a customer has: assets from order lines, and the subscriptions that bill them (chapter 18)."""

from datetime import datetime

from domain.model import Model

STATES_VERSION = 1
ASSET_STATES = ("pending", "active", "suspended", "terminated")


class Asset(Model):
    """A delivered order line at its customer, pinned to the catalog version that described it."""

    id: str
    sales_order: str
    line: int
    customer: str
    market: str
    offering: str
    quantity: int
    status: str
    states_version: int
    catalog_version: int
    installed_at: datetime


class Subscription(Model):
    """The standing agreement to bill an asset; unit price in millionths of the currency's unit."""

    id: str
    asset: str
    billing_account: str
    sales_order: str
    line: int
    offering: str
    selling_model: str
    quantity: int
    unit_price_micros: int
    currency: str
    status: str
    starts_at: datetime
    ends_at: datetime | None
