"""Reading the emergency path: reviews that have to take place, windows that are open (R-4.7, R-21.3)."""

from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from domain.model import Model
from store.tables.emergency import BreakGlassRow, MeetingRow, ReviewRow


class ReviewView(Model):
    """A review: of what, why, until when, and what was found."""

    id: str
    subject: str
    what: str
    opened_by: str
    reason: str
    owner_group: str
    opened_at: datetime
    due_at: datetime
    overdue: bool
    reviewed_at: datetime | None
    reviewed_by: str
    sound: bool | None
    findings: str


class BoardRecord(Model):
    """An agenda item or minutes of a governance board about a change; who was there, by person id."""

    revision: int
    what: str
    text: str
    present: tuple[str, ...]
    meets_at: datetime | None
    recorded_by: str
    recorded_at: datetime


def reviews(session: Session, now: datetime, subject: str = "", waiting: bool = False) -> tuple[ReviewView, ...]:
    """Reviews, those that are due first; of one change, or only those that have not taken place."""
    query = select(ReviewRow).order_by(col(ReviewRow.due_at), col(ReviewRow.id))
    if subject:
        query = query.where(col(ReviewRow.subject) == subject)
    if waiting:
        query = query.where(col(ReviewRow.reviewed_at).is_(None))
    rows = session.execute(query).scalars()
    return tuple(_view(row, now) for row in rows)


def _view(row: ReviewRow, now: datetime) -> ReviewView:
    fields = {name: getattr(row, name) for name in ReviewView.model_fields}
    return ReviewView(**{**fields, "overdue": row.reviewed_at is None and row.due_at < now})


def overdue_reviews(session: Session, now: datetime) -> int:
    """How many reviews are due and have not been raised yet."""
    query = select(func.count()).where(
        col(ReviewRow.reviewed_at).is_(None), col(ReviewRow.due_at) < now, col(ReviewRow.overdue).is_(False)
    )
    return int(session.execute(query).scalar_one())


def window_until(session: Session, change: str, now: datetime) -> datetime | None:
    """Until when freezes do not hold a change back; None if no window is open."""
    query = select(col(BreakGlassRow.until_at)).where(
        col(BreakGlassRow.change) == change, col(BreakGlassRow.until_at) > now
    )
    return max(session.execute(query).scalars(), default=None)


def board_records(session: Session, change: str) -> tuple[BoardRecord, ...]:
    """What a governance board has recorded about a change, oldest first."""
    rows = session.execute(
        select(MeetingRow)
        .where(col(MeetingRow.change) == change)
        .order_by(col(MeetingRow.recorded_at), col(MeetingRow.id))
    ).scalars()
    return tuple(
        BoardRecord(
            revision=row.revision,
            what=row.what,
            text=row.text,
            present=tuple(row.present.split()),
            meets_at=row.meets_at,
            recorded_by=row.recorded_by,
            recorded_at=row.recorded_at,
        )
        for row in rows
    )
