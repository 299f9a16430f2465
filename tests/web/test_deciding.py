"""People at work on the pages with a real browser, with and without JavaScript."""

import asyncio
import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.live.platform import Platform
from tests.live.story import DAY, FINANCE, OWNER, REQUESTER, Story
from tests.live.waiting import eventually
from tests.web.visitors import browsing

SCRIPTS = pytest.mark.parametrize("scripts", [False, True], ids=["without-javascript", "with-javascript"])


async def open_change(page: Page, story: Story, offering: str | None = None, **more: str) -> str:
    """A change that waits for approval, shown in the tab."""
    change = await asyncio.to_thread(story.propose_price, offering or story.fresh_offering()[0], **more)
    await asyncio.to_thread(story.until, change, "awaiting_approval")
    await page.goto(f"/changes/{change}")
    return change


async def state(page: Page, change: str, wanted: str) -> None:
    """Look until the page of the change says this state."""
    for _ in range(60):
        await page.goto(f"/changes/{change}")
        if wanted in await page.locator("#progress-title").inner_text():
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"{change} never was {wanted}: {await page.locator('#progress-title').inner_text()}")


@SCRIPTS
async def test_a_price_change_from_the_idea_to_its_completion(
    platform: Platform, story: Story, browser: Browser, scripts: bool
) -> None:
    offering, price = ("FIBRE-1000", "55.90") if scripts else ("CLOUD-PHONE-SEAT", "9.60")
    title = f"{offering} for partners follows its cost"
    async with browsing(browser, platform, REQUESTER, scripts) as mara:
        change = await propose(mara, offering, price, title)
        await state(mara, change, "Awaiting approval")
        await expect(mara.get_by_text("You may not decide here: you requested this change.")).to_be_visible()
        await expect(mara.get_by_role("button", name="Approve")).to_have_count(0)
        await expect(mara.locator("main")).to_contain_text("→ " + price + " EUR")
    async with browsing(browser, platform, OWNER, scripts) as ines:
        await ines.get_by_role("link", name=title).click()
        await decide(ines, "Approve", "The margin holds.")
        await expect(ines.get_by_text("You have already decided on this revision.")).to_be_visible()
    async with browsing(browser, platform, FINANCE, scripts) as helene:
        await helene.get_by_role("link", name=title).click()
        await expect(helene.locator("main")).to_contain_text("The margin holds.")
        await decide(helene, "Approve", "")
        await state(helene, change, "Monitoring")
        await expect(helene.get_by_role("table", name="Market by market")).to_contain_text("on time")
        await helene.get_by_label("Travel ahead").fill("2")
        await helene.get_by_role("button", name="Travel").click()
        await expect(helene).to_have_url(re.compile(f"/changes/{change}$"))
        await state(helene, change, "Completed")


async def propose(page: Page, offering: str, price: str, title: str) -> str:
    """Find the offering, try the price out, create and submit; the id of the change."""
    await page.get_by_role("link", name="Propose a price change").first.click()
    await page.get_by_role("searchbox", name="Offering").fill(offering)
    await page.get_by_role("button", name="Find").click()
    await page.locator(f'a[href="/changes/new?offering={offering}"]').click()
    await page.get_by_label(re.compile("New price in EUR, Germany .DE., Partner")).fill(price)
    await page.get_by_label("Title").fill(title)
    await page.get_by_label("Objective").fill("Follow the cost.")
    await page.get_by_role("button", name="Try it out").click()
    await expect(page.get_by_role("heading", name="What would happen")).to_be_visible()
    await expect(page.locator("main")).to_contain_text("Tier 2")
    await expect(page.locator("main")).to_contain_text("if everybody decides by their reminder")
    await page.get_by_role("button", name="Create and submit").click()
    await expect(page).to_have_url(re.compile(r"/changes/CR-\d+-\d+$"))
    return page.url.rsplit("/", 1)[1]


async def decide(page: Page, button: str, comment: str) -> None:
    """Decide on the change that the tab shows."""
    await page.get_by_label("Comment").fill(comment)
    await page.get_by_role("button", name=button).click()


