"""Corrections that were applied: what was, what is now, and by which request it was agreed (R-17.1).

Shape: `approval_request` 1-0..1 `correction`; the reason is in what was asked, who agreed in its decisions.
"""

from datetime import datetime

from sqlmodel import Field, Index, SQLModel

from store.tables.columns import immutable, instant


@immutable
class CorrectionRow(SQLModel, table=True):
    """A field of a record was corrected; values as text, `key` as its columns between slashes.

    derived: canonical bytes, the figures that followed, each with record, key, field, before and after. Undoing one is
    another correction.
    """

    __tablename__ = "correction"
    __table_args__ = (Index("correction_record", "record", "key"), Index("correction_applied", "applied_at"))

    request: str = Field(primary_key=True, foreign_key="approval_request.id")
    type: str
    record: str
    key: str
    field: str
    original: str
    corrected: str
    derived: bytes
    requester: str
    applied_at: datetime = instant()
