"""Contracts with their terms as records of their own, so that they can be compared with what is billed (R-18.6)."""

from datetime import datetime

from domain.model import Model


class Contract(Model):
    """A signed contract of one customer, from one accepted quote."""

    id: str
    customer: str
    billing_account: str
    quote: str
    market: str
    currency: str
    status: str
    starts_at: datetime
    ends_at: datetime


class ContractTerm(Model):
    """What was agreed for one offering: unit price in millionths, discount in basis points, days to pay."""

    contract: str
    offering: str
    selling_model: str
    unit_price_micros: int
    discount_basis_points: int
    payment_days: int
    price_version: int
