"""Quotes as impact and simulation see them: lines pinned to the versions that priced them (R-14.1)."""

from datetime import datetime

from domain.model import Model

OPEN_STATUSES = ("draft", "in_approval", "approved", "proposed")


class QuoteLine(Model):
    """One line; amounts in millionths (unit price) and minor units (net) of the quote's currency."""

    line: int
    offering: str
    selling_model: str
    quantity: int
    unit_price_micros: int
    discount_basis_points: int
    net_minor: int


class Quote(Model):
    """A quote with its lines."""

    id: str
    status: str
    customer: str
    owner: str
    market: str
    channel: str
    segment: str
    currency: str
    catalog_version: int
    price_version: int
    total_minor: int
    created_at: datetime
    expires_at: datetime
    lines: tuple[QuoteLine, ...]
