"""Loading who may read what is kept about whom, and what that is (R-7.11, R-24.4)."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlmodel import Session, SQLModel, col

from domain.model import Model
from store.tables.approval import CommentRow, DecisionRow, ParticipationRow, RemarkRow, RemarkTextRow
from store.tables.change import ChangeRow
from store.tables.data_access import DataAccessRow
from store.tables.delegation import DelegationRow
from store.tables.directory import AccountRow, MembershipRow, PersonRow, SessionRow
from store.tables.notice import NoticeRow
from store.tables.request import RequestRow

KIND = "data_access"


class PersonalData(Model):
    """All that the installation keeps about a person, by where it is kept: rows of named columns.

    The audit chains hold ids and salted digests only, so that they are no part of it (D15).
    """

    person: str
    name: str
    active: bool
    groups: tuple[str, ...]
    records: Mapping[str, tuple[dict[str, Any], ...]]


def access_in_force(session: Session, person: str, about: str, now: datetime) -> DataAccessRow | None:
    """The access that lets a person read about another one now; of several the one that holds longest."""
    rows = select(DataAccessRow).where(
        col(DataAccessRow.person) == person,
        col(DataAccessRow.about) == about,
        col(DataAccessRow.ended_at).is_(None),
        col(DataAccessRow.until_at) > now,
    )
    return session.execute(rows.order_by(col(DataAccessRow.until_at).desc())).scalars().first()


def personal_data(session: Session, row: PersonRow) -> PersonalData:
    """What is kept about a person now, as stored."""
    held = select(col(MembershipRow.party_group)).where(col(MembershipRow.person) == row.id)
    return PersonalData(
        person=row.id,
        name=row.name,
        active=row.active,
        groups=tuple(sorted(session.execute(held).scalars())),
        records={name: tuple(found) for name, found in _records(session, row.id)},
    )


def _records(session: Session, person: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    accounts = select(col(AccountRow.id)).where(col(AccountRow.person) == person)
    yield "accounts", _rows(session, AccountRow, col(AccountRow.person) == person)
    yield "sessions", _rows(session, SessionRow, col(SessionRow.account).in_(accounts))
    yield "changes", _rows(session, ChangeRow, col(ChangeRow.requester) == person)
    yield "requests", _rows(session, RequestRow, col(RequestRow.requester) == person)
    yield "decisions", _said(session, DecisionRow, CommentRow, person)
    yield "remarks", _said(session, RemarkRow, RemarkTextRow, person)
    yield "participation", _rows(session, ParticipationRow, col(ParticipationRow.person) == person)
    lent = or_(col(DelegationRow.delegator) == person, col(DelegationRow.delegate) == person)
    yield "delegations", _rows(session, DelegationRow, lent)
    yield "notices", _rows(session, NoticeRow, col(NoticeRow.person) == person)


TOLD: Mapping[type[SQLModel], tuple[str, ...]] = {
    AccountRow: ("id", "issuer", "subject", "active"),
    SessionRow: ("account", "created_at", "expires_at"),
    ChangeRow: ("id", "title", "state", "created_at"),
    RequestRow: ("id", "title", "state", "created_at"),
    DecisionRow: ("subject", "revision", "stage", "choice", "account", "represents", "decided_at"),
    RemarkRow: ("subject", "revision", "kind", "said_at"),
    ParticipationRow: ("subject", "role", "noted_by", "noted_at"),
    DelegationRow: ("id", "delegator", "delegate", "reason", "from_at", "until_at", "revoked_at"),
    NoticeRow: ("subject", "code", "message", "created_at"),
}
"""What of a row says something about the person; secrets and salts do not leave the database."""


def _rows(session: Session, table: type[SQLModel], condition: Any) -> list[dict[str, Any]]:
    columns = TOLD[table]
    found = session.execute(select(table).where(condition)).scalars()
    rows = [{name: getattr(row, name) for name in columns} for row in found]
    return sorted(rows, key=lambda row: [str(value) for value in row.values()])


def _said(session: Session, table: Any, texts: Any, person: str) -> list[dict[str, Any]]:
    """What somebody decided or said, with its text as long as that was not erased."""
    key = col(next(iter(texts.__table__.primary_key.columns)))
    pairs = select(table, texts.text).outerjoin(texts, key == table.id).where(table.person == person)
    rows = [
        {**{name: getattr(row, name) for name in TOLD[table]}, "text": text} for row, text in session.execute(pairs)
    ]
    return sorted(rows, key=lambda row: [str(value) for value in row.values()])
