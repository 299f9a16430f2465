"""Calendars as data: set by those who may, named by stages, kept with the plan; what is due after an outage comes in one step."""

from datetime import date, datetime, time
from typing import Any

import pytest

from commands.approvals import advance_timers
from commands.working_time import CalendarEntry, set_calendar
from domain.approval_plan import Plan, Timer
from domain.errors import MandateError
from policies.content import seed_policy
from policies.plan import Tiering, plan_for
from policies.table import Row, Table
from queries.working_time import calendar_list
from store.calendars import calendars, public_holidays
from tests.builders import ADMINISTRATOR, FINANCE, MACHINE, Business

HOUR = 3600


def refused(work: Any) -> str:
    with pytest.raises(MandateError) as caught:
        work()
    return caught.value.code


def entry(**fields: Any) -> CalendarEntry:
    return CalendarEntry(
        **{"id": "zurich", "title": "Zurich", "zone": "Europe/Zurich", "country": "CH", "subdivision": "ZH", **fields}
    )


def put(business: Business, by: str = ADMINISTRATOR, **fields: Any) -> str:
    return set_calendar(business.gateway, business.call(by), entry(**fields))


def test_the_example_business_works_in_two_offices(business: Business) -> None:
    with business.database.reading() as session:
        found = {one.id: one for one in calendar_list(session, datetime.fromisoformat("2026-12-01T00:00+00:00"))}

    assert "finance" in found["london"].groups
    assert (found["berlin"].zone, found["berlin"].opens, found["berlin"].weekdays) == (
        "Europe/Berlin",
        time(9),
        (0, 1, 2, 3, 4),
    )
    assert {date(2026, 12, 25), date(2026, 12, 26), date(2027, 3, 8)} <= set(found["berlin"].days_off)


def test_a_group_works_by_the_calendar_that_was_set_last(business: Business) -> None:
    put(business, groups=("finance",), days_off=("2026-12-31",))

    with business.database.reading() as session:
        now = business.database.now(session)
        find = calendars(session, now)
        of_group, named, none = find("group", "finance"), find("berlin", "finance"), find("group", "nobody")
    assert of_group is not None and named is not None
    assert (of_group.id, named.id, none) == ("zurich", "berlin", None)
    put(business)
    with business.database.reading() as session:
        assert calendars(session, now)("group", "finance") is None
        assert refused(lambda: calendars(session, now)("mars", "finance")) == "unknown_calendar"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"by": FINANCE}, "may_not_set_calendars"),
        ({"by": MACHINE}, "machine_may_not"),
        ({"zone": "Europe/Bern"}, "bad_calendar"),
        ({"opens": "17:00", "closes": "09:00"}, "bad_calendar"),
        ({"country": "XX", "subdivision": ""}, "unknown_country"),
        ({"subdivision": "QQ"}, "unknown_country"),
        ({"groups": ("nobody",)}, "unknown_group"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused_and_nothing_is_written(
    business: Business, fields: dict[str, Any], code: str
) -> None:
    assert refused(lambda: put(business, **fields)) == code

    with business.database.reading() as session:
        assert [one.id for one in calendar_list(session, business.database.now(session))] == ["berlin", "london"]


def test_no_country_has_no_holidays() -> None:
    assert public_holidays("", "", range(2026, 2027)) == set()


def test_a_stage_counts_the_working_time_that_it_names_and_the_plan_keeps_it(business: Business) -> None:
    rule = {
        "id": "finance",
        "title": "Finance",
        "groups": ["finance"],
        "inputs": ["operations"],
        "remind_after": 8,
        "expire_after": 80,
        "calendar": "group",
    }
    policy = seed_policy().model_copy(
        update={"stages": Table(columns=("tier",), rows=(Row(id="all", when={}, then={"stages": [rule]}),))}
    )
    friday = datetime.fromisoformat("2026-12-24T15:00+00:00")
    with business.database.reading() as session:
        plan = plan_for(
            policy,
            ("approval/standard", 1),
            Tiering(tier=2, row=None, because="a test"),
            "pricing",
            calendars(session, friday),
        )

    found = Plan.model_validate_json(plan.model_dump_json()).stages[0].calendar
    assert found is not None
    assert found.id == "london"
    assert found.after(friday, 8 * HOUR) == datetime.fromisoformat("2026-12-29T14:30+00:00")


def timers_until(business: Business, change: str, days: float) -> tuple[Timer, ...]:
    business.travel(int(days * 24 * HOUR))
    return advance_timers(business.gateway, business.system(), change).fired


def test_after_an_outage_overdue_levels_come_in_one_step_and_never_again(business: Business) -> None:
    change = business.awaiting()

    fired = timers_until(business, change, 5)

    assert [(timer.what, timer.level) for timer in fired] == [("reminder", 1), ("escalation", 1)]
    assert [entry.action for entry in business.timeline(change)].count("change.timers") == 1
    assert timers_until(business, change, 1) == ()
    assert business.at(change).due_at is not None
    assert business.at(change).state == "awaiting_approval"
    assert [timer.what for timer in timers_until(business, change, 14)] == ["expiry"]
    assert business.at(change).state == "expired"
