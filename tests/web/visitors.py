"""Visitors of the pages in tests: over plain HTTP, and with a browser."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, Page

from tests.live.platform import CLOCKKEEPER, Platform

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
QUOTES = 400


def seed_quotes(platform: Platform) -> None:
    """Write open quotes, so that changes have an impact."""
    seeds = "/api/development/seeds"
    for path, body in (
        (seeds, {"seed": 1, "count": QUOTES}),
        (f"{seeds}/1/chunks", {"first": 0}),
        (f"{seeds}/1/publish", {}),
    ):
        platform.write(CLOCKKEEPER, path, body).raise_for_status()


@contextmanager
def visitor(platform: Platform, account: str) -> Iterator[httpx.Client]:
    """Somebody signed in with a browser without scripts: cookies, no redirects followed."""
    with httpx.Client(base_url=platform.url, trust_env=False, timeout=30) as client:
        client.post("/sign-in/development", data={"account": account})
        yield client


def forms(html: str) -> dict[str, dict[str, str]]:
    """The hidden fields of the forms of a page, by where they are sent to."""
    reader = _Forms()
    reader.feed(html)
    return reader.found


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str]] = {}
        self._form: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = self.found.setdefault(given["action"], {})
        elif tag == "input" and given.get("type") == "hidden":
            self._form[given["name"]] = given["value"]


def send(client: httpx.Client, page: str, action: str, typed: Mapping[str, Any], **headers: str) -> httpx.Response:
    """Fill in a form of a page and send it."""
    hidden = forms(client.get(page).text)[action]
    return client.post(action, data={**hidden, **typed}, headers=headers)


@asynccontextmanager
async def browsing(
    browser: Browser, platform: Platform | str, account: str, scripts: bool = True, **more: Any
) -> AsyncIterator[Page]:
    """A browser tab in which somebody has signed in on the page. A dialog or a script error fails the test.

    platform: an installation or its address.
    """
    url = platform if isinstance(platform, str) else platform.url
    context = await browser.new_context(java_script_enabled=scripts, base_url=url, **more)
    context.set_default_timeout(15_000)
    page = await context.new_page()
    faults: list[str] = []
    context.on("dialog", lambda dialog: faults.append(f"dialog: {dialog.message}"))
    context.on("weberror", lambda error: faults.append(f"script error: {error.error}"))
    await page.goto("/sign-in")
    await page.get_by_role("button", name=f"Sign in as {account}", exact=True).click()
    await page.wait_for_url(f"{url}/")
    yield page
    await context.close()
    assert not faults, faults


async def violations(page: Page) -> list[str]:
    """What axe finds that is serious or worse, in words."""
    await page.wait_for_load_state()
    await page.evaluate(AXE.read_text())
    found: list[dict[str, Any]] = (await page.evaluate("() => axe.run({resultTypes: ['violations']})"))["violations"]
    return [
        f"{page.url}: {fault['id']} ({fault['impact']}): {node['html'][:150]}"
        for fault in found
        if fault["impact"] in ("serious", "critical") or fault["id"] in ("heading-order", "region")
        for node in fault["nodes"]
    ]
