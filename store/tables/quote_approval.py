"""Approvals of quotes: what exactly was approved, so that a quote that changed since shows (R-14.2).

Shape: `quote` 1-n `quote_approval`; the latest one counts.
"""

from datetime import datetime

from sqlmodel import Field, SQLModel

from store.tables.columns import amount, immutable, instant


@immutable
class QuoteApprovalRow(SQLModel, table=True):
    """One approval of one quote, with the figures that were seen."""

    __tablename__ = "quote_approval"

    id: str = Field(primary_key=True)
    quote: str = Field(index=True)
    total_minor: int = amount()
    currency: str
    lines: int
    largest_discount_basis_points: int
    price_version: int
    policy_version: int
    person: str
    decided_at: datetime = instant()
