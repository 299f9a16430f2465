"""The audit chain: one hash chain per subject, append-only, every record names format and key (D5a, R-24.1)."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from store.tables.columns import immutable, instant, serial


@immutable
class AuditRow(SQLModel, table=True):
    """One record. `body` is canonical.

    `digest` covers it and `previous`, so nothing can be changed, moved or left out.
    """

    __tablename__ = "audit_record"

    subject: str = Field(primary_key=True)
    sequence: int = Field(primary_key=True)
    at: datetime = instant(index=True)
    action: str = Field(index=True)
    actor: str = Field(index=True)
    outcome: str
    about: str | None = Field(default=None, index=True)
    """The subject that a refused call was about."""
    body: bytes
    previous: str
    digest: str
    format: str


@immutable
class CheckpointRow(SQLModel, table=True):
    """A signed statement of the heads of all chains at one moment; exported too, so that a cut tail is found."""

    __tablename__ = "audit_checkpoint"

    id: int | None = serial()
    at: datetime = instant()
    key_id: str
    envelope: bytes
