"""What is kept about people, on the pages: own data at once, that of others when others agreed (R-7.11)."""

import re

import pytest
from playwright.async_api import Browser, expect

from tests.live.platform import Platform
from tests.web.visitors import browsing, send, violations, visitor

READER, COMPLIANCE = "ruben.falk", "naomi.sato"
SCRIPTS = pytest.mark.parametrize("scripts", [False, True], ids=["without-javascript", "with-javascript"])


@SCRIPTS
async def test_access_is_asked_for_agreed_to_used_and_ended(
    platform: Platform, browser: Browser, scripts: bool
) -> None:
    about = "ines.castellano" if scripts else "felix.nygaard"
    async with browsing(browser, platform, READER, scripts) as ruben:
        await ruben.goto("/data-access")
        await ruben.get_by_label("About whom?").fill(about)
        await ruben.get_by_label("Why?").fill("A complaint has to be looked into.")
        await ruben.get_by_role("button", name="Ask for access").click()
        await expect(ruben).to_have_url(re.compile("/requests/AR-"))
        await expect(ruben.locator("main")).to_contain_text("A complaint has to be looked into.")
    async with browsing(browser, platform, COMPLIANCE, scripts) as naomi:
        await naomi.get_by_role("link", name=f"Read what is kept about {about}").click()
        await naomi.get_by_role("button", name="Approve").click()
        await expect(naomi.locator("main")).to_contain_text("Completed")
    async with browsing(browser, platform, READER, scripts) as ruben:
        await ruben.goto("/data-access")
        assert not scripts or await violations(ruben) == []
        await ruben.get_by_role("row").filter(has_text="in force").get_by_role("button", name="Read about").click()
        await expect(ruben.locator("main")).to_contain_text(about)
        await expect(ruben.locator("main")).to_contain_text("stays on record")
        assert not scripts or await violations(ruben) == []
        await ruben.goto("/data-access")
        await ruben.get_by_role("button", name=re.compile("^End AR-")).click()
        await expect(ruben.get_by_role("button", name="Read about")).to_have_count(0)


def test_without_access_nothing_is_shown_and_what_was_typed_is_kept(platform: Platform) -> None:
    with visitor(platform, READER) as client:
        refused = send(client, "/data-access", "/data-access/read", {"about": "helene.aubry"})
        assert (refused.status_code, "What is kept about Helene" in refused.text, "ask for it" in refused.text) == (
            403,
            False,
            True,
        )
        typed = {"about": "nobody", "days": "90", "reason": "Because of a complaint."}
        wrong = send(client, "/data-access", "/data-access", typed)
        assert (wrong.status_code, "Because of a complaint." in wrong.text) == (422, True)


def test_own_data_is_read_at_once(platform: Platform) -> None:
    with visitor(platform, "olivia.hartmann") as client:
        shown = send(client, "/data-access", "/data-access/read", {"about": "olivia.hartmann"})

    assert (shown.status_code, "Olivia Hartmann" in shown.text, "Commercial directors" in shown.text) == (
        200,
        True,
        True,
    )
