"""Decisions, what became of them, who takes part, what was asked, and fired timers (D2, chapter 7).

What the gate does its arithmetic over is append-only: taking a decision back or handing it on is another row.
"""

from datetime import datetime

from sqlmodel import Field, Index, SQLModel, UniqueConstraint

from store.tables.columns import immutable, instant


@immutable
class DecisionRow(SQLModel, table=True):
    """One person's verdict in one stage, bound to the digests seen. The comment is erasable; its digest is not.

    represents, delegation: for whom a delegate acted, and by which delegation.
    """

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
    represents: str | None = None
    delegation: str | None = None


class CommentRow(SQLModel, table=True):
    """The text that belongs to a decision; can be erased without breaking the chain (D15)."""

    __tablename__ = "decision_comment"

    decision: str = Field(primary_key=True, foreign_key="decision.id")
    salt: str
    text: str


@immutable
class RecallRow(SQLModel, table=True):
    """A person took a decision of theirs back."""

    __tablename__ = "recall"

    decision: str = Field(primary_key=True, foreign_key="decision.id")
    person: str
    account: str
    recalled_at: datetime = instant()


@immutable
class StepUpRow(SQLModel, table=True):
    """An account was authenticated anew for one revision of one subject; one authentication gives one such proof.

    method: by the organisation, by a token of it, or by the development login; authenticated_at: wall clock.
    """

    __tablename__ = "step_up"
    __table_args__ = (
        UniqueConstraint("account", "authenticated_at"),
        Index("step_up_subject", "subject", "revision"),
    )

    id: str = Field(primary_key=True)
    account: str
    subject: str
    revision: int
    method: str
    authenticated_at: datetime = instant()


@immutable
class StepUpUseRow(SQLModel, table=True):
    """The decision that used a proof up: one row for each, so that the database itself lets none be used twice."""

    __tablename__ = "step_up_use"

    step_up: str = Field(primary_key=True, foreign_key="step_up.id")
    decision: str = Field(foreign_key="decision.id", unique=True)


@immutable
class ParticipationRow(SQLModel, table=True):
    """What a person has to do with a subject besides deciding on it.

    role: contributor, simulator, beneficiary (none of them may decide, R-7.3), or handed_on: in this stage of this
    revision the person has passed their say to `to_person`, who may pass it back. same_person, in `person/<id>`: an
    account of that person turned out to be this one's (D3).
    """

    __tablename__ = "participation"
    __table_args__ = (Index("participation_subject", "subject"),)

    id: str = Field(primary_key=True)
    subject: str
    person: str
    role: str
    revision: int | None = None
    stage: str | None = None
    to_person: str | None = None
    noted_by: str
    noted_at: datetime = instant()


@immutable
class RemarkRow(SQLModel, table=True):
    """A comment, a question, an answer to one (`about`), or the reason of what was done. Its text is erasable; its
    digest is not.

    kind: comment, question, answer; withdrawal, rollback, giving_up, handing_on.
    """

    __tablename__ = "remark"
    __table_args__ = (Index("remark_subject", "subject"),)

    id: str = Field(primary_key=True)
    subject: str
    revision: int
    kind: str
    about: str | None = None
    person: str
    text_digest: str
    said_at: datetime = instant()


class RemarkTextRow(SQLModel, table=True):
    """The text of a remark."""

    __tablename__ = "remark_text"

    remark: str = Field(primary_key=True, foreign_key="remark.id")
    salt: str
    text: str


@immutable
class FiredTimerRow(SQLModel, table=True):
    """A reminder, escalation or expiry that happened, once per level of a wait: each wait has instants of its own."""

    __tablename__ = "fired_timer"
    __table_args__ = (
        UniqueConstraint("subject", "revision", "stage", "what", "level", "due_at", name="fired_timer_once"),
    )

    id: str = Field(primary_key=True)
    subject: str
    revision: int
    stage: str
    what: str
    level: int
    due_at: datetime = instant()
    fired_at: datetime = instant()
