"""The page of a simulation: its numbers are those of the result, and a quote can be followed step by step."""

import re
from decimal import Decimal

from playwright.async_api import Browser, expect

from tests.live.platform import Platform
from tests.live.story import Story
from tests.web.visitors import browsing, visitor

FINANCE = "helene.aubry"


def simulated(story: Story) -> str:
    """A change that makes an offering dearer in one market and cheaper in others, with its simulation."""
    rises = {"DE": 3, "GB": -2, "CH": 1}
    prices = {market: story.price("FIBRE-100", market, "direct") + rise for market, rise in rises.items()}
    change = story.propose(story.proposal("FIBRE-100", prices, "direct"))
    story.until(change, "awaiting_approval")
    return change


def test_numbers_distribution_and_reasons_are_those_of_the_result(platform: Platform, story: Story) -> None:
    change = simulated(story)
    found = story.view(change)["simulation"]
    with visitor(platform, FINANCE) as client:
        text = client.get(f"/changes/{change}/simulation").text
        trace = client.get(re.findall(rf"/changes/{change}/simulation/quotes/[^\"]+", text)[0]).text
        unknown = client.get(f"/changes/{change}/simulation/quotes/Q-none")

    assert found["dearer"] > 0 and found["cheaper"] > 0
    assert text.count("<rect") == len(found["distribution"])
    assert all(check["title"] in text for check in found["checks"])
    margins = text[text.index("Margin, in all</dt>") : text.index("</dl>")]
    assert {"EUR", "GBP", "CHF"} <= found["margin_delta"].keys()
    assert all(f"{abs(minor) / 100:,.2f}" in margins for minor in found["margin_delta"].values())
    assert found["largest_margins"][0]["quote"] in text[text.index("The quotes whose margin moves most") :]
    assert all(pack["reason"] in text for pack in found["packs"])
    assert "list price" in trace and "rounded" in trace and "FIBRE-100" in trace
    assert unknown.status_code == 404


async def test_the_picture_is_drawn(platform: Platform, browser: Browser, story: Story) -> None:
    change = simulated(story)
    async with browsing(browser, platform, FINANCE, viewport={"width": 1280, "height": 900}) as page:
        await page.goto(f"/changes/{change}/simulation")
        drawn = await page.locator("svg.distribution rect").evaluate_all(
            "bars => bars.filter(bar => bar.getBoundingClientRect().height > 1).length"
        )
        assert drawn >= 2
        await page.locator("section[aria-labelledby=cases] a").first.click()
        await expect(page.locator("h1")).to_contain_text("old against new")


def test_what_fails_comes_first_and_leads_to_the_lines_where_it_does(platform: Platform, story: Story) -> None:
    change = story.propose(story.proposal("FIBRE-100", {"DE": Decimal("0.90")}, "direct"))
    found = story.until(change, "needs_revision")["simulation"]
    with visitor(platform, FINANCE) as client:
        text = client.get(f"/changes/{change}/simulation").text
        checks = text[text.index('id="checks"') :]
        quote, line = re.findall(rf'href="/changes/{change}/simulation/quotes/([^"#]+)#line-(\d+)"', checks)[0]
        trace = client.get(f"/changes/{change}/simulation/quotes/{quote}").text

    (floor,) = (check for check in found["checks"] if check["name"] == "margin_floor")
    assert f"{quote}/{line}" in floor["counter_examples"]
    extent = f"{floor['failing']:,} of {floor['checked']:,}"
    assert floor["failing"] >= len(floor["counter_examples"])
    assert f"This does not hold: No line falls under the margin floor of 10 percent ({extent})." in text
    assert f"<strong>{extent}</strong>: " in checks
    assert checks.index("outcome-fail") < checks.index("outcome-pass")
    assert f'id="line-{line}"' in trace and re.search(r"margin .* of the price\) → <strong>[−-]", trace)
    assert (
        re.findall(r"/simulation/quotes/([^\"]+)", text[text.index('id="largest"') :])[0]
        == found["largest"][0]["quote"]
    )
