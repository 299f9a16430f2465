"""Change requests, their immutable revisions and the evidence found for each (R-4.1, R-4.4)."""

from datetime import datetime

from sqlmodel import Field, Index, SQLModel

from store.tables.columns import amount, immutable, instant


class ChangeRow(SQLModel, table=True):
    """A change request as it stands. `version` counts its writes, `seen_version` is what the workflow has seen (D1)."""

    __tablename__ = "change_request"
    __table_args__ = (
        Index("change_open", "closed", "deadline_at"),
        Index("change_list", "created_at", "id"),
        Index("change_sum", "requester", "created_at", "affected_quotes"),
    )

    id: str = Field(primary_key=True)
    kind: str
    title: str
    state: str = Field(index=True)
    closed: bool = False
    revision: int = 1
    tier: int | None = None
    owner_group: str
    requester: str
    """Person id, or the account id of a machine."""
    account: str
    version: int = 1
    seen_version: int = 0
    state_since: datetime = instant()
    opened_at: datetime | None = instant(default=None)
    """Since when the approval of the current revision waits for people."""
    deadline_at: datetime | None = instant(default=None)
    """When time will do the next thing to it."""
    created_at: datetime = instant()
    reverts: str | None = None
    affected_quotes: int = 0
    """Open quotes that the change was found to move; 0 again when it comes to nothing (R-3.3)."""
    emergency: bool = False
    standard: str = ""
    """The template, exactly as approved, under which nobody was asked; empty for all other changes (R-3.5)."""
    authored: str = "business"
    """business or engineering (R-3.6)."""


class TouchRow(SQLModel, table=True):
    """Something that the current revision of a change touches: an artifact, an entry of one, an offering (R-4.5).

    subject: `artifact:<id>`, `entry:<artifact>/<entry>`, `offering:<id>`, or `all:<artifact>` for an entry that names
    no offering. start_micros: a list price as it was.
    """

    __tablename__ = "change_touch"
    __table_args__ = (Index("touch_subject", "subject"),)

    change: str = Field(primary_key=True, foreign_key="change_request.id")
    subject: str = Field(primary_key=True)
    start_micros: int | None = amount(default=None)


@immutable
class RevisionRow(SQLModel, table=True):
    """The exact content of a change at one moment: stored bytes, their digest, who wrote them."""

    __tablename__ = "change_revision"

    change: str = Field(primary_key=True, foreign_key="change_request.id")
    number: int = Field(primary_key=True)
    content: bytes
    digest: str
    author: str
    created_at: datetime = instant()


@immutable
class EvidenceRow(SQLModel, table=True):
    """The recorded result of a control, bound to the revision and the bases that it ran on.

    control: plan, impact, simulation, confirmation, delivery check. `file`: digest of a long list in the file store.
    """

    __tablename__ = "evidence"
    __table_args__ = (Index("evidence_lookup", "change", "revision", "control", "number"),)

    id: str = Field(primary_key=True)
    change: str
    revision: int
    control: str
    number: int
    body: bytes
    digest: str
    file: str | None = None
    created_at: datetime = instant()


class CaseRow(SQLModel, table=True):
    """Something that stopped and waits for a person: a failed step, an unsatisfiable plan, a target that differs."""

    __tablename__ = "fallout_case"
    __table_args__ = (Index("case_open", "subject", "step", "closed_at"),)

    id: str = Field(primary_key=True)
    subject: str
    step: str
    code: str
    message: str
    owner_group: str
    attempts: int = 1
    opened_at: datetime = instant()
    closed_at: datetime | None = instant(default=None)
    resolution: str = ""
