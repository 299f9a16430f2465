"""Searching the audit records and verifying the chains (R-24.1, R-24.3)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlmodel import Session, col

from domain.audit import ChainFault, Link, chain_faults
from domain.canonical import parse
from domain.errors import Invalid
from domain.given import instant, whole
from domain.model import Model
from store import audit, checkpoints
from store.tables.audit import AuditRow


class Wanted(Model):
    """Which records are looked for; None is any. `subject` also finds refused attempts on it, on others' chains."""

    subject: str | None = None
    actor: str | None = None
    action: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditEntry(Model):
    """One audit record. `about` names the subject of a refused attempt."""

    subject: str
    sequence: int
    at: datetime
    action: str
    actor: str
    person: str | None
    outcome: str
    about: str | None
    digest: str
    details: dict[str, Any]


class AuditPage(Model):
    """A page of records, newest first, and the cursor of the next one (None at the end)."""

    items: tuple[AuditEntry, ...]
    next: str | None


class Verification(Model):
    """Whether the chains hold: records read, checkpoints held against, and every place that is broken."""

    records: int
    checkpoints: int
    faults: tuple[ChainFault, ...]


def search(session: Session, wanted: Wanted, cursor: str | None, limit: int) -> AuditPage:
    """Records newest first. Raises Invalid("bad_cursor")."""
    query = select(AuditRow).where(*_conditions(wanted)).limit(limit + 1)
    query = query.order_by(col(AuditRow.at).desc(), col(AuditRow.subject).desc(), col(AuditRow.sequence).desc())
    if cursor:
        at, subject, sequence = _cursor(cursor)
        same = col(AuditRow.at) == at
        query = query.where(
            or_(
                col(AuditRow.at) < at,
                and_(same, col(AuditRow.subject) < subject),
                and_(same, col(AuditRow.subject) == subject, col(AuditRow.sequence) < sequence),
            )
        )
    rows = list(session.execute(query).scalars())
    shown = rows[:limit]
    following = f"{shown[-1].at.isoformat()}|{shown[-1].subject}|{shown[-1].sequence}" if len(rows) > limit else None
    return AuditPage(items=tuple(map(entry, shown)), next=following)


def _conditions(wanted: Wanted) -> list[Any]:
    found: list[Any] = []
    if wanted.subject:
        found.append(or_(col(AuditRow.subject) == wanted.subject, col(AuditRow.about) == wanted.subject))
    for column, value in (
        (col(AuditRow.actor), wanted.actor),
        (col(AuditRow.action), wanted.action),
        (col(AuditRow.outcome), wanted.outcome),
    ):
        if value:
            found.append(column == value)
    if wanted.since:
        found.append(col(AuditRow.at) >= wanted.since)
    if wanted.until:
        found.append(col(AuditRow.at) < wanted.until)
    return found


def _cursor(cursor: str) -> tuple[datetime, str, int]:
    at, _, rest = cursor.partition("|")
    subject, _, sequence = rest.rpartition("|")
    try:
        return instant(at), subject, whole(sequence)
    except ValueError:
        raise Invalid("bad_cursor", "This cursor was not given out by this list.") from None


def entry(row: AuditRow) -> AuditEntry:
    """A record as people read it."""
    body = parse(row.body)
    return AuditEntry(
        subject=row.subject,
        sequence=row.sequence,
        at=row.at,
        action=row.action,
        actor=row.actor,
        person=body["person"],
        outcome=row.outcome,
        about=row.about,
        digest=row.digest,
        details=body["details"],
    )


def verification(session: Session, subject: str | None, seen: Iterable[dict[str, Any]]) -> Verification:
    """Verify the chain of a subject, or all of them, also against exported checkpoints (statements, oldest first).

    Changes, deletions, insertions, reordering and swapped subjects show in the chain, a cut tail against a checkpoint.
    """
    count = 0

    def counted() -> Iterable[Link]:
        nonlocal count
        for found in audit.links(session, subject):
            count += 1
            yield found

    faults = list(chain_faults(counted()))
    bodies = list(seen)
    for body in bodies:
        faults += [fault for fault in checkpoints.missing_since(session, body) if subject in (None, fault.subject)]
    return Verification(records=count, checkpoints=len(bodies), faults=tuple(dict.fromkeys(faults)))
