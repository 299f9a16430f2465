"""Quotes as impact and simulation see them: lines pinned to the versions that priced them (R-14.1).

A number or instant is None where the record holds something that is none: such a row is counted, and stops nothing.
"""

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
    quantity: int | None
    unit_price_micros: int | None
    discount_basis_points: int | None
    net_minor: int | None


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
    catalog_version: int | None
    price_version: int | None
    total_minor: int | None
    created_at: datetime | None
    expires_at: datetime | None
    lines: tuple[QuoteLine, ...]


def deepest_discount(quote: Quote) -> int | None:
    """The discount of the deepest line in basis points, 0 without lines; None where one cannot be read."""
    points = [line.discount_basis_points for line in quote.lines]
    known = [one for one in points if one is not None]
    return max(known, default=0) if len(known) == len(points) else None


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
