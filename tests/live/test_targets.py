"""A target system that misbehaves: a case is opened, nothing is lost or done twice, and the change goes on afterwards."""

import secrets
from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import WorkflowHandle

from commands.handoff import CATALOG
from store import artifacts
from tests.live import facts
from tests.live.platform import Platform
from tests.live.story import HOUR, OWNER, Story
from tests.live.waiting import eventually

MARKETS = ("CH", "DE", "GB")
BEAT = "last_heartbeat_time"
LONG = 100 * timedelta(seconds=4 * 10)
"""A hundred places, of each of which nothing is heard for as long as is waited by default."""


@pytest.fixture(autouse=True)
def healed(platform: Platform) -> Iterator[None]:
    yield
    platform.fault("none")


def released_under(platform: Platform, story: Story, mode: str, code: str, **more: Any) -> str:
    """A change whose release met a misbehaving target, which opened a case of this code.

    The change waits with the case open; only where the target did its work unheard, a late bell may have had it asked
    again, and the case closed, before anybody looks.
    """
    offering, channel = story.fresh_offering()
    platform.fault(mode, **more)
    change = story.propose_price(offering, channel=channel)
    story.approve(change)
    shown = eventually(lambda: story.view(change), lambda found: _named(found["cases"]) == [("delivery", code)])
    assert shown["summary"]["state"] == "releasing" or (code == "delivery_unknown" and not _open(shown))
    assert story.price(offering, channel=channel) == story.price(
        offering, channel=channel, at=shown["lifecycle"]["now"]
    )
    return change


def _open_cases(story: Story, change: str) -> list[tuple[str, str]]:
    return _open(story.view(change))


def _open(shown: dict[str, Any]) -> list[tuple[str, str]]:
    return _named(case for case in shown["cases"] if case["closed_at"] is None)


def _named(cases: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(case["step"], case["code"]) for case in cases]


def go_on(platform: Platform, story: Story, change: str) -> list[dict[str, Any]]:
    """Take the fault back, have somebody try again, see the change through; returns what the catalog was asked to hold.

    A bell of the last decision that comes late has it tried again too; then nothing waits any more for anybody.
    """
    platform.fault("none")
    answer = platform.write(OWNER, f"/api/changes/{change}/retry")
    assert answer.status_code == 200 or answer.json()["code"] == "nothing_waits"
    return see_through(platform, story, change)


def see_through(platform: Platform, story: Story, change: str) -> list[dict[str, Any]]:
    story.until(change, "monitoring")
    assert _open_cases(story, change) == []
    story.until_seen(change)
    platform.travel(7 * HOUR)
    story.until(change, "completed")
    asked = facts.catalog_requests(platform, change)
    facts.assert_nothing_hangs(platform)
    return asked


def assert_applied_once(asked: list[dict[str, Any]]) -> None:
    """One order, one key, done once, however often it was sent."""
    assert [request["outcome"] for request in asked].count("applied") == 1
    assert len({request["key"] for request in asked}) == 1


def test_a_failing_target_is_tried_again_after_a_minute_by_itself(platform: Platform, story: Story) -> None:
    change = released_under(platform, story, "failing", "delivery_failed")
    platform.fault("none")
    platform.travel(65)
    asked = see_through(platform, story, change)
    assert asked[0]["outcome"] == "injected_failure"
    assert_applied_once(asked)


def test_a_slow_target_is_asked_before_anything_is_sent_again(platform: Platform, story: Story) -> None:
    change = released_under(platform, story, "slow", "delivery_unknown", seconds=6)
    eventually(lambda: facts.catalog_requests(platform, change)[0]["outcome"], lambda outcome: outcome == "applied")
    asked = go_on(platform, story, change)
    assert_applied_once(asked)


def test_a_silent_target_that_did_its_work_is_not_sent_it_twice(platform: Platform, story: Story) -> None:
    change = released_under(platform, story, "silent", "delivery_unknown", seconds=30)
    asked = go_on(platform, story, change)
    assert_applied_once(asked)


def half_heard(platform: Platform, story: Story) -> str:
    """A change of three markets whose target keeps silent, as soon as the first silence is known."""
    offering, channel = story.fresh_offering()
    platform.fault("silent", seconds=30)
    prices = {market: story.price(offering, market, channel) + Decimal("0.10") for market in MARKETS}
    change = story.propose(story.proposal(offering, prices, channel))
    story.approve(change)
    shown = eventually(lambda: story.view(change), lambda found: "unknown" in _states(found))
    assert "pending" in _states(shown)
    return change


