"""The audit chain of a subject: each record's digest covers the record before it (D5a, R-24.1)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import bindparam, desc, func, insert, select
from sqlmodel import Session, col

from domain.audit import FORMAT, GENESIS, AuditRecord, ChainFault, Link, about, chain_faults, chained
from domain.canonical import parse
from domain.party import SYSTEM
from store.tables.audit import AuditRow
from store.tables.columns import table_of

RECORDS = table_of(AuditRow)
WRITE = insert(RECORDS)
HEAD = (
    select(RECORDS.c.sequence, RECORDS.c.digest)
    .where(RECORDS.c.subject == bindparam("subject"))
    .order_by(desc(RECORDS.c.sequence))
    .limit(1)
)

MINUTE = timedelta(minutes=1)
RECENT = select(func.count()).where(RECORDS.c.subject == bindparam("subject"), RECORDS.c.at > bindparam("since"))
BY_SOMEBODY = (
    select(RECORDS.c.body)
    .where(RECORDS.c.subject == bindparam("subject"), RECORDS.c.actor != SYSTEM.account)
    .order_by(desc(RECORDS.c.sequence))
    .limit(1)
)
RECENT_OF_ACTION = RECENT.where(RECORDS.c.action == bindparam("action"))


def append(session: Session, record: AuditRecord, now: datetime) -> int:
    """Append a record to its subject's chain and return its sequence number."""
    head = session.execute(HEAD, {"subject": record.subject}).first()
    sequence, previous = (head[0] + 1, head[1]) if head else (1, GENESIS)
    body, digest = chained(record, now, sequence, previous)
    values = {
        "subject": record.subject,
        "sequence": sequence,
        "at": now,
        "action": record.action,
        "actor": record.actor,
        "outcome": record.outcome,
        "about": about(record.outcome, record.details),
        "body": body,
        "previous": previous,
        "digest": digest,
        "format": FORMAT,
    }
    session.execute(WRITE, values)
    return sequence


def in_last_minute(session: Session, subject: str, now: datetime, action: str | None = None) -> int:
    """How many records, of one action or of all, a chain got in the minute before `now`: what floods it is bounded."""
    counted = RECENT if action is None else RECENT_OF_ACTION
    wanted = {"subject": subject, "since": now - MINUTE, "action": action}
    found: int = session.execute(counted, wanted).scalar_one()
    return found


def last_request(session: Session, subject: str) -> str:
    """The request by which somebody moved a subject last, as its chain tells; empty where only the system has."""
    body = session.execute(BY_SOMEBODY, {"subject": subject}).scalar()
    return "" if body is None else str(parse(body.decode())["request"])


def verify(session: Session, subject: str | None = None) -> tuple[ChainFault, ...]:
    """Every place where the chain of a subject (or of all) does not hold."""
    return tuple(chain_faults(links(session, subject)))


def links(session: Session, subject: str | None = None) -> Iterator[Link]:
    """The records of a subject (or of all), subject by subject, each by sequence."""
    query = select(AuditRow).order_by(col(AuditRow.subject), col(AuditRow.sequence))
    if subject is not None:
        query = query.where(col(AuditRow.subject) == subject)
    return map(link_of, session.execute(query).scalars().yield_per(1000))


def attempts(session: Session, subject: str) -> Iterator[Link]:
    """Refused calls about a subject; they stand on the chains of those who tried (R-7.9)."""
    query = select(AuditRow).where(col(AuditRow.about) == subject).order_by(col(AuditRow.at), col(AuditRow.subject))
    return map(link_of, session.execute(query).scalars())


def link_of(row: AuditRow) -> Link:
    """A stored record as a link of its chain."""
    return Link(
        subject=row.subject,
        sequence=row.sequence,
        at=row.at.isoformat(),
        action=row.action,
        actor=row.actor,
        outcome=row.outcome,
        about=row.about,
        body=row.body.decode(),
        previous=row.previous,
        digest=row.digest,
    )
