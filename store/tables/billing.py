"""What billing holds, in billing's own spelling: accounts, charges, and the terms that it bills by.

Shape: `subscription` 1-n `charge`; `billed_item` (billing_account, contract_reference, offering, selling_model) is the
counterpart of `contract_term`. References are text as the billing system writes it.
"""

from datetime import datetime

from sqlmodel import Field, SQLModel

from store.tables.columns import amount, immutable, instant, position


class BillingAccountRow(SQLModel, table=True):
    """Where the bills of a customer go."""

    __tablename__ = "billing_account"

    id: str = Field(primary_key=True)
    customer: str = Field(index=True)
    market: str
    currency: str
    created_at: datetime = instant()


@immutable
class ChargeRow(SQLModel, table=True):
    """An amount that was billed. A wrong one is taken back by another charge, never overwritten."""

    __tablename__ = "charge"

    id: str = Field(primary_key=True)
    subscription: str = Field(index=True)
    billing_account: str
    order_reference: str
    line_reference: str
    kind: str
    amount_minor: int = amount()
    currency: str
    status: str
    period_start: datetime = instant()
    position: int = position("charge")


class BilledItemRow(SQLModel, table=True):
    """The terms by which an offering of a contract is billed."""

    __tablename__ = "billed_item"

    billing_account: str = Field(primary_key=True, foreign_key="billing_account.id")
    contract_reference: str = Field(primary_key=True)
    offering: str = Field(primary_key=True)
    selling_model: str = Field(primary_key=True)
    unit_price_micros: int = amount()
    discount_basis_points: int | None = None
    payment_days: int
    starts_on: str
    """Billing keeps the local instant as text with its offset: `2026-11-25T01:00:00+01:00`."""
