"""Working time as people read it: the calendars and who works by which (R-7.5)."""

from collections.abc import Sequence
from datetime import date as LocalDate
from datetime import datetime
from datetime import time as LocalTime

from sqlalchemy import select
from sqlmodel import Session, col

from domain.model import Model
from store.calendars import working_time
from store.tables.calendar import BusinessCalendarRow
from store.tables.directory import GroupRow


class CalendarView(Model):
    """A calendar with its days off in the coming 400 days, public holidays among them, and the groups that use it."""

    id: str
    title: str
    zone: str
    weekdays: tuple[int, ...]
    opens: LocalTime
    closes: LocalTime
    country: str
    subdivision: str
    days_off: tuple[LocalDate, ...]
    groups: tuple[str, ...]


def calendar_list(session: Session, now: datetime) -> tuple[CalendarView, ...]:
    """Every calendar, by id."""
    groups = session.execute(select(GroupRow).where(col(GroupRow.calendar).is_not(None))).scalars().all()
    rows = session.execute(select(BusinessCalendarRow).order_by(col(BusinessCalendarRow.id))).scalars()
    return tuple(_view(row, groups, now) for row in rows)


def _view(row: BusinessCalendarRow, groups: Sequence[GroupRow], now: datetime) -> CalendarView:
    return CalendarView(
        title=row.title,
        country=row.country,
        subdivision=row.subdivision,
        groups=tuple(sorted(group.id for group in groups if group.calendar == row.id)),
        **working_time(row, now).model_dump(),
    )
