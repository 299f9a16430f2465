"""A flood of signals stops no change: the small form; `make prove STEP=flood` lasts five minutes, on PostgreSQL (H4)."""

import pytest

from tests.live.flood import MOST_EVENTS, flooded
from tests.live.platform import Platform
from tests.live.story import Story
from tests.live.test_doorbell import waiting

__all__ = ["waiting"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_flood_of_signals_stops_no_change_and_its_history_stays_short(
    platform: Platform, story: Story, waiting: str
) -> None:
    found = flooded(platform, story, waiting, seconds=40)
    assert found.longest < MOST_EVENTS