@SCRIPTS
@pytest.mark.parametrize(("button", "becomes"), [("Reject", "Rejected"), ("Request changes", "Needs revision")])
async def test_saying_no(
    platform: Platform, story: Story, browser: Browser, scripts: bool, button: str, becomes: str
) -> None:
    async with browsing(browser, platform, OWNER, scripts) as ines:
        change = await open_change(ines, story)
        await decide(ines, button, "Not before the campaign ends.")
        await state(ines, change, becomes)
        await expect(ines.get_by_role("table", name="Decisions")).to_contain_text("Not before the campaign ends.")


@SCRIPTS
async def test_two_tabs_the_second_is_told_and_loses_nothing(
    platform: Platform, story: Story, browser: Browser, scripts: bool
) -> None:
    offering, _ = story.fresh_offering()
    async with browsing(browser, platform, OWNER, scripts) as first:
        change = await open_change(first, story, offering)
        second = await first.context.new_page()
        await second.goto(f"/changes/{change}")
        revised = story.proposal(offering, {"DE": story.price(offering) + 2}, title="Rather two more")
        answer = await asyncio.to_thread(platform.write, REQUESTER, f"/api/changes/{change}", revised, "PUT")
        assert answer.is_success
        await asyncio.to_thread(story.until, change, "awaiting_approval")
        await decide(second, "Approve", "I read revision 1.")
        await expect(second.get_by_role("alert")).to_contain_text("What you decided on is not what is asked now")
        await expect(second.get_by_label("Comment")).to_have_value("I read revision 1.")
        assert story.view(change)["decisions"] == []
        await second.get_by_role("link", name="Reload the page").click()
        await expect(second.get_by_role("heading", name="Rather two more")).to_be_visible()
        await decide(second, "Approve", "I read revision 2.")
        await decide(first, "Reject", "Too late.")
        await expect(first.get_by_role("alert")).to_be_visible()
        await expect(first.get_by_text("Too late.")).to_be_visible()
        assert [d["comment"] for d in story.view(change)["decisions"]] == ["I read revision 2."]


async def test_a_tab_on_which_somebody_types_is_told_but_not_reloaded(
    platform: Platform, story: Story, browser: Browser
) -> None:
    async with browsing(browser, platform, OWNER) as ines:
        change = await open_change(ines, story)
        await ines.get_by_label("Comment").fill("Half a sentence")
        assert (await asyncio.to_thread(story.withdraw, change)).is_success
        await expect(ines.get_by_text("This change has moved on since you opened the page.")).to_be_visible()
        await expect(ines.locator("#progress-title")).to_contain_text("Withdrawn")
        await expect(ines.get_by_label("Comment")).to_have_value("Half a sentence")


async def test_a_tab_that_only_watches_follows_by_itself(platform: Platform, story: Story, browser: Browser) -> None:
    async with browsing(browser, platform, REQUESTER) as mara:
        change = await open_change(mara, story)
        assert (await asyncio.to_thread(story.decide, change, OWNER)).is_success
        await expect(mara.get_by_role("table", name="Decisions")).to_contain_text("Ines Castellano")


@SCRIPTS
async def test_withdrawing_submitting_and_rolling_back(
    platform: Platform, story: Story, browser: Browser, scripts: bool
) -> None:
    offering, _ = story.fresh_offering()
    before = story.price(offering)
    live = await asyncio.to_thread(story.monitored, offering, monitoring=20 * DAY)
    draft = platform.write(
        REQUESTER, "/api/changes", story.proposal("FIBRE-100", {"GB": story.price("FIBRE-100", "GB") + 1})
    ).json()["change"]
    async with browsing(browser, platform, REQUESTER, scripts) as mara:
        await mara.goto(f"/changes/{draft}")
        await mara.get_by_role("button", name="Submit for approval").click()
        await state(mara, draft, "Awaiting approval")
        await mara.get_by_text("Withdraw this change").click()
        await mara.get_by_label("Why is it withdrawn?").fill("Not needed")
        await mara.get_by_role("button", name="Withdraw").click()
        await state(mara, draft, "Withdrawn")
        await mara.goto(f"/changes/{live}")
        await mara.get_by_text("Roll this change back").click()
        await mara.get_by_label("Why is it rolled back?").fill("Complaints")
        await mara.get_by_role("button", name="Roll back").click()
        await state(mara, live, "Rolled back")
        for table in ("They give nobody a right to decide", "The audit chain of this change, first to last"):
            await expect(mara.get_by_role("table", name=table)).to_contain_text("Complaints")
    assert story.price(offering) == before


