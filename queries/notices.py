"""Reading notices: what a person is told, directly or through a group, newest first (R-2.3)."""

from datetime import datetime

from sqlalchemy import or_, select
from sqlmodel import Session, col

from domain.model import Model
from domain.party import Actor
from queries.newest import newest
from store.tables.notice import NoticeRow


class NoticeView(Model):
    """What somebody is told about a subject, and through which group (empty: in person)."""

    id: str
    subject: str
    party_group: str
    code: str
    message: str
    created_at: datetime


class NoticePage(Model):
    """A page of notices, newest first, and the cursor of the next one (None at the end)."""

    items: tuple[NoticeView, ...]
    next: str | None


def notices(session: Session, actor: Actor, cursor: str | None, limit: int) -> NoticePage:
    """What the acting person is told, newest first. Raises Invalid("bad_cursor")."""
    query = select(NoticeRow).where(
        or_(col(NoticeRow.person) == actor.party, col(NoticeRow.party_group).in_(actor.groups))
    )
    rows, following = newest(session, query, NoticeRow, cursor, limit)
    items = tuple(NoticeView(**{name: getattr(row, name) for name in NoticeView.model_fields}) for row in rows)
    return NoticePage(items=items, next=following)
