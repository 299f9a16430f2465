"""Working time: a calendar as data, and the instant at which a duration of working time is over (R-7.5)."""

from collections.abc import Iterator
from datetime import date as LocalDate
from datetime import datetime, timedelta
from datetime import time as LocalTime
from typing import Annotated, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, model_validator

from domain.model import Model

UTC = ZoneInfo("UTC")
LONGEST_DAYS = 3660


def known_zone(name: str) -> str:
    """An IANA time zone name. Raises ValueError."""
    if name not in available_timezones():
        raise ValueError(f"{name!r} is not a time zone")
    return name


class WorkingTime(Model):
    """When a group of people works: zone, days of the week (Monday is 0), local opening hours, days off.

    The days off are resolved when a plan is made and kept with it, so that a timer never moves because a library of
    holidays did.
    """

    id: Annotated[str, Field(pattern="^[a-z0-9-]{1,60}$")]
    zone: Annotated[str, AfterValidator(known_zone)]
    weekdays: Annotated[tuple[Annotated[int, Field(ge=0, le=6)], ...], Field(min_length=1)] = (0, 1, 2, 3, 4)
    opens: LocalTime = LocalTime(9, 0)
    closes: LocalTime = LocalTime(17, 0)
    days_off: tuple[LocalDate, ...] = ()

    @model_validator(mode="after")
    def _has_hours(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError("working hours begin before they end")
        return self

    def after(self, start: datetime, seconds: int) -> datetime:
        """The instant (UTC) at which so many seconds of working time since `start` are over.

        Raises OverflowError when ten years are not enough.
        """
        left = timedelta(seconds=seconds)
        for opens, closes in self._days(start):
            begin = max(opens, start)
            if begin + left <= closes:
                return begin + left
            left -= max(closes - begin, timedelta())
        raise OverflowError(f"{seconds} seconds of working time take more than ten years in calendar {self.id}")

    def _days(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The working days from the one of `start` on, each as the instants of opening and closing."""
        zone, off = ZoneInfo(self.zone), frozenset(self.days_off)
        first = start.astimezone(zone).date()
        for number in range(LONGEST_DAYS):
            day = first + timedelta(days=number)
            if day.weekday() in self.weekdays and day not in off:
                yield (
                    datetime.combine(day, self.opens, zone).astimezone(UTC),
                    datetime.combine(day, self.closes, zone).astimezone(UTC),
                )


def after(calendar: WorkingTime | None, start: datetime, seconds: int) -> datetime:
    """When a duration is over: working time of a calendar, or without one the time of every clock."""
    return start + timedelta(seconds=seconds) if calendar is None else calendar.after(start, seconds)
