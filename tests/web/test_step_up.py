"""The page on which somebody confirms who they are before they decide, in an installation of this process (E2)."""

import re

from playwright.async_api import Browser, expect

from tests.attacks.conftest import databases, world
from tests.attacks.presence_attacks import asked
from tests.attacks.world import World
from tests.builders import FINANCE, PRICING
from tests.commands.test_policies import released
from tests.serving import served
from tests.web.visitors import browsing, forms, violations

__all__ = ["databases", "world"]


def test_the_page_leads_to_the_confirmation_and_says_when_it_is_there(world: World) -> None:
    change = asked(world)
    world.client.post("/sign-in/development", data={"account": PRICING})
    found = re.search(r'href="(/step-up/[^"]+)" target="_blank"', world.client.get(f"/changes/{change}").text)
    assert found is not None
    hidden = forms(world.client.get(found[1]).text)[f"/step-up/{change}"]

    wrong = world.client.post(f"/step-up/{change}", data={**hidden, "account": FINANCE})
    assert (wrong.status_code, "not_confirmed" in wrong.text) == (403, True)
    right = world.client.post(f"/step-up/{change}", data={**hidden, "account": PRICING, "key": "another-key"})
    assert "You have confirmed who you are" in right.text
    page = world.client.get(f"/changes/{change}").text
    assert "✓ You have confirmed who you are" in page and "First confirm" not in page


def test_where_the_policy_asks_for_nothing_the_page_says_nothing(world: World) -> None:
    change = world.business.awaiting()
    world.client.post("/sign-in/development", data={"account": PRICING})
    page = world.client.get(f"/changes/{change}").text
    assert "Your decision" in page and "confirm" not in page.lower()


async def test_who_decides_confirms_and_types_the_total_effect_in_a_browser(world: World, browser: Browser) -> None:
    limits = [{"currency": "EUR", "amount": 1}]
    released(world.business, lambda document: document.update(step_up_from_tier=2, retype_above=limits))
    world.business.seed(1, 200)
    change = world.business.awaiting()
    with served(world.client.app) as url:
        async with browsing(browser, url, PRICING) as page:
            await page.goto(f"/changes/{change}")
            found = await violations(page)
            async with page.expect_popup() as opened:
                await page.get_by_role("link", name="First confirm who you are").click()
            tab = await opened.value
            found += await violations(tab)
            await tab.get_by_label("Type your account once more").fill(PRICING)
            await tab.get_by_role("button", name="Confirm").click()
            await expect(tab.get_by_role("heading", name="You have confirmed who you are")).to_be_visible()
            found += await violations(tab)

            typed = page.get_by_label("type the total effect in EUR again")
            await page.get_by_label("Comment").fill("The margin holds.")
            await typed.fill("1.00")
            await page.get_by_role("button", name="Approve").click()
            await expect(page.get_by_role("alert").get_by_text("type the total effect in EUR exactly")).to_be_visible()
            found += await violations(page)
            await expect(page.get_by_label("Comment")).to_have_value("The margin holds.")

            shown = await page.locator("#decide ~ form p", has_text="Total effect").inner_text()
            amount = re.search(r"(\S+)\s*EUR", shown.split("pending orders")[1])
            assert amount is not None
            await typed.fill(amount[1].lstrip(", "))
            await page.get_by_role("button", name="Approve").click()
            await expect(page.get_by_text("Your decision")).not_to_be_visible()
            found += await violations(page)
    assert not found, "\n".join(found)
    assert world.business.timeline(change)[-1].details["total_effect"]
