"""axe-core finds nothing serious on the main pages, in light and dark, wide and narrow."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.live.platform import Platform
from tests.live.story import FINANCE, Story
from tests.web.visitors import browsing, violations

MAIN_PAGES = (
    "/",
    "/changes",
    "/changes/new",
    "/changes/new?offering=FIBRE-500",
    "/changes/{waiting}",
    "/changes/{live}",
    "/changes/{waiting}/revise",
    "/changes/{waiting}/quotes",
    "/changes/{waiting}/impact",
    "/changes/{waiting}/revisions",
    "/changes/{waiting}/revisions/1",
    "/changes/{live}/evidence",
    "/audit",
    "/questions?question=who-approved&subject={live}",
    "/changes/{waiting}/simulation",
    "/changes/{waiting}/simulation/today",
    "/changes/{waiting}/simulation/quotes/{quote}",
    "/quotes/Q-1-0000001",
    "/artifacts",
    "/artifacts/pricing/standard",
    "/artifacts/pricing/standard/versions/1/today",
    "/policy-replays/compare?old=1&new=1",
    "/policy-replays/deals?old=1&new=1&flow=0",
    "/policies/approval/standard",
    "/ownership",
    "/notices",
    "/delegations",
    "/emergencies",
    "/docs",
    "/nothing-here",
    "/step-up/{waiting}?revision=1",
    "/sign-in",
    "/signed-in",
)


@pytest.fixture(scope="module")
def changes(story: Story) -> dict[str, str]:
    """One change that waits for finance, one that is live."""
    live = story.monitored(story.fresh_offering()[0])
    waiting = story.propose_price("TV-PLUS", channel="direct")
    story.until(waiting, "awaiting_approval")
    assert story.decide(waiting, "ines.castellano", comment="The margin holds.").is_success
    quote = story.view(waiting)["simulation"]["largest"][0]["quote"]
    return {"live": live, "waiting": waiting, "quote": quote}


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 480)])
async def test_no_serious_violation(
    platform: Platform, browser: Browser, changes: dict[str, str], scheme: str, width: int
) -> None:
    look: dict[str, Any] = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    async with browsing(browser, platform, FINANCE, **look) as page:
        found = []
        for path in MAIN_PAGES:
            await page.goto(path.format(**changes))
            found += await violations(page)
    assert not found, "\n".join(found)


async def test_axe_would_find_a_violation(platform: Platform, browser: Browser) -> None:
    async with browsing(browser, platform, FINANCE) as page:
        await page.evaluate("() => document.querySelector('main').insertAdjacentHTML('beforeend', '<input type=text>')")
        assert any("label" in fault for fault in await violations(page))


async def test_the_decision_can_be_reached_by_keyboard(
    platform: Platform, browser: Browser, changes: dict[str, str]
) -> None:
    async with browsing(browser, platform, FINANCE) as page:
        await page.goto(f"/changes/{changes['waiting']}")
        await page.keyboard.press("Tab")
        assert await page.evaluate("() => document.activeElement.textContent") == "Skip to the content"
        reached = []
        for _ in range(40):
            await page.keyboard.press("Tab")
            reached.append(await page.evaluate("() => document.activeElement.textContent.trim()"))
            await asyncio.sleep(0)
        assert [name for name in dict.fromkeys(reached) if name in ("Approve", "Request changes", "Reject")] == [
            "Approve",
            "Request changes",
            "Reject",
        ]
