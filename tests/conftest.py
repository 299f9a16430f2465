import os
from collections.abc import Iterator
from itertools import zip_longest
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
"""Where files take minutes, most of which they wait; none of them is begun last, so that no worker is left with one."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that wait and files that calculate in turn, as long as there are both, each in the order that was drawn."""
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    waiting = [name for name in files if name.startswith(LONG)]
    calculating = [name for name in files if not name.startswith(LONG)]
    turns = (name for pair in zip_longest(waiting, calculating) for name in pair if name)
    items[:] = [item for name in turns for item in files[name]]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The PostgreSQL server of this test session."""
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    """Makes SQLite databases; its templates last as long as the session."""
    return SqliteDatabases(tmp_path_factory.mktemp("databases"))


@pytest.fixture(scope="session")
def postgresql_databases(postgres_server: PostgresServer) -> PostgresDatabases:
    """Makes PostgreSQL databases; its templates last as long as the session."""
    return PostgresDatabases(postgres_server)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Databases:
    """Makes databases; everything that asks for it runs on SQLite and on PostgreSQL."""
    found: Databases = request.getfixturevalue(f"{request.param}_databases")
    return found


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
