"""A quote is submitted and approved on its pages, without JavaScript and with it (R-7.11)."""

import re

import pytest
from playwright.async_api import Browser, expect

from tests.live.platform import Platform
from tests.web.visitors import browsing, send, violations, visitor

SELLER, SALES, LEGAL = "mara.lindqvist", "tom.okafor", "sunita.iyer"
SCRIPTS = pytest.mark.parametrize("scripts", [False, True], ids=["without-javascript", "with-javascript"])


def draft(platform: Platform) -> str:
    """A draft quote."""
    found: str = platform.read("/api/quotes", status="draft", limit=1)["items"][0]["id"]
    return found


@SCRIPTS
async def test_a_quote_with_other_clauses_is_approved_by_sales_and_legal(
    platform: Platform, browser: Browser, scripts: bool
) -> None:
    quote = draft(platform)
    async with browsing(browser, platform, SELLER, scripts) as mara:
        await mara.goto(f"/quotes/{quote}")
        await mara.get_by_label("It has clauses that are not standard").check()
        await mara.get_by_role("button", name="Submit for approval").click()
        await expect(mara).to_have_url(re.compile("/requests/AR-"))
        request = mara.url.rpartition("/")[2]
        await expect(mara.locator("main")).to_contain_text("clauses that are not standard")
        await expect(mara.locator("main")).to_contain_text("you asked for it")
        assert not scripts or await violations(mara) == []
        await mara.get_by_role("link", name="Read the quote with its lines").click()
        await expect(mara.locator("main")).to_contain_text(f"It waits for its approval: {request}")
    for who in (SALES, LEGAL):
        async with browsing(browser, platform, who, scripts) as page:
            await page.get_by_role("link", name=f"Approval of quote {quote}").click()
            await page.get_by_role("button", name="Approve").click()
            await expect(page.locator("main")).to_contain_text("✓")
    async with browsing(browser, platform, SELLER, scripts) as mara:
        await mara.goto(f"/quotes/{quote}")
        await expect(mara.get_by_role("table", name="Who approved what")).to_contain_text("Sunita Iyer")
        await expect(mara.get_by_role("button", name="Submit for approval")).to_have_count(0)
        assert not scripts or await violations(mara) == []


def test_bad_terms_keep_what_was_typed(platform: Platform) -> None:
    quote = draft(platform)
    with visitor(platform, SELLER) as client:
        typed = {"payment_days": "many", "regions": "2", "other_clauses": "yes"}
        answer = send(client, f"/quotes/{quote}", f"/quotes/{quote}/approval", typed)

    assert (answer.status_code, "Not done" in answer.text, 'value="many"' in answer.text) == (422, True, True)
    assert platform.read(f"/api/quotes/{quote}")["status"] == "draft"


def test_a_request_is_taken_back_on_its_page(platform: Platform) -> None:
    quote = draft(platform)
    with visitor(platform, SELLER) as client:
        page = send(client, f"/quotes/{quote}", f"/quotes/{quote}/approval", {"regions": "1"}).headers["location"]
        assert platform.read(f"/api/quotes/{quote}")["status"] == "in_approval"
        assert send(client, page, f"{page}/withdraw", {}).status_code == 303

    assert platform.read(f"/api/quotes/{quote}")["status"] == "draft"
