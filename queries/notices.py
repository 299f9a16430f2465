"""Reading notices: what a person is told, directly or through a group, newest first (R-2.3)."""

from datetime import datetime

from sqlalchemy import or_, select
from sqlmodel import Session, col

from domain.model import Model
from domain.party import Actor
from store.tables.notice import NoticeRow


class NoticeView(Model):
    """What somebody is told about a subject, and through which group (empty: in person)."""

    id: str
    subject: str
    party_group: str
    code: str
    message: str
    created_at: datetime


def notices(session: Session, actor: Actor, limit: int) -> tuple[NoticeView, ...]:
    """What the acting person is told, newest first."""
    rows = session.execute(
        select(NoticeRow)
        .where(or_(col(NoticeRow.person) == actor.party, col(NoticeRow.party_group).in_(actor.groups)))
        .order_by(col(NoticeRow.created_at).desc(), col(NoticeRow.id))
        .limit(limit)
    ).scalars()
    return tuple(NoticeView(**{name: getattr(row, name) for name in NoticeView.model_fields}) for row in rows)
