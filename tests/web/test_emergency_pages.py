"""On the pages: an emergency breaks the glass of a freeze and is reviewed; a request is decided and taken back."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.live.platform import Platform
from tests.live.story import FINANCE, OWNER, REQUESTER, Story
from tests.web.test_talking import sent
from tests.web.visitors import browsing, violations, visitor

REVIEWER = "olivia.hartmann"
REASON = "Customers order below cost every minute."


@pytest.fixture
def frozen(platform: Platform) -> Iterator[str]:
    """A freeze of Swiss prices for an hour, which is over when the test is."""
    until = platform.now() + timedelta(hours=1)
    window = {"from_at": (until - timedelta(hours=2)).isoformat(), "until_at": until.isoformat()}
    body = {"reason": "Quarter close.", "kind": "pricing", "market": "CH", **window}
    yield str(platform.write(FINANCE, "/api/freezes", body).raise_for_status().json()["freeze"])
    platform.travel_to(until + timedelta(seconds=1))


def emergency(story: Story) -> str:
    """An emergency change of a Swiss price that its quorum has approved and that a freeze holds back."""
    offering, channel = story.fresh_offering()
    raised = story.proposal(offering, {"CH": story.price(offering, "CH", channel) + 1}, channel)
    change = story.propose({**raised, "emergency": True, "emergency_reason": "A wrong price is live."})
    story.until(change, "awaiting_approval")
    for account in (OWNER, FINANCE):
        assert story.decide(change, account).is_success
    story.until_held(change)
    return change


def test_the_glass_is_broken_on_the_page_and_a_second_person_reviews_it(
    platform: Platform, story: Story, frozen: str
) -> None:
    change = emergency(story)
    page, action = f"/changes/{change}", f"/changes/{change}/break-glass"
    with visitor(platform, FINANCE) as other:
        assert action not in other.get(page).text

    long = sent(platform, OWNER, page, action, minutes="900", reason=REASON)
    short = sent(platform, OWNER, page, action, minutes="60", reason="Now!")
    assert (long.status_code, "at most four hours" in long.text, REASON in long.text) == (422, True, True)
    assert (short.status_code, 'value="Now!"' in short.text) == (422, True)
    assert story.state(change) == "scheduled"

    broken = sent(platform, OWNER, page, action, minutes="60", reason=REASON)
    assert "The glass is broken" in broken.text
    story.until(change, "monitoring")
    (review,) = [one["id"] for one in story.view(change)["reviews"] if one["what"] == "break_glass"]
    own = reviewed(platform, OWNER, review)
    assert (own.status_code, "had no part in it" in own.text) == (403, True)
    assert "It was right to act, the price was wrong." in reviewed(platform, REVIEWER, review).text


def reviewed(platform: Platform, account: str, review: str) -> httpx.Response:
    """Somebody states on the page what a review found."""
    findings = "It was right to act, the price was wrong."
    return sent(platform, account, "/emergencies", "/emergencies/review", review=review, findings=findings, sound="yes")


@pytest.fixture(scope="module")
def request_id(platform: Platform) -> str:
    """An exception to a freeze that has not begun, so that it holds nothing back here."""
    begins = platform.now() + timedelta(days=300)
    window = {"from_at": begins.isoformat(), "until_at": (begins + timedelta(days=5)).isoformat()}
    body = {"reason": "Year end.", "kind": "migration", **window}
    freeze = platform.write(FINANCE, "/api/freezes", body).raise_for_status().json()["freeze"]
    until = (begins + timedelta(days=1)).isoformat()
    asked: dict[str, Any] = {"change": "*", "until_at": until, "reason": "The cut-over is planned."}
    return str(platform.write(REQUESTER, f"/api/freezes/{freeze}/exceptions", asked).json()["request"])


@pytest.mark.parametrize("scripts", [False, True], ids=["without-javascript", "with-javascript"])
async def test_a_decision_on_a_request_is_made_and_taken_back_on_its_page(
    platform: Platform, browser: Browser, request_id: str, scripts: bool
) -> None:
    async with browsing(browser, platform, FINANCE, scripts) as page:
        await page.goto(f"/requests/{request_id}")
        if scripts:
            assert await violations(page) == []
        await expect(page.locator("main")).to_contain_text("The request expires")
        await page.get_by_label("Comment").first.fill("The cut-over cannot move.")
        await page.get_by_role("button", name="Approve").click()
        decisions = page.get_by_role("table", name="Decisions")
        await expect(decisions).to_contain_text("The cut-over cannot move.")
        await decisions.get_by_role("button", name="Take it back").last.click()
        await expect(decisions).to_contain_text("the person took it back")
        await expect(page.get_by_role("button", name="Approve")).to_be_visible()
    views = platform.read(f"/api/requests/{request_id}")["decisions"]
    assert views and all(view["recalled"] for view in views)
