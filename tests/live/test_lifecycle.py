"""The whole story of a change over HTTP, with the real Temporal service, worker and API, on both databases."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
from temporalio.client import Client

from activities.house import EMERGENCY, change_workflow_id
from store.tables.artifact import VersionRow
from tests.live import facts
from tests.live.platform import Platform
from tests.live.story import DAY, DIRECTOR, FINANCE, HOUR, OWNER, REQUESTER, Story, fired
from tests.live.waiting import eventually
from tests.web.visitors import visitor

HALF = Decimal("0.50")


def test_a_price_goes_from_proposal_to_completion_with_reminder_and_escalation(
    platform: Platform, story: Story
) -> None:
    offering, channel = story.fresh_offering()
    before = story.price(offering, channel=channel)
    change = story.propose_price(offering, channel=channel, date=story.day(8))
    story.until(change, "awaiting_approval")
    story.until_seen(change)
    assert story.decide(change, REQUESTER).json()["code"] == "excluded"
    assert story.decide(change, "delivery-pipeline").json()["code"] == "machine_may_not"
    assert story.decide(change, FINANCE).json()["code"] == "not_eligible"

    platform.travel(25 * HOUR)
    eventually(lambda: fired(story.timeline(change)), lambda timers: timers == ["reminder 1"])
    assert story.decide(change, OWNER).status_code == 201
    story.until_seen(change)
    platform.travel(73 * HOUR)
    told = ["reminder 1", "reminder 1", "escalation 1"]
    eventually(lambda: fired(story.timeline(change)), lambda timers: timers == told)
    assert story.decide(change, DIRECTOR).status_code == 201
    shown = story.until(change, "scheduled")
    story.until_seen(change)
    assert story.price(offering, channel=channel) == before

    platform.travel_to(datetime.fromisoformat(shown["releases"][0]["due_at"]) + timedelta(seconds=5))
    story.until(change, "monitoring")
    assert story.price(offering, channel=channel) == before + 1
    story.until_seen(change)
    platform.travel(6 * HOUR)
    story.until(change, "completed")
    facts.assert_released_once(platform, change, ("DE",), story.timeline(change))
    facts.assert_nothing_hangs(platform)


def test_each_market_goes_live_at_its_own_midnight(platform: Platform, story: Story) -> None:
    offering, channel = story.fresh_offering()
    old = {market: story.price(offering, market, channel) for market in ("DE", "GB", "CH")}
    new = {market: price + HALF for market, price in old.items()}
    proposal = story.proposal(offering, new, channel, story.day(3))
    change = story.propose(proposal)
    story.approve(change)
    due = {r["market"]: datetime.fromisoformat(r["due_at"]) for r in story.until(change, "scheduled")["releases"]}
    assert due["DE"] == due["CH"] == due["GB"] - timedelta(hours=1)
    story.until_seen(change)

    platform.travel_to(due["DE"] - timedelta(seconds=30))
    assert {m: story.price(offering, m, channel) for m in old} == old
    assert story.state(change) == "scheduled"
    platform.travel_to(due["DE"] + timedelta(seconds=2))
    _live(story, change, {"DE", "CH"})
    assert {m: story.price(offering, m, channel) for m in old} == {**new, "GB": old["GB"]}
    story.until_seen(change)

    platform.travel_to(due["GB"] - timedelta(seconds=30))
    assert story.price(offering, "GB", channel) == old["GB"]
    platform.travel_to(due["GB"] + timedelta(seconds=2))
    story.until(change, "monitoring")
    assert {m: story.price(offering, m, channel) for m in old} == new
    for market, instant in due.items():
        assert story.price(offering, market, channel, (instant - timedelta(seconds=1)).isoformat()) == old[market]
    for release in story.view(change)["releases"]:
        assert datetime.fromisoformat(release["activated_at"]) >= datetime.fromisoformat(release["due_at"])
    _assert_the_catalog_holds(platform, offering, channel, new)
    story.until_seen(change)
    platform.travel(6 * HOUR)
    story.until(change, "completed")
    facts.assert_released_once(platform, change, ("DE", "GB", "CH"), story.timeline(change))


def _live(story: Story, change: str, markets: set[str]) -> None:
    def live() -> set[str]:
        return {r["market"] for r in story.view(change)["releases"] if r["activated_at"]}

    eventually(live, lambda found: found == markets)


def _assert_the_catalog_holds(platform: Platform, offering: str, channel: str, prices: dict[str, Decimal]) -> None:
    for market, price in prices.items():
        entries = facts.held(platform, "pricing/standard", market)
        found = [
            entry["unit_price_micros"]
            for entry in entries.values()
            if (entry.get("offering"), entry.get("channel"), entry.get("market")) == (offering, channel, market)
        ]
        assert found == [int(price * 1_000_000)]
        assert {entry.get("market", "*") for entry in entries.values()} <= {market, "*"}


def test_a_rejected_change_moves_nothing(platform: Platform, story: Story) -> None:
    offering, channel = story.fresh_offering()
    before = story.price(offering, channel=channel)
    change = story.propose_price(offering, channel=channel)
    story.until(change, "awaiting_approval")
    second = story.propose_price(offering, channel=channel, rise="2.00")
    (together,) = story.until(second, "awaiting_approval")["combined"]
    assert (together["change"], together["outcome"]) == (change, "inconclusive"), "both move one price"
    story.withdraw(second)
    assert story.decide(change, OWNER, "reject", "too dear").status_code == 201
    story.until(change, "rejected")
    _over(platform, story, change)
    assert story.price(offering, channel=channel) == before
    assert facts.rows(platform, VersionRow, VersionRow.change == change) == []


def test_one_decision_is_one_request_in_the_logs_of_api_and_worker(platform: Platform, story: Story) -> None:
    offering, channel = story.fresh_offering()
    change = story.propose_price(offering, channel=channel)
    story.until(change, "awaiting_approval")
    story.until_seen(change)
    request = f"request-of-{change}"
    shown = story.view(change)
    body = {"choice": "reject", "revision": 1, "seen": shown["seen"], "comment": "too dear"}
    sent = {"X-Request-Id": request}
    answer = platform.as_(OWNER).post(f"/api/changes/{change}/decisions", json=body, headers=sent)
    assert (answer.status_code, answer.headers["X-Request-Id"]) == (201, request)

    def lines(name: str) -> list[dict[str, Any]]:
        told = [json.loads(line) for line in platform.processes.log(name).splitlines() if line.startswith("{")]
        return [line for line in told if line.get("request_id") == request]

    (asked,) = eventually(lambda: lines("api"), bool)
    assert (asked["event"], asked["change"], asked["status"]) == ("request", change, 201)
    looked = eventually(lambda: lines("worker"), bool)[0]
    assert (looked["event"], looked["change"], looked["outcome"]) == ("step", change, "done")
    assert (looked["workflow_id"], looked["activity"]) == (change_workflow_id(change), "look_at_change")


def test_an_operator_in_temporal_finds_emergencies_and_the_page_of_each(platform: Platform, story: Story) -> None:
    calm = story.propose_price(*story.fresh_offering()[:1])
    offering, channel = story.fresh_offering()
    raised = story.proposal(offering, {"DE": story.price(offering, channel=channel) + 1}, channel)
    urgent = story.propose({**raised, "emergency": True, "emergency_reason": "A wrong price is live."})
    for change in (calm, urgent):
        story.until(change, "awaiting_approval")

    async def listed(client: Client, emergency: bool) -> set[str]:
        query = f"{EMERGENCY.name} = {'true' if emergency else 'false'}"
        return {one.id async for one in client.list_workflows(query)}

    eventually(lambda: platform.temporal(lambda client: listed(client, True)), lambda ids: ids == {f"change/{urgent}"})
    assert f"change/{calm}" in eventually(lambda: platform.temporal(lambda client: listed(client, False)), bool)
    page = f"/changes/{urgent}"
    for details in platform.workflow(urgent, facts.told_operators):
        assert f"]({platform.url}{page})" in details
    with visitor(platform, OWNER) as operator:
        assert operator.get(page).status_code == 200
    for change in (calm, urgent):
        story.withdraw(change).raise_for_status()


def test_a_journey_that_is_asked_for_again_ends_where_the_first_did(platform: Platform) -> None:
    person = platform.as_(DIRECTOR)

    def travelled(seconds: int = HOUR) -> httpx.Response:
        return person.post("/api/development/travel", json={"seconds": seconds}, headers=key, timeout=60)

    key, begun = {"Idempotency-Key": "one-journey"}, platform.now()
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda _: travelled(), range(2)))
    assert [answer.raise_for_status().json()["seconds"] for answer in (*answers, travelled())] == [HOUR] * 3
    assert timedelta(hours=1) <= platform.now() - begun < timedelta(hours=2)
    assert travelled(2 * HOUR).json()["code"] == "idempotency_key_reused"


def test_a_withdrawn_change_moves_nothing_although_it_was_approved(platform: Platform, story: Story) -> None:
    offering, channel = story.fresh_offering()
    change = story.scheduled(offering, channel=channel)
    assert story.withdraw(change).status_code == 200
    platform.travel(3 * DAY)
    assert story.state(change) == "withdrawn"
    _over(platform, story, change)
    assert facts.rows(platform, VersionRow, VersionRow.change == change) == []


def test_requested_changes_come_back_revised_and_the_first_approval_does_not_count(
    platform: Platform, story: Story
) -> None:
    offering, channel = story.fresh_offering()
    change = story.propose_price(offering, channel=channel)
    story.until(change, "awaiting_approval")
    assert story.decide(change, OWNER).status_code == 201
    assert story.decide(change, FINANCE, "request_changes").status_code == 201
    story.until(change, "needs_revision")
    price = story.price(offering, channel=channel)
    revised = story.proposal(offering, {"DE": price + HALF}, channel)
    assert platform.write(REQUESTER, f"/api/changes/{change}", revised, "PUT").status_code == 200
    assert platform.write(REQUESTER, f"/api/changes/{change}/submit").status_code == 200
    shown = story.until(change, "awaiting_approval")
    assert shown["summary"]["revision"] == 2
    assert [decision["counts"] for decision in shown["decisions"]] == [False, False]
    story.approve(change)
    story.until(change, "monitoring")
    assert story.price(offering, channel=channel) == price + HALF
    story.until_seen(change)
    platform.travel(6 * HOUR)
    story.until(change, "completed")


def test_an_approval_that_nobody_gives_expires(platform: Platform, story: Story) -> None:
    offering, channel = story.fresh_offering()
    change = story.propose_price(offering, channel=channel)
    story.until(change, "awaiting_approval")
    story.until_seen(change)
    platform.travel(15 * DAY)
    story.until(change, "expired")
    assert fired(story.timeline(change)) == ["reminder 1", "escalation 1", "expiry 1"]
    _over(platform, story, change)


def test_a_rollback_restores_the_price_here_and_in_the_runtime_catalog(platform: Platform, story: Story) -> None:
    offering, channel = story.fresh_offering()
    before = story.price(offering, channel=channel)
    change = story.monitored(offering, channel=channel)
    _assert_the_catalog_holds(platform, offering, channel, {"DE": before + 1})
    assert story.roll_back(change).status_code == 200
    story.until(change, "rolled_back")
    assert story.price(offering, channel=channel) == before
    _assert_the_catalog_holds(platform, offering, channel, {"DE": before})
    facts.assert_taken_back_once(platform, change, ("DE",), story.timeline(change))
    _over(platform, story, change)


def _over(platform: Platform, story: Story, change: str) -> None:
    """The workflow of a change that is over ends by itself."""

    async def status(handle: Any) -> str:
        return str((await handle.describe()).status.name)

    eventually(lambda: platform.workflow(change, status), lambda found: found == "COMPLETED")
