"""Texts of people are shown, never run: titles, objectives, reasons and comments full of markup stay text."""

import asyncio

from playwright.async_api import Browser, expect

from tests.live.platform import Platform
from tests.live.story import FINANCE, OWNER, REQUESTER, Story
from tests.web.visitors import browsing

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "</textarea></title><svg onload=alert(3)>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(4)",
    "<a hx-get='/sign-out' hx-trigger='load'>x</a>",
    "<form action='https://elsewhere.example'><button>Approve</button></form>",
)
PRICE = '"><svg onload=alert(7)>'
TITLE = " ".join(PAYLOADS)[:200]
PROSE = "\n".join(PAYLOADS)


async def test_markup_in_texts_stays_text(platform: Platform, story: Story, browser: Browser) -> None:
    offering, channel = story.fresh_offering()
    proposal = story.proposal(offering, {"DE": story.price(offering, channel=channel) + 1}, channel, title=TITLE)
    change = story.propose({**proposal, "objective": PROSE, "monitoring": {"seconds": 3600, "requirement": PROSE}})
    await asyncio.to_thread(story.until, change, "awaiting_approval")
    assert story.decide(change, OWNER, comment=PROSE).is_success
    for account in (FINANCE, REQUESTER):
        async with browsing(browser, platform, account) as page:
            for path in ("/", "/changes", f"/changes/{change}", f"/changes/{change}/quotes"):
                await page.goto(path)
                await expect(page.locator("main")).to_contain_text("<script>alert(1)</script>")
                assert await page.locator("main script, main svg, main img, main [hx-trigger=load]").count() == 0
            await page.goto(f"/changes/{change}")
            await expect(page.locator("main")).to_contain_text("{{ 7 * 7 }}")
            assert await page.get_by_role("button", name="Approve").count() == (1 if account == FINANCE else 0)


async def test_what_was_typed_comes_back_as_text(platform: Platform, browser: Browser) -> None:
    async with browsing(browser, platform, REQUESTER) as page:
        await page.goto("/changes/new?offering=FIBRE-500")
        await page.get_by_label("Title").fill(TITLE)
        await page.get_by_label("Objective").fill(PROSE)
        await page.locator('input[name="unit_price"]').first.fill(PRICE)
        await page.get_by_role("button", name="Try it out").click()
        await expect(page.get_by_role("alert")).to_contain_text("is not a decimal number")
        await expect(page.get_by_label("Objective")).to_have_value(PROSE)
        await expect(page.locator('input[name="unit_price"]').first).to_have_value(PRICE)
        await page.goto("/changes/new?q=" + "%3Cimg%20src%3Dx%20onerror%3Dalert(5)%3E")
        await expect(page.locator("main")).to_contain_text("<img src=x onerror=alert(5)>")
        await page.goto("/sign-in?next=javascript:alert(6)")
        await expect(page.locator('input[name="next"]')).to_have_value("/")


async def test_even_injected_script_would_not_run(platform: Platform, browser: Browser) -> None:
    async with browsing(browser, platform, REQUESTER) as page:
        await page.evaluate(
            "() => { const s = document.createElement('script'); s.textContent = 'window.ran = true';"
            " document.body.append(s); document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"ran = true\">'); }"
        )
        await page.wait_for_timeout(200)
        assert await page.evaluate("() => window.ran === undefined")
