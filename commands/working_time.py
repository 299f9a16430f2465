"""Commands of working time: the calendars by which reminders, escalations and expiries are counted (R-7.5)."""

import re
from datetime import time as LocalTime
from typing import Annotated

from pydantic import Field, StrictInt, ValidationError
from sqlalchemy import update

from commands.command import Authority, Control, command
from domain.change import visible
from domain.errors import Invalid, NotFound, Refused
from domain.given import Day, TimeOfDay
from domain.kinds.kind import first_error
from domain.model import Model
from store.calendars import working_time
from store.tables.calendar import BusinessCalendarRow
from store.tables.columns import table_of
from store.tables.directory import GroupRow
from store.unit_of_work import Transaction

MAY_SET = frozenset({"administrators", "revenue-operations"})


class CalendarEntry(Model):
    """A calendar: zone (IANA), days of the week (Monday is 0), opening hours, whose public holidays, further days off.

    groups: who works by it; they leave the calendar that they had.
    """

    id: Annotated[str, Field(pattern="^[a-z0-9-]{1,60}$")]
    title: Annotated[str, Field(min_length=1, max_length=120)]
    zone: Annotated[str, Field(min_length=1, max_length=60)]
    weekdays: Annotated[tuple[Annotated[StrictInt, Field(ge=0, le=6)], ...], Field(min_length=1)] = (0, 1, 2, 3, 4)
    opens: TimeOfDay = LocalTime(9, 0)
    closes: TimeOfDay = LocalTime(17, 0)
    country: Annotated[str, Field(pattern="^([A-Z]{2})?$")] = ""
    subdivision: Annotated[str, Field(max_length=10)] = ""
    days_off: Annotated[tuple[Day, ...], Field(max_length=200)] = ()
    groups: tuple[str, ...] = ()


@command(control=Control.OPERATION, authority=Authority.EXCLUSIVE)
def set_calendar(tx: Transaction, entry: CalendarEntry) -> str:
    """Write a calendar, new or anew; plans that are made already keep the working time that they were made with.

    Raises Refused("may_not_set_calendars"), Invalid("bad_calendar", "unknown_country"), NotFound("unknown_group").
    """
    tx.actor.as_person()
    if not tx.actor.groups & MAY_SET:
        raise Refused("may_not_set_calendars", f"Calendars are set by {', '.join(sorted(MAY_SET))}.")
    put_calendar(tx, entry)
    tx.record("calendar.set", f"calendar/{entry.id}", **entry.model_dump(mode="json", exclude={"id", "title"}))
    return entry.id


def put_calendar(tx: Transaction, entry: CalendarEntry) -> None:
    """Write a calendar as part of a command that records it."""
    row = BusinessCalendarRow(
        id=entry.id,
        title=visible(entry.title),
        zone=entry.zone,
        weekdays="".join(str(day) for day in sorted(set(entry.weekdays))),
        opens=entry.opens.isoformat("minutes"),
        closes=entry.closes.isoformat("minutes"),
        country=entry.country,
        subdivision=entry.subdivision,
        days_off=" ".join(day.isoformat() for day in entry.days_off),
    )
    try:
        working_time(row, tx.now)
    except ValidationError as error:
        raise Invalid("bad_calendar", re.sub("^Value error, ", "", first_error(error))) from None
    tx.session.merge(row)
    _give(tx, entry)


def _give(tx: Transaction, entry: CalendarEntry) -> None:
    for group in entry.groups:
        if tx.session.get(GroupRow, group) is None:
            raise NotFound("unknown_group", f"There is no group {group!r}.", group=group)
    table = table_of(GroupRow)
    tx.session.execute(update(table).where(table.c.calendar == entry.id).values(calendar=None))
    tx.session.execute(update(table).where(table.c.id.in_(entry.groups)).values(calendar=entry.id))
