"""A session that ends while a form is open: what was typed comes back after signing in, and nothing decides by itself."""

import asyncio

import pytest
from playwright.async_api import Browser, expect

from tests.live.platform import Platform
from tests.live.story import OWNER, REQUESTER, Story
from tests.web.visitors import browsing, visitor

COMMENT = 'The margin holds, "barely" <b>so</b>.'
SCRIPTS = pytest.mark.parametrize("scripts", [False, True], ids=["without-javascript", "with-javascript"])


@SCRIPTS
async def test_a_comment_comes_back_after_signing_in_again(
    platform: Platform, story: Story, browser: Browser, scripts: bool
) -> None:
    change = await asyncio.to_thread(story.propose_price, story.fresh_offering()[0])
    await asyncio.to_thread(story.until, change, "awaiting_approval")
    async with browsing(browser, platform, OWNER, scripts) as page:
        await page.goto(f"/changes/{change}")
        await page.get_by_label("Comment").fill(COMMENT)
        await page.context.clear_cookies()
        await page.get_by_role("button", name="Approve").click()
        await expect(page.get_by_role("alert")).to_contain_text("Nothing was done; what you typed is still here.")
        async with page.context.expect_page() as opened:
            await page.get_by_role("button", name="Sign in in a new tab").click()
        tab = await opened.value
        await tab.get_by_role("button", name=f"Sign in as {OWNER}", exact=True).click()
        await expect(tab.get_by_role("heading", name="You are signed in")).to_be_visible()
        await page.get_by_role("button", name="Go on with what I typed").click()
        await expect(page.get_by_label("Comment")).to_have_value(COMMENT)
        assert story.view(change)["decisions"] == []
        await page.get_by_role("button", name="Approve").click()
        await expect(page.get_by_role("table", name="Decisions, first to last")).to_contain_text(COMMENT)
    assert len(story.view(change)["decisions"]) == 1


def test_who_goes_on_without_signing_in_is_asked_again(platform: Platform, story: Story) -> None:
    change = story.propose_price(story.fresh_offering()[0])
    story.until(change, "awaiting_approval")
    with visitor(platform, OWNER) as client:
        client.cookies.clear()
        for path in ("decisions", "resume"):
            answer = client.post(f"/changes/{change}/{path}", data={"comment": COMMENT, "choice": "approve"})
            assert answer.status_code == 401
            assert f'action="/changes/{change}/resume"' in answer.text
            assert "<b>so" not in answer.text and "&lt;b&gt;so" in answer.text
            assert 'name="choice"' not in answer.text, "only what was typed goes along"


@pytest.mark.parametrize("action", ["/changes/new", "/changes/try", "/changes/CR-1/revise"])
def test_a_proposal_comes_back_too(platform: Platform, action: str) -> None:
    entries = ["price/DATA-SIM/monthly/DE/partner/EUR", "price/DATA-SIM/monthly/GB/partner/GBP"]
    typed = {"offering": "DATA-SIM", "entry": entries, "unit_price": ["", "9.99"], "title": "Data in Britain"}
    with visitor(platform, REQUESTER) as client:
        kept = dict(client.cookies)
        client.cookies.clear()
        answer = client.post(action, data={**typed, "csrf": "old", "key": "12345678", "then": "submit"})
        assert answer.status_code == 401 and 'action="/changes/edit"' in answer.text
        client.cookies.update(kept)
        page = client.post("/changes/edit", data=typed).text
    assert 'value="9.99"' in page and "Data in Britain" in page


def test_nothing_typed_leads_straight_to_signing_in(platform: Platform) -> None:
    with visitor(platform, REQUESTER) as client:
        client.cookies.clear()
        answer = client.post("/changes/CR-1/decisions", data={"comment": " ", "choice": "approve"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/")
