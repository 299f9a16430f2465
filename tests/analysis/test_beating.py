"""Steps beat while they work, end their statements when nobody wants them, and few analyses run at once."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest
from temporalio.activity import ActivityCancellationDetails
from temporalio.testing import ActivityEnvironment

from activities import house
from activities.beating import Beating, beaten, tell
from activities.payloads import StepInput
from activities.runtime import plugin
from analysis import simulation
from analysis.engine import AT_ONCE, Limits, engine, workspace
from commands.changes import withdraw_change
from domain.errors import Unavailable
from store.snapshots import SnapshotFiles
from tests.builders import REQUESTER, Business

SMALL = Limits("100MB", 1)
ENDLESS = "SELECT count(*) FROM range(5000000000) WHERE range % 7 = 3"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.beating.BEAT", 0.02)


def endless() -> None:
    with workspace(SMALL) as (connection, _):
        connection.execute(ENDLESS)


def pieces() -> Iterator[int]:
    yield 1
    endless()


def made_ahead() -> None:
    """As a wide simulation works: what is priced is made in another thread than it is merged in."""
    made = iter(simulation.some_ahead(pieces()))  # type: ignore[arg-type]
    assert next(made) == 1
    next(made)


def test_a_step_beats_and_tells_how_far_it_is_whatever_it_is_busy_with() -> None:
    environment, beats = ActivityEnvironment(), list[Any]()
    environment.on_heartbeat = lambda *details: beats.append(details)

    def step() -> None:
        time.sleep(0.1)
        tell(3, 4)
        time.sleep(0.1)

    environment.run(beaten(step))
    assert beats[0] == () and beats[-1] == (3, 4)
    after = len(beats)
    time.sleep(0.1)
    assert len(beats) == after, "nothing beats for a step that has ended"


def test_every_worker_beats_for_its_steps_and_a_lost_one_is_noticed_within_half_a_minute() -> None:
    assert any(isinstance(one, Beating) for one in plugin().interceptors or ())
    for preset in (house.REGULAR, house.ANALYSIS, house.PART, house.BULK):
        assert preset["heartbeat_timeout"] <= timedelta(seconds=30)


@pytest.mark.parametrize("work", [endless, made_ahead])
@pytest.mark.parametrize("why", ["cancel_requested", "worker_shutdown"])
def test_a_step_that_is_cancelled_ends_the_statement_that_it_runs(work: Any, why: str) -> None:
    environment = ActivityEnvironment()
    environment.cancel(ActivityCancellationDetails(**{why: True}))
    with pytest.raises(duckdb.InterruptException):
        environment.run(beaten(work))


def test_a_step_with_much_time_ends_when_its_change_is_withdrawn(
    business: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = business.draft()
    business.submit(change)

    def work(*_: Any) -> None:
        withdraw_change(business.gateway, business.call(REQUESTER), change, "not wanted after all", None)
        endless()

    monkeypatch.setattr("activities.change.assess", work)
    at = business.at(change)
    given = StepInput(change=change, revision=at.revision, state=at.state, version=at.version)
    step = partial(business.steps().assess_change, given)
    assert ActivityEnvironment().run(beaten(step)).state == "withdrawn"


def test_few_wide_analyses_run_at_once_and_others_wait_or_are_told(tmp_path: Path) -> None:
    files = SnapshotFiles(str(tmp_path))
    with ExitStack() as others:
        for _ in range(AT_ONCE):
            others.enter_context(engine(files, SMALL))
        with pytest.raises(Unavailable) as caught, engine(files, Limits("100MB", 1, patience=1)):
            pytest.fail("there was a place for it")
        assert caught.value.code == "analysis_busy"
    with engine(files, Limits("100MB", 1, patience=1)) as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
