from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from store.settings import Settings
from tests.attacks.lines import pytest_terminal_summary
from tests.attacks.world import World
from tests.builders import Business
from tests.databases import Databases, PostgresDatabases, PostgresServer, SqliteDatabases
from web import pages


@pytest.fixture(scope="session", params=["sqlite"])
def databases(sqlite_databases: SqliteDatabases) -> Databases:
    """The rules of authority are the same code on both databases; what the database itself refuses runs on both."""
    return sqlite_databases


@pytest.fixture
def world(business: Business, tmp_path: Path) -> Iterator[World]:
    """An installation with API and pages in this process."""
    yield from _world(business, tmp_path)


def _world(business: Business, folder: Path) -> Iterator[World]:
    settings = Settings(
        mode="development",
        database_url=business.login.application,
        files_dir=folder / "files",
        temporal_address="127.0.0.1:1",
    )
    app = create_app(settings)
    pages.mount(app)
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 5000)) as client:
        yield World(business, client)


__all__ = ["PostgresDatabases", "PostgresServer", "pytest_terminal_summary"]
