"""Quotes as impact and simulation see them: lines pinned to the versions that priced them (R-14.1)."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StrictInt

from domain.canonical import digest
from domain.given import Truth
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


USUAL_PAYMENT_DAYS = 30
NOT_COMMERCIAL = {"status", "owner", "created_at"}


def commercial_digest(quote: Quote) -> str:
    """The digest of all that whoever approves a quote agrees to: everything but its status, its seller and its age."""
    return digest(quote.model_dump(mode="json", exclude=NOT_COMMERCIAL))


class QuoteTerms(Model):
    """What the quote itself keeps no record of, said by whoever submits it for approval.

    payment_days: left out, those of its contract, the usual 30 where it has none. regions: that the deal spans.
    """

    payment_days: Annotated[StrictInt, Field(ge=0, le=365)] | None = None
    standard_clauses: Truth = True
    regions: Annotated[StrictInt, Field(ge=1, le=100)] = 1
