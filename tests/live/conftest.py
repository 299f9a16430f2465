"""One real Temporal service a test session, one installation a test module and database."""

import os
from collections.abc import Iterator

import pytest

from cli.platform.temporal_service import TemporalService
from domain.errors import Unavailable
from tests.databases import EMPTY, Databases
from tests.live.outage import Stoppable
from tests.live.platform import Platform
from tests.live.story import Story

FOREIGN = "MANDATE_TEST_TEMPORAL_ADDRESS"


@pytest.fixture(scope="session")
def temporal_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the Temporal service of these tests answers. Fails with one sentence where none can be had; never skips."""
    if address := os.environ.get(FOREIGN):
        yield address
        return
    service = TemporalService(tmp_path_factory.mktemp("temporal"), time_skipping=True)
    try:
        service.start()
    except Unavailable as missing:
        pytest.fail(f"No Temporal service, no live tests: {missing.detail}", pytrace=False)
    yield service.address
    # Nothing of it is needed any more, and an orderly end takes ten seconds once it holds many installations.
    service.kill()


@pytest.fixture(scope="module")
def platform(
    databases: Databases, temporal_address: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    """An installation of this module, on SQLite and on PostgreSQL."""
    with Platform(tmp_path_factory.mktemp("platform"), databases.copy_of(EMPTY), temporal_address) as running:
        yield running


@pytest.fixture(scope="module")
def story(platform: Platform) -> Story:
    """The people at work on it."""
    return Story(platform)


@pytest.fixture
def server() -> Iterator[Stoppable]:
    """A PostgreSQL server of one test, which can go away."""
    running = Stoppable()
    yield running
    running.stop()
