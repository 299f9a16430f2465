"""Everything that Temporal kept is lost; the open changes go on from what the database says (D8)."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from activities.doorbell import ring
from cli.platform.temporal_namespace import ensure_namespace
from cli.platform.temporal_service import TemporalService
from commands.bookkeeping import note_rung
from commands.command import Call, Gateway
from commands.rebuild import wake_open_changes
from domain.party import SYSTEM
from tests.databases import EMPTY, Databases
from tests.live import facts
from tests.live.platform import Platform
from tests.live.story import DAY, FINANCE, OWNER, REQUESTER, Story, fired
from tests.live.waiting import eventually


@pytest.fixture
def service(tmp_path: Path) -> Iterator[TemporalService]:
    """A Temporal service of this test alone, whose files it may delete."""
    running = TemporalService(tmp_path / "temporal", time_skipping=True)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def platform(databases: Databases, service: TemporalService, tmp_path: Path) -> Iterator[Platform]:
    with Platform(tmp_path, databases.copy_of(EMPTY), service.address) as running:
        yield running


def wipe(service: TemporalService, platform: Platform) -> None:
    """Lose everything that Temporal kept, and start it empty; the worker is started again as its supervisor would."""
    service.stop()
    platform.kill("worker")
    for file in service.state_dir.glob("*.db*"):
        shutil.rmtree(file) if file.is_dir() else file.unlink()
    service.start()
    ensure_namespace(service.address, platform.installation)
    assert workflows(platform) == []
    platform.start("worker")


def workflows(platform: Platform) -> list[str]:
    async def listed(client: object) -> list[str]:
        return [one.id async for one in client.list_workflows()]  # type: ignore[attr-defined]

    return platform.temporal(listed)


def rebuild(platform: Platform) -> list[str]:
    """What `mandate ops rebuild` does; returns the changes that were rung."""
    gateway, call = Gateway(platform.database), Call(SYSTEM, "")
    bells = wake_open_changes(gateway, call)
    for bell in bells:
        platform.temporal(lambda client, bell=bell: ring(client, bell, platform.url))  # type: ignore[misc]
    note_rung(gateway, call, [bell.outbox_id for bell in bells])
    return sorted(bell.subject for bell in bells)


def changes_in_every_state(story: Story) -> dict[str, str]:
    """One open change in each state in which a change waits: state -> change."""
    offerings = [story.fresh_offering() for _ in range(6)]
    (a, one), (b, two), (c, three), (d, four), (e, five), (f, six) = offerings
    first = story.propose_price(a, channel=one)
    second = story.propose_price(b, channel=two)
    back = story.propose_price(f, channel=six)
    for change in (first, second, back):
        story.until(change, "awaiting_approval")
    assert story.decide(second, OWNER).status_code == 201
    assert story.decide(back, OWNER, "request_changes").status_code == 201
    story.until(back, "needs_revision")
    return {
        "owner asked": first,
        "finance asked": second,
        "scheduled": story.scheduled(c, channel=three),
        "several markets": _partly_released(story, d, four),
        "monitoring": story.monitored(e, channel=five, monitoring=30 * DAY),
        "needs revision": back,
    }


def _partly_released(story: Story, offering: str, channel: str) -> str:
    """Scheduled for two markets of different zones."""
    prices = {market: story.price(offering, market, channel) + 1 for market in ("DE", "GB")}
    change = story.propose(story.proposal(offering, prices, channel, story.day(2)))
    story.approve(change)
    story.until(change, "scheduled")
    story.until_seen(change)
    return change


def test_every_open_change_goes_on_and_completes_once(service: TemporalService, platform: Platform) -> None:
    story = Story(platform)
    waiting = changes_in_every_state(story)
    before = {change: story.actions(change) for change in waiting.values()}
    wipe(service, platform)
    assert rebuild(platform) == sorted(before) == facts.open_changes(platform)
    assert {change: story.actions(change) for change in before} == before

    for change in (waiting["owner asked"], waiting["finance asked"]):
        if change == waiting["owner asked"]:
            assert story.decide(change, OWNER).status_code == 201
        assert story.decide(change, FINANCE).status_code == 201
        story.until(change, "monitoring")
    assert platform.write(REQUESTER, f"/api/changes/{waiting['needs revision']}/submit").status_code == 200
    story.approve(waiting["needs revision"])
    platform.travel(3 * DAY)
    for name in ("scheduled", "several markets", "needs revision"):
        story.until(waiting[name], "monitoring", "completed")
    platform.travel(31 * DAY)
    for change in waiting.values():
        story.until(change, "completed")
    for name, change in waiting.items():
        markets = ("DE", "GB") if name == "several markets" else ("DE",)
        if name != "needs revision":
            facts.assert_released_once(platform, change, markets, story.timeline(change))
    facts.assert_nothing_hangs(platform)


def test_what_is_due_comes_back_by_the_sweeper_alone(service: TemporalService, platform: Platform) -> None:
    story = Story(platform)
    (a, one), (b, two), (c, three), (d, four) = (story.fresh_offering() for _ in range(4))
    asked = story.propose_price(a, channel=one)
    scheduled = story.scheduled(b, channel=two)
    watched = story.monitored(c, channel=three, monitoring=10 * DAY)
    story.until_seen(asked)
    platform.fault("failing")
    held = story.propose_price(d, channel=four)
    story.approve(held)
    assert story.until_held(held)["summary"]["state"] == "releasing"
    wipe(service, platform)
    platform.fault("none")
    assert workflows(platform) == []
    platform.travel(3 * DAY)
    story.until(held, "monitoring", "completed")
    story.until(scheduled, "monitoring", "completed")
    eventually(lambda: fired(story.timeline(asked)))
    platform.travel(20 * DAY)
    for change, end in ((asked, "expired"), (scheduled, "completed"), (watched, "completed"), (held, "completed")):
        story.until(change, end)
    for change in (scheduled, watched, held):
        facts.assert_released_once(platform, change, ("DE",), story.timeline(change))
    facts.assert_nothing_hangs(platform)
