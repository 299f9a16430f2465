from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser

from bench.browser import chromium
from tests.databases import EMPTY, SqliteDatabases
from tests.live.conftest import temporal_address
from tests.live.platform import Platform
from tests.live.story import Story
from tests.web.visitors import seed_quotes

__all__ = ["temporal_address"]


@pytest.fixture(scope="module")
def platform(temporal_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """An installation of this module, with open quotes; each test uses an offering of its own."""
    login = SqliteDatabases(tmp_path_factory.mktemp("databases")).copy_of(EMPTY)
    with Platform(tmp_path_factory.mktemp("platform"), login, temporal_address) as running:
        seed_quotes(running)
        yield running


@pytest.fixture(scope="module")
def story(platform: Platform) -> Story:
    """The people at work on it."""
    return Story(platform)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A real Chromium."""
    async with chromium() as running:
        yield running
