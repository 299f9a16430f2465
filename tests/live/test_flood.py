"""A flood of signals stops no change: the small form; `make prove STEP=flood` lasts five minutes, on PostgreSQL (H4)."""

from pathlib import Path

import pytest

from tests.databases import EMPTY, PostgresDatabases
from tests.live.flood import MOST_EVENTS, PATIENCE, RATE, current_run, flooded, flowing, runs
from tests.live.outage import Stoppable, parked
from tests.live.platform import Platform
from tests.live.story import Story
from tests.live.test_doorbell import waiting
from tests.live.waiting import eventually

__all__ = ["waiting"]
SECONDS = 40


@pytest.mark.timeout(600)
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_flood_of_signals_stops_no_change_and_its_history_stays_short(
    platform: Platform, story: Story, waiting: str
) -> None:
    found = flooded(platform, story, waiting, seconds=SECONDS)
    assert found.longest < MOST_EVENTS


@pytest.mark.timeout(600)
def test_a_flood_while_the_database_is_gone_leaves_the_change_parked_in_runs_that_stay_short(
    server: Stoppable, temporal_address: str, tmp_path: Path
) -> None:
    login = PostgresDatabases(server).copy_of(EMPTY)
    with Platform(tmp_path, login, temporal_address) as platform:
        story = Story(platform)
        offering, channel = story.fresh_offering()
        change = story.propose_price(offering, channel=channel)
        story.until(change, "awaiting_approval")
        story.until_seen(change)
        first = platform.workflow(change, current_run)
        server.pause()
        # For as long as it takes: a slow machine takes fewer signals a second, and the history is long later.
        with flowing(platform, change, RATE, PATIENCE):
            eventually(lambda: platform.workflow(change, current_run) != first, bool, PATIENCE, "a new run")
        eventually(lambda: change in parked(platform), what="a change that is parked")
        server.resume()
        story.withdraw(change).raise_for_status()
        story.until(change, "withdrawn")
        lengths = [len(history) for history in runs(platform, change, first)]
        assert len(lengths) > 1, f"{lengths[0]} events and still the same run"
        assert max(lengths) < MOST_EVENTS, lengths
