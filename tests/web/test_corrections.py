"""A line of a quote is corrected on the pages, without JavaScript and with it (chapter 17)."""

import re

import pytest
from playwright.async_api import Browser, expect

from tests.live.platform import Platform
from tests.web.visitors import browsing, forms, violations, visitor

ASKING, FINANCE, LEGAL = "mara.lindqvist", "helene.aubry", "sunita.iyer"
SCRIPTS = pytest.mark.parametrize(
    ("place", "scripts"), [(0, False), (1, True)], ids=["without-javascript", "with-javascript"]
)


def quote_number(platform: Platform, place: int) -> str:
    """A quote of its own for each test."""
    found: str = platform.read("/api/quotes", status="proposed", limit=4)["items"][place]["id"]
    return found


@SCRIPTS
async def test_a_discount_is_corrected_by_finance_and_legal(
    platform: Platform, browser: Browser, place: int, scripts: bool
) -> None:
    quote = quote_number(platform, place)
    async with browsing(browser, platform, ASKING, scripts) as mara:
        await mara.goto(f"/quotes/{quote}")
        choice = mara.get_by_label("What is wrong?")
        value = await choice.locator("option", has_text="Line 1: Discount").get_attribute("value")
        await choice.select_option(value)
        await mara.get_by_label("What should it be?").fill("777")
        await mara.get_by_label("Why is it to be corrected?").fill("Typed wrongly.")
        await mara.get_by_role("button", name="Ask for the correction").click()
        await expect(mara).to_have_url(re.compile("/requests/AR-"))
        table = mara.get_by_role("table", name="Before and after")
        await expect(table).to_contain_text("7.77 %")
        await expect(table.get_by_role("row", name=re.compile(f"Quote {quote} Total"))).to_contain_text(
            re.compile("EUR|GBP|CHF")
        )
        await expect(mara.locator("main")).not_to_contain_text("{'")
        assert not scripts or await violations(mara) == []
        await mara.get_by_role("link", name="Read the quote with its lines").click()
        await expect(mara.locator("main")).to_contain_text("It waits for those who have to agree")
    for who in (FINANCE, LEGAL):
        async with browsing(browser, platform, who, scripts) as page:
            await page.get_by_role("link", name=f"{quote}/1").click()
            await page.get_by_role("button", name="Approve").click()
            await expect(page.locator("main")).to_contain_text("✓")
    async with browsing(browser, platform, ASKING, scripts) as mara:
        await mara.goto(f"/quotes/{quote}")
        corrected = mara.get_by_role("table", name="What was corrected")
        await expect(corrected).to_contain_text("7.77 %")
        await expect(corrected).to_contain_text("Mara Lindqvist")
        assert not scripts or await violations(mara) == []


def test_what_was_typed_is_kept_when_it_is_refused(platform: Platform) -> None:
    quote = quote_number(platform, 2)
    owner = platform.read(f"/api/quotes/{quote}")["owner"]
    path, reason = f"/quotes/{quote}/corrections", "<b>Somebody else</b> sells it."
    with visitor(platform, ASKING) as client:
        hidden = forms(client.get(f"/quotes/{quote}").text)[path]
        typed = {"what": f"quote:owner::{owner}", "corrected": owner, "reason": reason}
        same = client.post(path, data={**hidden, **typed})
        assert (same.status_code, "already" in same.text, "&lt;b&gt;Somebody else" in same.text) == (422, True, True)
        assert f'<option value="quote:owner::{owner}" selected>' in same.text
        stale = client.post(path, data={**hidden, **typed, "what": "quote:owner::seller-none", "corrected": "x"})
        assert (stale.status_code, "look again" in stale.text) == (409, True)
        for what in ("", "quote", "decision:choice::approve", "quote_line:quantity:x:1"):
            assert client.post(path, data={**hidden, **typed, "what": what}).status_code in (403, 422), what
    assert platform.read("/api/corrections", key=quote) == []


def test_a_correction_whose_record_moved_says_so(platform: Platform) -> None:
    quote = quote_number(platform, 3)
    line = platform.read(f"/api/quotes/{quote}")["lines"][0]
    asked = {"record": "quote_line", "key": f"{quote}/1", "reason": "Typed wrongly."}
    requests = [
        platform.write(
            ASKING, "/api/corrections", {**asked, "field": field, "original": str(line[field]), "corrected": value}
        ).json()["request"]
        for field, value in (("quantity", "3"), ("discount_basis_points", "1234"))
    ]
    with visitor(platform, ASKING) as client:
        assert "Who asked takes this back and asks anew" not in client.get(f"/requests/{requests[1]}").text
        for who in (FINANCE, LEGAL):
            seen = platform.read(f"/api/requests/{requests[0]}")["seen"]
            ballot = {"choice": "approve", "revision": 1, "seen": seen}
            platform.write(who, f"/api/approvals/{requests[0]}/decisions", ballot).raise_for_status()
        assert "Who asked takes this back and asks anew" in client.get(f"/requests/{requests[1]}").text
