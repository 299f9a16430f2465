"""Decisions and fired timers: append-only, because the gate does its arithmetic over them (D2, R-7.5)."""

from datetime import datetime

from sqlmodel import Field, Index, SQLModel, UniqueConstraint

from store.tables.columns import immutable, instant


@immutable
class DecisionRow(SQLModel, table=True):
    """One person's verdict in one stage, bound to the digests seen. The comment is erasable; its digest is not."""

    __tablename__ = "decision"
    __table_args__ = (Index("decision_subject", "subject", "revision"),)

    id: str = Field(primary_key=True)
    subject: str
    revision: int
    stage: str
    person: str
    account: str
    choice: str
    inputs: bytes
    root: str
    comment_digest: str
    decided_at: datetime = instant()


class CommentRow(SQLModel, table=True):
    """The text that belongs to a decision; can be erased without breaking the chain (D15)."""

    __tablename__ = "decision_comment"

    decision: str = Field(primary_key=True, foreign_key="decision.id")
    salt: str
    text: str


@immutable
class FiredTimerRow(SQLModel, table=True):
    """A reminder, escalation or expiry that happened, once per level."""

    __tablename__ = "fired_timer"
    __table_args__ = (UniqueConstraint("subject", "revision", "stage", "what", "level"),)

    id: str = Field(primary_key=True)
    subject: str
    revision: int
    stage: str
    what: str
    level: int
    due_at: datetime = instant()
    fired_at: datetime = instant()
