import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.databases import EMPTY, SqliteDatabases
from tests.live.conftest import temporal_address
from tests.live.platform import Platform
from tests.live.story import Story
from tests.web.visitors import seed_quotes

__all__ = ["temporal_address"]

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
)


@pytest.fixture(scope="session")
def platform(temporal_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One running installation for all page tests, with open quotes; each test uses an offering of its own."""
    login = SqliteDatabases(tmp_path_factory.mktemp("databases")).copy_of(EMPTY)
    with Platform(tmp_path_factory.mktemp("platform"), login, temporal_address) as running:
        seed_quotes(running)
        yield running


@pytest.fixture(scope="session")
def story(platform: Platform) -> Story:
    """The people at work on it."""
    return Story(platform)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A real Chromium."""
    if not CHROMIUM.exists():
        pytest.fail(
            "No Chromium for the page tests: run `apt-get install chromium` or set CHROMIUM to its path.", False
        )
    async with async_playwright() as tool:
        running = await tool.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield running
        await running.close()
