"""Notices: what somebody is told; a notice links to its subject and decides nothing (R-2.3, R-25.5)."""

from datetime import datetime

from sqlmodel import Field, Index, SQLModel

from store.tables.columns import immutable, instant


@immutable
class NoticeRow(SQLModel, table=True):
    """Told to a group or to a person (the other is empty), about a subject, as a code and one sentence."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("notice_group", "party_group", "created_at"),
        Index("notice_person", "person", "created_at"),
        Index("notice_subject", "subject"),
    )

    id: str = Field(primary_key=True)
    subject: str
    party_group: str
    person: str
    code: str
    message: str
    created_at: datetime = instant()
