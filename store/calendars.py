"""Loading working time: calendars as data, with the public holidays of their country (R-7.5)."""

from collections.abc import Callable
from datetime import date as LocalDate
from datetime import datetime, timedelta
from datetime import time as LocalTime

import holidays
from sqlalchemy import select
from sqlmodel import Session, col

from domain.errors import Invalid
from domain.working_time import WorkingTime
from store.tables.calendar import BusinessCalendarRow
from store.tables.directory import GroupRow

AHEAD = timedelta(days=400)
"""For so long ahead the holidays are kept with a plan; no stage waits longer."""
OF_GROUP = "group"


def calendars(session: Session, now: datetime) -> Callable[[str, str], WorkingTime | None]:
    """Finds the calendar that a stage names, or that of its first group when it names `group` (none: every clock).

    What it answers raises Invalid("unknown_calendar").
    """

    def find(name: str, group: str) -> WorkingTime | None:
        wanted = _of_group(session, group) if name == OF_GROUP else name
        if wanted is None:
            return None
        row = session.get(BusinessCalendarRow, wanted)
        if row is None:
            raise Invalid("unknown_calendar", f"There is no calendar {wanted!r}.", calendar=wanted)
        return working_time(row, now)

    return find


def _of_group(session: Session, group: str) -> str | None:
    return session.execute(select(col(GroupRow.calendar)).where(col(GroupRow.id) == group)).scalar()


def working_time(row: BusinessCalendarRow, now: datetime) -> WorkingTime:
    """A calendar as a plan keeps it: with the days off from now on. Raises Invalid("unknown_country")."""
    first = now.date()
    listed = {LocalDate.fromisoformat(day) for day in row.days_off.split()}
    public = public_holidays(row.country, row.subdivision, range(first.year, (now + AHEAD).year + 1))
    return WorkingTime(
        id=row.id,
        zone=row.zone,
        weekdays=tuple(int(day) for day in row.weekdays),
        opens=LocalTime.fromisoformat(row.opens),
        closes=LocalTime.fromisoformat(row.closes),
        days_off=tuple(sorted(day for day in listed | public if first <= day <= first + AHEAD)),
    )


def public_holidays(country: str, subdivision: str, years: range) -> set[LocalDate]:
    """The public holidays of a country (ISO 3166), none for no country. Raises Invalid("unknown_country")."""
    if not country:
        return set()
    try:
        return set(holidays.country_holidays(country, subdiv=subdivision or None, years=years))
    except NotImplementedError:
        place = f"{country}-{subdivision}" if subdivision else country
        raise Invalid("unknown_country", f"No public holidays are known for {place!r}.", country=place) from None