@SCRIPTS
async def test_a_change_that_was_sent_back_is_revised_and_asked_again(
    platform: Platform, story: Story, browser: Browser, scripts: bool
) -> None:
    async with browsing(browser, platform, OWNER, scripts) as ines:
        change = await open_change(ines, story)
        before = story.view(change)["content"]["parts"][0]["operations"][0]["after"]["unit_price_micros"]
        await decide(ines, "Request changes", "A little less, please.")
        await state(ines, change, "Needs revision")
    async with browsing(browser, platform, REQUESTER, scripts) as mara:
        await mara.goto(f"/changes/{change}")
        await mara.get_by_role("link", name="Write a new revision").click()
        price = mara.get_by_label(re.compile("New price in EUR, Germany .DE., (Partner|Direct)")).and_(
            mara.locator('input:not([value=""])')
        )
        await price.fill(f"{before / 1_000_000 - 0.1:.2f}")
        await mara.get_by_role("button", name="Write this revision and submit").click()
        await state(mara, change, "Awaiting approval")
    shown = story.view(change)
    assert shown["summary"]["revision"] == 2
    assert shown["content"]["parts"][0]["operations"][0]["after"]["unit_price_micros"] == before - 100_000


async def test_a_stopped_step_is_shown_and_tried_again(platform: Platform, story: Story, browser: Browser) -> None:
    platform.kill("catalog")
    try:
        change = await asyncio.to_thread(story.propose_price, story.fresh_offering()[0])
        await asyncio.to_thread(story.approve, change)
        await asyncio.to_thread(eventually, lambda: story.view(change)["cases"], bool, 60, "a case")
        async with browsing(browser, platform, OWNER, False) as ines:
            await expect(ines.get_by_role("table", name="Steps that stopped")).to_contain_text("Pricing (you)")
            await ines.goto(f"/changes/{change}")
            await expect(ines.get_by_role("heading", name="Stopped: 1 open case")).to_be_visible()
            platform.start("catalog")
            await asyncio.to_thread(platform.ready)
            await ines.get_by_role("button", name="Try again now").click()
            await state(ines, change, "Monitoring")
            await expect(ines.get_by_role("heading", name="Stopped")).to_have_count(0)
    finally:
        platform.restart("catalog")


async def test_a_rollback_that_cannot_be_done_is_given_up(platform: Platform, story: Story, browser: Browser) -> None:
    offering, channel = story.fresh_offering()
    first = await asyncio.to_thread(story.monitored, offering, channel=channel)
    await asyncio.to_thread(story.monitored, offering, channel=channel, rise="0.10")
    async with browsing(browser, platform, REQUESTER, False) as mara:
        await mara.goto(f"/changes/{first}")
        await mara.get_by_text("Roll this change back").click()
        await mara.get_by_label("Why is it rolled back?").fill("It was too dear.")
        await mara.get_by_role("button", name="Roll back", exact=True).click()
        await asyncio.to_thread(story.until_held, first)
        await mara.goto(f"/changes/{first}")
        await mara.get_by_text("Give the rollback up").click()
        await mara.get_by_label("Why can it not be rolled back?").fill("The price after it stays.")
        await mara.get_by_role("button", name="Give up").click()
        await state(mara, first, "Failed")
        await expect(mara.locator("main")).to_contain_text("Rollback given up")
        await expect(mara.locator("main")).to_contain_text("The price after it stays.")
    workflow = await asyncio.to_thread(
        eventually,
        lambda: platform.workflow(first, lambda handle: handle.describe()),
        lambda found: bool(found.close_time),
    )
    assert workflow.close_time
