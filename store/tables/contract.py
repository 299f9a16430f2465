"""Contracts and their terms, one record for each offering agreed (R-18.6).

Shape: `contract` 1-n `contract_term` (contract, offering, selling_model), each pinned to the price version agreed on.
"""

from datetime import datetime

from sqlmodel import Field, SQLModel

from store.tables.columns import amount, immutable, instant, position


class ContractRow(SQLModel, table=True):
    """A contract as it stands."""

    __tablename__ = "contract"

    id: str = Field(primary_key=True)
    customer: str = Field(index=True)
    billing_account: str
    quote: str = Field(index=True)
    market: str
    currency: str
    status: str
    starts_at: datetime = instant()
    ends_at: datetime = instant()
    position: int = position("contract")


@immutable
class ContractTermRow(SQLModel, table=True):
    """What was agreed for one offering. Other terms are another contract."""

    __tablename__ = "contract_term"

    contract: str = Field(primary_key=True, foreign_key="contract.id")
    offering: str = Field(primary_key=True)
    selling_model: str = Field(primary_key=True)
    unit_price_micros: int = amount()
    discount_basis_points: int
    payment_days: int
    price_version: int
