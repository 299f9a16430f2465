"""The outbox: wake-ups for workflows, written with the change that causes them and claimed row by row (D1, D7)."""

from datetime import datetime

from sqlmodel import Field, Index, SQLModel

from store.tables.columns import instant


class OutboxRow(SQLModel, table=True):
    """One wake-up of one subject. Done when Temporal has accepted it.

    A lease keeps two processes from sending at once.
    """

    __tablename__ = "outbox"
    __table_args__ = (Index("outbox_waiting", "done", "leased_until"),)

    id: str = Field(primary_key=True)
    subject: str = Field(index=True)
    reason: str
    done: bool = False
    attempts: int = 0
    leased_until: datetime = instant()
    created_at: datetime = instant()
