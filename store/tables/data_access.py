"""Access to what is kept about a person: who may read it, and until when (R-7.11, R-24.4).

Shape: `approval_request` 1-0..1 `data_access`.
"""

from datetime import datetime

from sqlmodel import Field, Index, SQLModel

from store.tables.columns import instant


class DataAccessRow(SQLModel, table=True):
    """`person` may read what is kept about `about` until the instant, unless it is ended before."""

    __tablename__ = "data_access"
    __table_args__ = (Index("data_access_person", "person", "about"),)

    request: str = Field(primary_key=True, foreign_key="approval_request.id")
    person: str = Field(foreign_key="person.id")
    about: str = Field(foreign_key="person.id")
    granted_at: datetime = instant()
    until_at: datetime = instant()
    ended_at: datetime | None = instant(default=None)
    ended_by: str | None = None
