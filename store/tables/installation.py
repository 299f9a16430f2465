"""The installation itself (D13), its development clock (D9), its counters, and the keys of writes already done (D7)."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from store.tables.columns import amount, instant


class InstallationRow(SQLModel, table=True):
    """One row: who this installation is. Its id names the Temporal namespace."""

    __tablename__ = "installation"

    id: str = Field(primary_key=True)
    offset_seconds: int = amount(default=0)
    """How far people have travelled ahead of the database's clock; only development mode moves it."""


class CounterRow(SQLModel, table=True):
    """Numbers given out in a row, one counter per name."""

    __tablename__ = "counter"

    name: str = Field(primary_key=True)
    value: int = amount(default=0)


class MarketRow(SQLModel, table=True):
    """A market: its currency and its time zone."""

    __tablename__ = "market"

    code: str = Field(primary_key=True)
    name: str
    currency: str
    zone: str


class IdempotencyRow(SQLModel, table=True):
    """A write that was done: the same key answers the same, another body under it is refused."""

    __tablename__ = "idempotency_key"

    actor: str = Field(primary_key=True)
    operation: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    body_digest: str
    response: bytes | None = None
    created_at: datetime = instant(index=True)
