"""A price-book change over very many open quotes on the pages of a `mandate up` installation, in Chromium.

The example business with its people; every list price becomes dearer by a percentage, but for those that golden
scenarios fix. What is told of the progress is what the page of the change showed by itself, without being loaded again.
"""

import asyncio
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Error, Page

from bench.browser import chromium
from bench.price_book import LIMIT, MOST_MB, POLL
from bench.results import Measurement, measured, note
from bench.sizes import forget_peak, peak_of
from cli.cast import OPERATOR
from cli.client import Api
from cli.running import Platform, running
from cli.seeding import seed_quotes
from commands.command import Gateway
from commands.example import set_up_example
from domain.pricing import PriceBook
from domain.pricing_golden import golden_quote
from store import artifacts
from store.database import Database

BENCH = "pricebook-page"
REQUESTER = "mara.lindqvist"
SEED = 1
PERCENTS = ("5", "6")
READY = "Awaiting approval"
PRICING = "pricing/standard"


@dataclass
class Journey:
    """A change, seconds from the click on submit until its page showed each state, its progress, the worker's peak."""

    change: str
    states: dict[str, float] = field(default_factory=dict)
    progress: list[str] = field(default_factory=list)
    peak: float = 0.0


def run(count: int) -> list[Measurement]:
    """Two changes of the book, one after the other: the first one takes the first snapshot of all quotes."""
    with tempfile.TemporaryDirectory(prefix="mandate-bench-") as name, running(Path(name), note) as platform:
        fixed = _set_up(Path(name))
        with Api(platform.api, _token(platform, OPERATOR)) as api:
            note(f"writing {count:,} open quotes")
            seed_quotes(api, count, SEED, lambda _: None)
            journeys = asyncio.run(_journeys(platform, fixed))
            found = [api.get(f"/api/changes/{journey.change}")["simulation"] for journey in journeys]
    return _measurements(count, journeys, found)


def _measurements(count: int, journeys: list[Journey], found: list[Any]) -> list[Measurement]:
    first, second = journeys
    title = f"price book over {count:,} open quotes on the page, submitted to evidence"
    return [
        measured(BENCH, f"{title}, with the first snapshot", "s", [first.states[READY]]),
        measured(BENCH, title, "s", [second.states[READY]]),
        *(measured(BENCH, f"{title}, until it said {state}", "s", [at]) for state, at in second.states.items()),
        measured(BENCH, f"{title}, quotes that it moved", "", [one["quotes"] for one in found]),
        measured(BENCH, f"{title}, steps of progress that the page showed", "", [len(set(second.progress))]),
        measured(BENCH, f"{title}, peak memory of the worker", "MB", [first.peak, second.peak], most=MOST_MB),
    ]


def _set_up(folder: Path) -> list[str]:
    """The example business, as `mandate ops setup` makes it; the prices that its golden scenarios fix."""
    database = Database(f"sqlite:///{folder / 'mandate.db'}", development=True)
    try:
        set_up_example(Gateway(database))
        with database.reading() as session:
            book = PriceBook(artifacts.latest_of(session, PRICING)[PRICING].content)
    finally:
        database.close()
    quotes = [golden_quote(scenario) for _, scenario in book.golden()]
    found = [book.find(q.lines[0].offering, q.lines[0].selling_model, q.market, q.channel, q.currency) for q in quotes]
    return sorted({key for key in found if key is not None})


def _token(platform: Platform, account: str) -> str:
    answer = httpx.post(f"{platform.api}/api/sessions/development", json={"account": account}, trust_env=False)
    return str(answer.raise_for_status().json()["token"])


async def _journeys(platform: Platform, fixed: list[str]) -> list[Journey]:
    journeys = []
    async with chromium() as browser:
        page = await (await browser.new_context(base_url=platform.api)).new_page()
        await page.goto("/sign-in")
        await page.get_by_role("button", name=f"Sign in as {REQUESTER}", exact=True).click()
        for percent in PERCENTS:
            journeys.append(await _travel(page, percent, fixed, platform.worker))
            await _withdraw(page, journeys[-1].change)
    return journeys


async def _travel(page: Page, percent: str, fixed: list[str], worker: int) -> Journey:
    """Propose and submit the change on the page, and watch it until the evidence is there. Raises TimeoutError."""
    forget_peak(worker)
    await page.goto("/changes/new?all=true")
    await page.get_by_label("Every list price below becomes dearer by percent").fill(percent)
    await page.get_by_role("button", name="Fill in").click()
    await page.wait_for_load_state()
    for key in fixed:
        await page.locator(f'input[value="{key}"] + input[name="unit_price"]').fill("")
    await page.get_by_label("Title", exact=True).fill("The price book becomes dearer")
    await page.get_by_label("Objective").fill("Follow the cost before the quarter ends.")
    begun = time.perf_counter()
    await page.get_by_role("button", name="Create and submit").click()
    await page.wait_for_url("**/changes/CR-*")
    journey = Journey(page.url.rpartition("/")[2])
    note(f"{journey.change} is submitted")
    async with asyncio.timeout(LIMIT):
        while READY not in journey.states:
            await _look(page, journey, begun)
            await asyncio.sleep(POLL)
    journey.peak = peak_of(worker)
    note(f"{journey.change}: {journey.states}, {journey.progress}, {journey.peak:.0f} MB")
    return journey


async def _look(page: Page, journey: Journey, begun: float) -> None:
    """What the page shows now; nothing where it is just being loaded."""
    try:
        shown = await page.locator("#progress-title, #progress p:has(progress)").all_inner_texts()
    except Error:
        return
    for text in shown[:1]:
        state = text.partition("waits for")[0].partition("the platform")[0].strip()
        journey.states.setdefault(state, time.perf_counter() - begun)
    for text in shown[1:]:
        if text not in journey.progress:
            journey.progress.append(text)


async def _withdraw(page: Page, change: str) -> None:
    """The requester takes it back, so that the next one meets none that touches the same."""
    await page.goto(f"/changes/{change}")
    await page.get_by_text("Withdraw this change").click()
    await page.get_by_role("button", name="Withdraw", exact=True).click()
    await page.wait_for_load_state()
