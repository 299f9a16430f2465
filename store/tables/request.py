"""Requests that go through the approval engine and are no changes: exceptions to a freeze, delegations (R-7.11)."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from store.tables.columns import immutable, instant


class RequestRow(SQLModel, table=True):
    """A request as it stands. Its content is stored bytes that decisions are bound to, like a revision (D4)."""

    __tablename__ = "approval_request"

    id: str = Field(primary_key=True)
    kind: str
    title: str
    state: str = Field(index=True)
    closed: bool = False
    revision: int = 1
    tier: int
    owner_group: str
    requester: str
    account: str
    content: bytes
    plan: bytes
    version: int = 1
    seen_version: int = 0
    state_since: datetime = instant()
    opened_at: datetime | None = instant(default=None)
    deadline_at: datetime | None = instant(default=None)
    created_at: datetime = instant()


@immutable
class FreezeExceptionRow(SQLModel, table=True):
    """An approved exception: this change may take effect in spite of this freeze until the instant (R-12.3)."""

    __tablename__ = "freeze_exception"

    request: str = Field(primary_key=True, foreign_key="approval_request.id")
    freeze: str = Field(index=True)
    change: str
    """A change, or `*`: every change, which lifts the freeze until then."""
    until_at: datetime = instant()
    granted_at: datetime = instant()
