"""Working time by example: nights, weekends, days off, clock changes; and against counting minute by minute."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.working_time import WorkingTime, after

HOUR = 3600
BERLIN = WorkingTime(id="berlin", zone="Europe/Berlin", days_off=(date(2026, 12, 25),))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-25T08:00", 4, "2026-11-25T12:00"),
        ("2026-11-25T08:00", 8, "2026-11-25T16:00"),
        ("2026-11-25T08:00", 9, "2026-11-26T09:00"),
        ("2026-11-25T03:00", 1, "2026-11-25T09:00"),
        ("2026-11-25T20:00", 1, "2026-11-26T09:00"),
        ("2026-11-27T15:00", 2, "2026-11-30T09:00"),
        ("2026-11-28T12:00", 1, "2026-11-30T09:00"),
        ("2026-12-24T15:00", 2, "2026-12-28T09:00"),
        ("2026-03-27T15:00", 2, "2026-03-30T08:00"),
        ("2026-10-23T14:00", 2, "2026-10-26T09:00"),
    ],
    ids=["same day", "till closing", "over night", "before opening", "after closing", "over a weekend", "on a weekend", "over a day off", "summer time begins", "summer time ends"],
)  # fmt: skip
def test_a_duration_of_working_time_ends(start: str, hours: int, end: str) -> None:
    assert BERLIN.after(utc(start), hours * HOUR) == utc(end)


def test_without_a_calendar_every_hour_counts() -> None:
    assert after(None, utc("2026-11-28T12:00"), HOUR) == utc("2026-11-28T13:00")
    assert after(BERLIN, utc("2026-11-28T12:00"), HOUR) == utc("2026-11-30T09:00")


@given(
    st.integers(0, 20_000),
    st.integers(1, 4_000),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
)
def test_minute_by_minute_it_is_the_same(offset: int, minutes: int, zone: str) -> None:
    calendar = WorkingTime(
        id="any", zone=zone, weekdays=(0, 1, 2, 3, 5), opens=time(8, 30), closes=time(16), days_off=(date(2026, 3, 31),)
    )
    moment = start = utc("2026-03-20T00:00") + timedelta(minutes=offset)
    left = minutes
    while left:
        local = moment.astimezone(ZoneInfo(zone))
        works = local.weekday() in calendar.weekdays and local.date() not in calendar.days_off
        left -= works and calendar.opens <= local.time() < calendar.closes
        moment += timedelta(minutes=1)

    assert calendar.after(start, minutes * 60) == moment


@pytest.mark.parametrize(
    "wrong", [{"zone": "Europe/Bern"}, {"weekdays": ()}, {"weekdays": (7,)}, {"opens": time(17)}, {"id": "No Id"}]
)
def test_a_calendar_in_which_nobody_works_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        WorkingTime(**{"id": "any", "zone": "UTC", **wrong})


def test_what_takes_more_than_ten_years_is_refused() -> None:
    with pytest.raises(OverflowError):
        BERLIN.after(utc("2026-11-25T08:00"), 20_000 * 8 * HOUR)
