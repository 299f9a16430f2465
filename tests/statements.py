"""Statements are compiled once in a test process, not once a database: that took most of the time of short tests.

SQLAlchemy keeps what it has compiled with the engine and its dialect, and every test has engines of its own. Here those of
one kind of database share both; what a dialect learns from its first connection is the same for all of them.
"""

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.util import LRUCache

from store import database

MOST = 5_000
_first: dict[str, Engine] = {}
_create_engine = database.create_engine


def _sharing(url: Any, **options: Any) -> Engine:
    engine = _create_engine(url, **options)
    first = _first.setdefault(engine.dialect.name, engine)
    if first is engine:
        engine._compiled_cache = LRUCache(MOST)
    engine.dialect = engine.pool._dialect = first.dialect
    engine._compiled_cache = first._compiled_cache
    return engine


def share() -> None:
    """Let all databases of this process that are opened from now on share what is compiled."""
    vars(database)["create_engine"] = _sharing
