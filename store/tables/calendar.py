"""Freezes: windows in which nothing takes effect (R-12.2)."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from store.tables.columns import instant


class FreezeRow(SQLModel, table=True):
    """No effect on this kind (`*`: any) in this market (`*`: any) between these instants, unless lifted."""

    __tablename__ = "freeze"

    id: str = Field(primary_key=True)
    kind: str
    market: str
    reason: str
    from_at: datetime = instant()
    until_at: datetime = instant()
    declared_by: str
    lifted_at: datetime | None = instant(default=None)
