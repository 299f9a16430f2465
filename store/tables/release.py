"""What a release still owes: each market's instant, and the delivery to each target system (D2c, D6a)."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from store.tables.columns import instant


class PlannedActivationRow(SQLModel, table=True):
    """A market of a scheduled change and its instant; None is as soon as approved."""

    __tablename__ = "planned_activation"

    change: str = Field(primary_key=True, foreign_key="change_request.id")
    revision: int = Field(primary_key=True)
    market: str = Field(primary_key=True)
    due_at: datetime = instant()
    activated_at: datetime | None = instant(default=None)


class DeliveryRow(SQLModel, table=True):
    """What a target system was asked to hold and what is known of it: pending, confirmed, unknown, failed, differs."""

    __tablename__ = "delivery"

    change: str = Field(primary_key=True, foreign_key="change_request.id")
    target: str = Field(primary_key=True)
    artifact: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    market: str = Field(primary_key=True)
    state: str = Field(default="pending", index=True)
    attempts: int = 0
    detail: str = ""
    updated_at: datetime = instant()