def test_what_is_known_of_one_market_is_kept_while_a_target_keeps_silent_on_the_others(
    platform: Platform, story: Story
) -> None:
    change = half_heard(platform, story)
    (step,) = eventually(
        lambda: platform.workflow(change, _delivering), lambda found: found and found[0].HasField(BEAT)
    )
    assert step.activity_options.heartbeat_timeout.ToTimedelta() < timedelta(minutes=5)
    assert step.activity_options.start_to_close_timeout.ToTimedelta() > LONG
    kept = eventually(
        lambda: [e["details"]["deliveries"] for e in story.timeline(change) if e["action"] == "change.delivered"],
        lambda answers: sum(map(len, answers)) >= len(MARKETS),
    )
    assert [[answer["market"] for answer in answers] for answers in kept[:3]] == [[market] for market in MARKETS]
    applied = [request for request in go_on(platform, story, change) if request["outcome"] == "applied"]
    assert len(applied) == len({request["key"] for request in applied}) == len(MARKETS)


def test_who_takes_a_change_back_does_not_wait_for_a_target_that_keeps_silent(platform: Platform, story: Story) -> None:
    change = half_heard(platform, story)
    story.roll_back(change).raise_for_status()
    told = eventually(lambda: story.actions(change), lambda told: "change.rolled_back" in told)
    assert told[: told.index("change.rolled_back")].count("change.delivered") < len(MARKETS)
    platform.fault("none")
    story.until(change, "rolled_back")


def _states(shown: dict[str, Any]) -> list[str]:
    return [delivery["state"] for delivery in shown["deliveries"]]


async def _delivering(handle: WorkflowHandle[Any, Any]) -> list[PendingActivityInfo]:
    """The delivery that is under way."""
    pending = (await handle.describe()).raw_description.pending_activities
    return [one for one in pending if one.activity_type.name == "deliver_change"]


def test_a_target_that_stored_something_else_is_told_again(platform: Platform, story: Story) -> None:
    change = released_under(platform, story, "corrupt", "delivery_differs")
    asked = go_on(platform, story, change)
    applied = [request for request in asked if request["outcome"] == "applied"]
    assert len(applied) == len({request["key"] for request in applied}) >= 2
    assert [request["fault"] for request in applied][-1] == "none"


def test_a_target_that_is_gone_parks_nothing_else(platform: Platform, story: Story) -> None:
    platform.kill("catalog")
    offering, channel = story.fresh_offering()
    change = story.propose_price(offering, channel=channel)
    story.approve(change)
    story.until_held(change)
    assert _open_cases(story, change) == [("delivery", "delivery_failed")]
    platform.start("catalog")
    platform.ready()
    assert_applied_once(go_on(platform, story, change))


def test_a_target_that_forgot_is_told_again_before_the_change_completes(platform: Platform, story: Story) -> None:
    offering, channel = story.fresh_offering()
    change = story.monitored(offering, channel=channel)
    platform.kill("catalog")
    (platform.folder / "catalog.json").unlink()
    platform.start("catalog")
    platform.ready()
    platform.travel(7 * HOUR)
    eventually(
        lambda: [e["outcome"] for e in story.timeline(change) if e["action"] == "change.delivered"],
        lambda outcomes: outcomes == ["done", "held", "done"],
    )
    story.until(change, "completed")
    assert_applied_once(facts.catalog_requests(platform, change))


def test_the_catalog_is_compared_with_its_cache_when_a_delivery_stops_and_when_it_goes_on(
    platform: Platform, story: Story
) -> None:
    platform.fault("failing")
    change = story.propose(described(platform, f"Fast and steady: {secrets.token_hex(4)}."))
    story.until(change, "awaiting_approval")
    story.decide(change, "felix.nygaard").raise_for_status()
    eventually(lambda: _open_cases(story, change), lambda found: found == [("delivery", "delivery_failed")])
    (opened,) = eventually(lambda: incidents(platform, change), lambda found: done(found, 1))
    assert opened["pair"] == "catalog-runtime" and opened["reason"] == f"A case of {change} has opened: delivery."

    platform.fault("none")
    assert platform.write(OWNER, f"/api/changes/{change}/retry").status_code == 200
    newest, _ = eventually(lambda: incidents(platform, change), lambda found: done(found, 2))
    assert newest["reason"] == f"A case of {change} has closed: delivery."


def described(platform: Platform, text: str) -> dict[str, Any]:
    """A change of what the catalog says of an offering."""
    with platform.database.reading() as session:
        catalog = artifacts.latest_of(session, CATALOG)[CATALOG].content
    entry = {**catalog["offering/FIBRE-500"], "description": text}
    return {
        "kind": "catalog",
        "title": "Describe fibre",
        "objective": "Say what it is.",
        "parts": [{"artifact": CATALOG, "edits": [{"edit": "put", "entry": entry}]}],
    }


def incidents(platform: Platform, change: str) -> list[dict[str, Any]]:
    """The runs because of cases of a change, newest first, as the page lists them."""
    return [
        run
        for run in platform.read("/api/reconciliations?limit=100")["items"]
        if run["mode"] == "incident" and change in run["reason"]
    ]


def done(runs: list[dict[str, Any]], count: int) -> bool:
    return len(runs) == count and all(run["state"] == "done" for run in runs)
