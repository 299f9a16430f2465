"""A request that is no change, live: an exception to a freeze waits for its people in a workflow of its own (R-7.11)."""

from datetime import timedelta
from typing import Any

from temporalio.service import RPCError

from activities.house import WAKE_SIGNAL, approval_workflow_id
from activities.payloads import Wake
from tests.live.platform import Platform
from tests.live.story import DIRECTOR, FINANCE, REQUESTER, Story
from tests.live.waiting import eventually
from tests.web.visitors import visitor


def read(platform: Platform, request: str) -> dict[str, Any]:
    found: dict[str, Any] = platform.read(f"/api/requests/{request}")
    return found


def decide(platform: Platform, request: str, account: str) -> None:
    shown = read(platform, request)
    body = {"choice": "approve", "revision": shown["summary"]["revision"], "seen": shown["seen"]}
    platform.write(account, f"/api/approvals/{request}/decisions", body).raise_for_status()


def fired(platform: Platform, request: str) -> list[str]:
    timeline = platform.read(f"/api/changes/{request}/timeline")
    return [t["what"] for entry in timeline if entry["action"] == "request.timers" for t in entry["details"]["fired"]]


def forged(platform: Platform, request: str) -> bool:
    """Ring with a bell that nobody left; False while the workflow has not been started yet."""
    wake = Wake(subject=request, outbox_id="bell-forged")
    handle_of = approval_workflow_id(request)
    try:
        platform.temporal(lambda client: client.get_workflow_handle(handle_of).signal(WAKE_SIGNAL, wake))
    except RPCError:
        return False
    return True


def test_an_exception_is_waited_for_reminded_of_and_lets_the_change_out(platform: Platform, story: Story) -> None:
    now = platform.now()
    window = {"from_at": (now - timedelta(hours=1)).isoformat(), "until_at": (now + timedelta(days=30)).isoformat()}
    freeze = platform.write(FINANCE, "/api/freezes", {"reason": "Quarter close.", **window}).json()["freeze"]
    offering, channel = story.fresh_offering()
    change = story.propose_price(offering, channel=channel)
    story.approve(change)
    story.until_held(change)
    asked = {"change": change, "until_at": window["until_at"], "reason": "A wrong price is live."}
    request = platform.write(REQUESTER, f"/api/freezes/{freeze}/exceptions", asked).json()["request"]

    eventually(lambda: forged(platform, request), lambda sent: sent)
    eventually(
        lambda: platform.read(f"/api/changes/{request}/timeline"),
        lambda found: any(entry["action"] == "doorbell.stranger" for entry in found),
    )
    assert read(platform, request)["decisions"] == []

    reminder = read(platform, request)["timers"][0]
    platform.travel_to(now.fromisoformat(reminder["at"]) + timedelta(seconds=5))
    eventually(lambda: fired(platform, request), lambda found: found == ["reminder"])

    with visitor(platform, FINANCE) as client:
        page = client.get(f"/requests/{request}")
        assert (page.status_code, "Your decision" in page.text, change in page.text) == (200, True, True)
        assert f"/requests/{request}" in client.get("/").text
    decide(platform, request, FINANCE)
    assert story.state(change) == "scheduled"
    decide(platform, request, DIRECTOR)
    assert read(platform, request)["summary"]["state"] == "completed"
    story.until(change, "monitoring")
