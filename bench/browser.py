"""Chromium, as measurements and tests of the pages use it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from domain.errors import Unavailable

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A real Chromium. Raises Unavailable("no_chromium")."""
    if not CHROMIUM.exists():
        raise Unavailable(
            "no_chromium", "There is no Chromium: run `apt-get install chromium` or set CHROMIUM to its path."
        )
    async with async_playwright() as tool:
        running = await tool.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield running
        await running.close()
