"""The earliest legal slot is legal and nothing before it is; stages follow each other as the plan says (R-4.3, R-12.3)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.approval_plan import Plan, Slot, Stage
from domain.artifact import EVERYWHERE
from domain.forecast import Closed, earliest, forecast, missing
from domain.judging import Consequence, Judged
from domain.simulation import Outcome
from domain.working_time import WorkingTime

MONDAY = datetime(2026, 11, 30, 8, tzinfo=UTC)
HOUR = 3600


def at(hours: int) -> datetime:
    return MONDAY + timedelta(hours=hours)


def stage(name: str, after: Sequence[str] | None = None, calendar: WorkingTime | None = None, hours: int = 8) -> Stage:
    return Stage(
        id=name,
        title=name,
        slots=(Slot(id="one", groups=("pricing",)),),
        inputs=("content",),
        after=None if after is None else tuple(after),
        calendar=calendar,
        remind_after=hours * HOUR,
        expire_after=100 * HOUR,
    )


def plan(*stages: Stage) -> Plan:
    return Plan(
        tier=2, reasons=(), policy="approval/standard", policy_version=1, confirm_within=900, impact_bound=0, stages=stages
    )  # fmt: skip


CLOSED = st.builds(
    lambda n, market, since, hours: Closed(
        freeze=f"freeze-{n}", market=market, since=at(since), until=at(since + hours)
    ),
    st.integers(0, 9),
    st.sampled_from(("DE", "CH", EVERYWHERE)),
    st.integers(-10, 30),
    st.integers(1, 20),
)


@given(st.lists(CLOSED, max_size=8), st.integers(0, 30), st.sampled_from(("DE", EVERYWHERE)))
def test_the_earliest_slot_is_the_first_hour_that_no_freeze_holds(
    periods: list[Closed], wanted: int, market: str
) -> None:
    periods.sort(key=lambda period: period.since)
    holds = [p for p in periods if market == EVERYWHERE or p.market in (market, EVERYWHERE)]
    free = next(h for h in range(wanted, 100) if not any(p.since <= at(h) < p.until for p in holds))

    found = earliest(market, at(wanted), periods)

    assert found.at == at(free)
    assert bool(found.after) == (free > wanted)


@pytest.mark.parametrize(
    ("stages", "hours"),
    [
        ((stage("a"), stage("b")), 16),
        ((stage("a"), stage("b", after=())), 8),
        ((stage("a", hours=2), stage("b", after=()), stage("c", after=("a", "b"))), 16),
        ((stage("a", calendar=WorkingTime(id="office", zone="UTC"), hours=10),), 27),
    ],
)
def test_a_decision_is_foreseen_by_the_reminders_of_its_stages(stages: tuple[Stage, ...], hours: int) -> None:
    found = forecast(plan(*stages), {"DE": None, "CH": at(40)}, (), timedelta(hours=24), MONDAY)

    assert found.decided_at == at(hours)
    assert {slot.market: slot.at for slot in found.slots} == {"DE": at(hours), "CH": at(40)}
    assert found.completed_at == at(64)


def test_what_only_warns_is_not_missing() -> None:
    found = [
        Judged(name=does, title=does.capitalize(), outcome=Outcome.INCONCLUSIVE, does=does) for does in Consequence
    ]
    assert [sentence.split(":")[0] for sentence in missing(plan(stage("a")), found, ())] == ["Hold", "Block"]
    assert len(missing(plan(stage("a")), (), ("unsatisfiable:owner",))) == 1
