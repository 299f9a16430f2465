"""Access to personal data as people read it: who may read about whom, and whether it holds (R-7.11)."""

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from domain.model import Model
from store.directory import names
from store.tables.data_access import DataAccessRow

MOST = 200


class DataAccess(Model):
    """An access. standing: in force, over or ended. name, about_name: of the persons, as they may be told."""

    request: str
    person: str
    name: str
    about: str
    about_name: str
    granted_at: datetime
    until_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    standing: str


def data_access_list(session: Session, now: datetime) -> tuple[DataAccess, ...]:
    """Who may or might read what is kept about whom, latest first, at most 200; everybody may know that."""
    latest = select(DataAccessRow).order_by(col(DataAccessRow.granted_at).desc(), col(DataAccessRow.request).desc())
    rows = list(session.execute(latest.limit(MOST)).scalars())
    known = names(session, {person for row in rows for person in (row.person, row.about)})
    return tuple(
        DataAccess(
            **row.model_dump(), name=known[row.person], about_name=known[row.about], standing=_standing(row, now)
        )
        for row in rows
    )


def _standing(row: DataAccessRow, now: datetime) -> str:
    if row.ended_at is not None:
        return "ended"
    return "over" if row.until_at <= now else "in force"
