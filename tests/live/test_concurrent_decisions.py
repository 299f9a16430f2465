"""Many people decide at once, and one person in two tabs: the small form; `make prove` runs ten thousand and twenty."""

from collections.abc import Iterator

import pytest

from tests import databases as template
from tests.databases import PostgresDatabases, PostgresServer
from tests.live import concurrency
from tests.live.crowd import CROWD_TEMPLATE, Crowd, prepare
from tests.live.platform import Platform

template.PREPARE[CROWD_TEMPLATE] = prepare


@pytest.fixture(scope="module")
def crowded(
    postgres_server: PostgresServer, temporal_address: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Platform, Crowd]]:
    """An installation on PostgreSQL with a crowd."""
    login = PostgresDatabases(postgres_server).copy_of(CROWD_TEMPLATE)
    with Platform(tmp_path_factory.mktemp("crowd"), login, temporal_address) as platform:
        yield platform, concurrency.crowd_at(platform, login)


@pytest.mark.timeout(600)
def test_of_many_decisions_at_once_none_is_lost_and_none_counts_twice(crowded: tuple[Platform, Crowd]) -> None:
    found = concurrency.decisions(*crowded, changes=4, clients=3)
    assert found.requests == 4 * concurrency.ATTEMPTS


@pytest.mark.timeout(600)
def test_of_one_person_in_two_tabs_one_word_counts(crowded: tuple[Platform, Crowd]) -> None:
    found = concurrency.races(*crowded, changes=6, clients=3)
    assert found.requests == 6 * 2 * concurrency.RACERS
