"""Signed checkpoints of the audit chains (D5a): without one outside the database a cut tail could not be found.

A checkpoint names the head of every chain at one moment, in a DSSE envelope signed with a key that is never in the
database. It is kept in the database and exported as a file; verification holds the chains against exported ones.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session

from domain.audit import FORMAT, ChainFault
from store.signing import Key, opened
from store.tables.audit import AuditRow
from store.tables.columns import table_of

PAYLOAD_TYPE = "application/vnd.mandate.checkpoint+json"
RECORDS = table_of(AuditRow)


def statement(session: Session, installation: str, now: datetime) -> dict[str, Any]:
    """The heads of all chains: subject -> [sequence, digest]."""
    newest = func.max(RECORDS.c.sequence).label("sequence")
    last = select(RECORDS.c.subject, newest).group_by(RECORDS.c.subject).subquery()
    rows = session.execute(
        select(RECORDS.c.subject, RECORDS.c.sequence, RECORDS.c.digest).join(
            last, (last.c.subject == RECORDS.c.subject) & (last.c.sequence == RECORDS.c.sequence)
        )
    )
    heads = {_ascii(row.subject): [row.sequence, row.digest] for row in rows}
    head = {"format": "checkpoint/1", "chains": FORMAT, "installation": installation}
    return {**head, "at": now.isoformat(), "heads": heads}


def exported(folder: Path, keys: Iterable[Key]) -> list[dict[str, Any]]:
    """The checkpoints of a folder, oldest first. Raises Invalid("not_signed") for one that no key has signed."""
    known = list(keys)
    files = sorted(folder.glob("*.checkpoint.json"))
    return [opened(file.read_bytes(), PAYLOAD_TYPE, known) for file in files]


def head_in(body: Mapping[str, Any], subject: str) -> tuple[int, str] | None:
    """The sequence and digest that a checkpoint saw at the head of a chain; None if it saw no such chain."""
    found = body["heads"].get(_ascii(subject))
    return (found[0], found[1]) if found else None


def missing_since(session: Session, body: Mapping[str, Any]) -> tuple[ChainFault, ...]:
    """Chains that no longer hold the head that a checkpoint saw: cut, rewritten or gone."""
    faults = []
    for subject, (sequence, digest) in sorted(body["heads"].items()):
        now = session.execute(
            select(RECORDS.c.digest).where(RECORDS.c.subject == _text(subject), RECORDS.c.sequence == sequence)
        ).scalar()
        if now is None:
            faults.append(ChainFault(subject=_text(subject), sequence=sequence, fault="the tail was cut"))
        elif now != digest:
            faults.append(ChainFault(subject=_text(subject), sequence=sequence, fault="differs from the checkpoint"))
    return tuple(faults)


def _ascii(subject: str) -> str:
    return subject.encode("unicode_escape").decode("ascii")


def _text(subject: str) -> str:
    return subject.encode("ascii").decode("unicode_escape")
