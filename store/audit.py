"""The audit chain of a subject: each record's digest covers the record before it (D5a, R-24.1)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, desc, insert, select
from sqlmodel import Session, col

from domain.canonical import canonical, digest_of, parse
from domain.model import Model
from store.tables.audit import AuditRow
from store.tables.columns import table_of

FORMAT = "audit/1"
GENESIS = "sha256:" + "0" * 64


class AuditRecord(Model):
    """What happened: who did what to which subject, with which outcome; `details` holds ids, digests and counts."""

    subject: str
    action: str
    actor: str
    person: str | None
    outcome: str
    request: str
    details: Mapping[str, Any]


class ChainFault(Model):
    """Where a chain does not hold, and how."""

    subject: str
    sequence: int
    fault: str


RECORDS = table_of(AuditRow)
WRITE = insert(RECORDS)
HEAD = (
    select(RECORDS.c.sequence, RECORDS.c.digest)
    .where(RECORDS.c.subject == bindparam("subject"))
    .order_by(desc(RECORDS.c.sequence))
    .limit(1)
)


def append(session: Session, record: AuditRecord, now: datetime) -> int:
    """Append a record to its subject's chain and return its sequence number."""
    head = session.execute(HEAD, {"subject": record.subject}).first()
    sequence, previous = (head[0] + 1, head[1]) if head else (1, GENESIS)
    body = canonical({**record.model_dump(mode="json"), "at": now.isoformat(), "sequence": sequence, "format": FORMAT})
    values = {
        "subject": record.subject,
        "sequence": sequence,
        "at": now,
        "action": record.action,
        "actor": record.actor,
        "outcome": record.outcome,
        "body": body,
        "previous": previous,
        "digest": link(previous, body),
        "format": FORMAT,
    }
    session.execute(WRITE, values)
    return sequence


def link(previous: str, body: bytes) -> str:
    """The digest that chains a record to the one before it."""
    return digest_of(previous.encode() + b"\n" + body)


def verify(session: Session, subject: str | None = None) -> tuple[ChainFault, ...]:
    """Every place where the chain of a subject (or of all) does not hold.

    That is, a record was changed, left out, moved or belongs to another subject.
    """
    query = select(AuditRow).order_by(col(AuditRow.subject), col(AuditRow.sequence))
    if subject is not None:
        query = query.where(col(AuditRow.subject) == subject)
    faults: list[ChainFault] = []
    chain, sequence, previous = "", 0, GENESIS
    for row in session.execute(query).scalars().yield_per(1000):
        if row.subject != chain:
            chain, sequence, previous = row.subject, 0, GENESIS
        sequence += 1
        if fault := _fault(row, sequence, previous):
            faults.append(ChainFault(subject=row.subject, sequence=row.sequence, fault=fault))
            sequence = row.sequence
        previous = row.digest
    return tuple(faults)


def _fault(row: AuditRow, sequence: int, previous: str) -> str | None:
    if row.sequence != sequence:
        return f"record {sequence} is missing"
    if row.previous != previous:
        return "does not follow the record before it"
    if row.digest != link(row.previous, row.body):
        return "its content does not match its digest"
    body = parse(row.body)
    stated = (body["subject"], body["sequence"], body["action"], body["actor"], body["outcome"], body["at"])
    if stated != (row.subject, row.sequence, row.action, row.actor, row.outcome, row.at.isoformat()):
        return "its columns do not match its content"
    return None
