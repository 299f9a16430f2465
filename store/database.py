"""Engines for SQLite and PostgreSQL: one that writes, for commands only, and one that only reads (D2a, D2b, D5)."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import Session

from domain.errors import Unavailable
from store.kept import COMMITTED, MOST_ROWS, ROWS, Kept

AUTHORITY_LOCK = 7_001
NOT_MIGRATED = "The database has no tables of this release: run `mandate ops migrate`."
NOT_THERE = "There is no database at this address, or it cannot be opened: `mandate ops migrate` makes one."
NOTICE_SILENCE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 25_000}
"""Seconds, and milliseconds: a machine or a path that is gone without a word is noticed after 25 seconds, not hours."""
SERIALIZATION_FAILURES = ("40001", "40P01")
DENIED = frozenset(
    getattr(sqlite3, name)
    for name in dir(sqlite3)
    if name.startswith(("SQLITE_CREATE", "SQLITE_DROP", "SQLITE_ALTER"))
    or name in ("SQLITE_ATTACH", "SQLITE_DETACH", "SQLITE_PRAGMA")
)


WALL = text("SELECT clock_timestamp()")
OFFSET = text("SELECT max(offset_seconds) FROM installation")


class Clock(NamedTuple):
    """The database's own clock, and business time, which development mode can be ahead of it."""

    wall: datetime
    now: datetime


class Database:
    """Two engines on one database. `development` lets business time be ahead of the clock (D9)."""

    def __init__(self, url: str, development: bool = False) -> None:
        self.url = url
        self.development = development
        self.is_sqlite = url.startswith("sqlite")
        self._writer = _engine(url, reading=False)
        self.reader = _engine(url, reading=True)
        self._rows = Kept[Any](MOST_ROWS)
        # A second writer of this process would only wait in SQLite's busy handler, which sleeps instead of queueing.
        self._turn = threading.Lock() if self.is_sqlite else nullcontext()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session on the writing engine in one transaction. Only `commands.command` opens it.

        Raises Unavailable("database_unavailable") when the database does not answer.
        """
        with (
            self._turn,
            _reachable(),
            Session(self._writer, expire_on_commit=False, autoflush=False, info=self._info(False)) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that the database itself refuses to let write. Raises Unavailable("database_unavailable")."""
        with _reachable(), Session(self.reader, info=self._info(True)) as session, session.begin():
            yield session

    def _info(self, committed: bool) -> dict[str, Any]:
        return {ROWS: self._rows, COMMITTED: committed}

    def lock_authority(self, session: Session, exclusive: bool) -> None:
        """The first lock of every transaction of authority (D2a). SQLite has one writer, so it holds already."""
        if not self.is_sqlite:
            shared = "" if exclusive else "_shared"
            session.execute(text(f"SELECT pg_advisory_xact_lock{shared}({AUTHORITY_LOCK})"))

    def clock(self, session: Session) -> Clock:
        """Both clocks, read at once. SQLite runs in this process and has no other clock than this process."""
        wall = datetime.now(UTC) if self.is_sqlite else session.execute(WALL).scalar_one().astimezone(UTC)
        ahead = session.execute(OFFSET).scalar() if self.development else 0
        return Clock(wall, wall + timedelta(seconds=ahead or 0))

    def now(self, session: Session) -> datetime:
        """Business time: the database's clock, plus the offset that development mode may have (D9)."""
        return self.clock(session).now

    def wall(self, session: Session) -> datetime:
        """The database's own clock, for technical periods that nobody travels through: sessions, leases."""
        return self.clock(session).wall

    def close(self) -> None:
        """Give all connections back."""
        self._writer.dispose()
        self.reader.dispose()


def is_serialization_failure(error: DBAPIError) -> bool:
    """Whether the same transaction may succeed when it is run again."""
    return getattr(error.orig, "sqlstate", None) in SERIALIZATION_FAILURES or "database is locked" in str(error.orig)


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if is_serialization_failure(error):
            raise
        if "no such table" in str(error.orig):
            raise Unavailable("not_migrated", NOT_MIGRATED) from error
        if "unable to open" in str(error.orig):
            raise Unavailable("database_unavailable", NOT_THERE) from error
        raise Unavailable("database_unavailable", "The database does not answer.") from error


def _engine(url: str, reading: bool) -> Engine:
    if url.startswith("sqlite"):
        return _sqlite(url, reading)
    options = "-c default_transaction_read_only=on" if reading else "-c default_transaction_read_only=off"
    return create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=10,
        max_overflow=20,
        connect_args={
            "options": f"{options} -c timezone=UTC -c lock_timeout=30s",
            "connect_timeout": 5,
            **NOTICE_SILENCE,
        },
    )


def _sqlite(url: str, reading: bool) -> Engine:
    # Opening must not leave an empty file behind where no database is: only the migration makes one.
    named, existing = make_url(url), {"mode": "rw", "uri": "true"}
    engine = create_engine(
        named.set(database=f"file:{quote(named.database or '')}").update_query_dict(existing),
        hide_parameters=True,
        pool_size=10,
        max_overflow=30,
        connect_args={"check_same_thread": False, "isolation_level": None, "cached_statements": 512},
    )

    def connected(connection: sqlite3.Connection, _record: Any) -> None:
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "busy_timeout=30000",
            "foreign_keys=ON",
            "recursive_triggers=ON",
            f"query_only={'ON' if reading else 'OFF'}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        connection.set_authorizer(_authorize)

    def began(connection: Any) -> None:
        # Deferred transactions that turn into writers fail at once under concurrency; immediate ones wait their turn.
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", began)
    return engine


def _authorize(action: int, *_names: str | None) -> int:
    return sqlite3.SQLITE_DENY if action in DENIED else sqlite3.SQLITE_OK
