"""Reconciliation runs, their immutable results, and the work that differences become (R-18.3, R-18.4)."""

from datetime import datetime

from sqlmodel import Field, Index, SQLModel

from store.tables.columns import immutable, instant


class ReconciliationRunRow(SQLModel, table=True):
    """A run of one pair: asked for, running, then done, failed or cancelled. `phase` is what it does just now."""

    __tablename__ = "reconciliation_run"
    __table_args__ = (Index("reconciliation_run_list", "created_at", "id"),)

    id: str = Field(primary_key=True)
    pair: str = Field(index=True)
    mode: str
    state: str
    phase: str = ""
    requested_by: str
    reason: str = ""
    code: str = ""
    created_at: datetime = instant()
    started_at: datetime | None = instant(default=None)
    finished_at: datetime | None = instant(default=None)
    deadline_at: datetime | None = instant(default=None)
    """When an unfinished run is woken again."""


@immutable
class ReconciliationResultRow(SQLModel, table=True):
    """What a run found: the stored bytes with their digest; the differences themselves are in a file, by digest."""

    __tablename__ = "reconciliation_result"

    run: str = Field(primary_key=True, foreign_key="reconciliation_run.id")
    body: bytes
    digest: str
    differences_file: str
    created_at: datetime = instant()


class ReconciliationWorkRow(SQLModel, table=True):
    """All differences of one kind in one pair, as work of their owner: opened once, until a run finds none.

    `first_run` saw them first and the deadline counts from there; `last_run` holds the list.
    """

    __tablename__ = "reconciliation_work"
    __table_args__ = (Index("reconciliation_work_open", "pair", "kind", "closed_at"),)

    id: str = Field(primary_key=True)
    pair: str
    kind: str
    """`missing_left`, `missing_right`, `repeated_left`, `repeated_right`, `unreadable_*`, or `field:<name>`."""
    severity: str
    owner: str
    owner_group: str
    records: int
    repair: str
    automatic: bool
    first_run: str
    last_run: str
    opened_at: datetime = instant()
    due_at: datetime = instant()
    closed_at: datetime | None = instant(default=None)
    closed_by: str = ""
