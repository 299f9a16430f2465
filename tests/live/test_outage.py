"""The database is gone for a while: changes park where an operator sees it, and go on; nothing is lost (D12)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from activities.house import WAKE_SIGNAL
from activities.payloads import Wake
from tests.databases import EMPTY, PostgresDatabases
from tests.live import facts
from tests.live.outage import Stoppable, details, parked
from tests.live.platform import Platform
from tests.live.story import DAY, FINANCE, HOUR, OWNER, Story
from tests.live.waiting import eventually


@pytest.fixture
def platform(server: Stoppable, temporal_address: str, tmp_path: Path) -> Iterator[Platform]:
    with Platform(tmp_path, PostgresDatabases(server).copy_of(EMPTY), temporal_address) as running:
        yield running


@pytest.mark.timeout(200)
def test_changes_park_in_sight_while_the_database_is_gone_and_then_go_on(server: Stoppable, platform: Platform) -> None:
    story = Story(platform)
    (a, one), (b, two), (c, three) = (story.fresh_offering() for _ in range(3))
    asked = story.propose_price(a, channel=one)
    watched = story.monitored(b, channel=two, monitoring=6 * HOUR)
    due = story.scheduled(c, channel=three)
    story.until(asked, "awaiting_approval")
    story.until_seen(asked)
    instant = datetime.fromisoformat(story.view(due)["releases"][0]["due_at"])
    platform.travel_to(instant - timedelta(seconds=8))
    assert story.state(due) == "scheduled"

    server.pause()
    platform.workflow(asked, lambda handle: handle.signal(WAKE_SIGNAL, Wake(subject=asked, outbox_id="bell-forged")))
    eventually(lambda: parked(platform), lambda found: found >= {asked, due}, 60, "changes parked in sight")
    assert "database_unavailable" in details(platform, due)
    assert "Parked at: look at change" in details(platform, due)
    missing = httpx.get(f"{platform.url}/readyz", trust_env=False)
    assert (missing.status_code, list(missing.json()["missing"])) == (503, ["database"])
    unheard = platform.as_(OWNER).post(f"/api/changes/{asked}/withdraw", json={"reason": "now"})
    assert unheard.status_code == 503
    server.resume()

    story.until(due, "monitoring", seconds=60)
    eventually(lambda: parked(platform), lambda found: not found, 60, "nothing parked")
    for account in (OWNER, FINANCE):
        assert story.decide(asked, account).status_code == 201
    story.until(asked, "monitoring")
    for change in (asked, due):
        story.until_seen(change)
    platform.travel(2 * DAY)
    for change in (asked, due, watched):
        story.until(change, "completed")
        facts.assert_released_once(platform, change, ("DE",), story.timeline(change))
    facts.assert_nothing_hangs(platform)
