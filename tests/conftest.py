import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from cli.platform import ports
from commands.command import Gateway
from store.database import Database
from store.files import FileStore
from tests import statements
from tests.builders import Business
from tests.databases import (
    BUSINESS,
    EMPTY,
    MIGRATED,
    Databases,
    Login,
    PostgresDatabases,
    PostgresServer,
    SqliteDatabases,
)

statements.share()
if "PYTEST_XDIST_WORKER" in os.environ:
    # Each process of a test run takes ports of its own: one is chosen long before somebody listens on it.
    number, of = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw")), int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    ports.CANDIDATES = ports.CANDIDATES[number::of]
settings.register_profile("mandate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "mutants", settings.get_profile("mandate"), derandomize=True, phases=[Phase.explicit, Phase.generate]
)
"""For mutation tests: every run draws the same examples, and one that fails is enough: nobody reads the smallest."""
settings.load_profile("mandate")

LONG = ("tests/live", "tests/attacks", "tests/web", "tests/cli", "tests/replay")
"""Where files take minutes; they are begun first, so that no worker is left with one while the others have ended."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, otherwise in the order that was drawn."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The PostgreSQL server of this test session."""
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """Makes databases; everything that asks for it runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        return SqliteDatabases(tmp_path_factory.mktemp("databases"))
    return PostgresDatabases(request.getfixturevalue("postgres_server"))


@pytest.fixture
def empty_login(databases: Databases) -> Login:
    """A database without tables."""
    return databases.copy_of(EMPTY)


@pytest.fixture
def login(databases: Databases) -> Login:
    """A migrated database in which nothing is set up."""
    return databases.copy_of(MIGRATED)


@pytest.fixture
def database(login: Login) -> Iterator[Database]:
    """The application's access to a migrated database."""
    found = Database(login.application, development=True)
    yield found
    found.close()


@pytest.fixture
def gateway(database: Database) -> Gateway:
    """Where commands run on a migrated database."""
    return Gateway(database)


@pytest.fixture
def business(databases: Databases, tmp_path: Path) -> Iterator[Business]:
    """The example business, with its people, markets, policy, catalog and prices."""
    login = databases.copy_of(BUSINESS)
    database = Database(login.application, development=True)
    yield Business(Gateway(database), FileStore(tmp_path / "files"), login)
    database.close()
