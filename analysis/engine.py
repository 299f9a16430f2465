"""The engine of wide questions: DuckDB, one connection each, bounded in memory and threads (D13a)."""

import fcntl
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import duckdb

from domain.canonical import digest_of
from domain.errors import Unavailable
from store.snapshots import SnapshotFiles

PREFIX, HELD = "mandate-analysis-", "held"
YOUNG = 60.0
STALE = "snapshot_stale"
GONE = ("No files found", "No such file", "FileNotFoundError")
"""How DuckDB says, by itself or through a store, that a file is not there."""
AT_ONCE = 2
"""So many wide analyses at once in one process, each with the memory that is set for it; others wait."""
SEATS = threading.BoundedSemaphore(AT_ONCE)
Connections: TypeAlias = set[duckdb.DuckDBPyConnection]
OPEN: ContextVar[Connections | None] = ContextVar("open", default=None)
"""Where the connections of a piece of work are noted, for whoever may have to end it from another thread."""


@dataclass(frozen=True)
class Limits:
    """How much one analysis may use: memory as DuckDB writes it (`1GB`), and threads.

    patience: how many seconds it waits for others of this process to end; None: as long as it takes.
    """

    memory: str = "1GB"
    threads: int = 2
    patience: int | None = None


USUAL = Limits()


@contextmanager
def engine(files: SnapshotFiles, limits: Limits) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that can read snapshots, of which there are few at once.

    Raises Unavailable("analysis_busy", "snapshot_stale": newer ones were taken, and the files of this one are gone).
    """
    with seat(limits.patience), workspace(limits) as (connection, _):
        connection.execute("SET preserve_insertion_order = false")
        if not files.is_local:
            connection.register_filesystem(files.filesystem)
        try:
            yield connection
        except (duckdb.Error, FileNotFoundError) as error:
            if not any(sign in str(error) for sign in GONE):
                raise
            raise Unavailable(STALE, "The snapshot was replaced by newer ones while it was read.") from error


@contextmanager
def seat(patience: int | None) -> Iterator[None]:
    """One of the few wide analyses that a process makes at once. Raises Unavailable("analysis_busy")."""
    waited = 0
    # Second by second: a thread that waits without end cannot be told to stop.
    while not SEATS.acquire(timeout=1):
        waited += 1
        if patience is not None and waited >= patience:
            raise Unavailable("analysis_busy", "Others are analysing so much just now that this would take too long.")
    try:
        yield
    finally:
        SEATS.release()


def interrupt(connections: Connections) -> None:
    """End the statements that run on these connections just now; whoever runs one gets duckdb.InterruptException."""
    for connection in tuple(connections):
        with suppress(duckdb.ConnectionException):  # it has just come to its end by itself
            connection.interrupt()


@contextmanager
def workspace(limits: Limits) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """A connection of its own and a folder, in which what does not fit into its memory is spilled; both end with it."""
    # Another run may be looking at this folder while it is removed; what is left of it then, a later run removes.
    made = tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True)
    with made as folder, (Path(folder) / HELD).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        _remove_left(Path(folder))
        connection = duckdb.connect(":memory:")
        opened = OPEN.get()
        if opened is not None:
            opened.add(connection)
        try:
            connection.execute(f"SET memory_limit = '{limits.memory}'")
            connection.execute(f"SET threads = {limits.threads}")
            connection.execute(f"SET temp_directory = '{folder}'")
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET enable_progress_bar = false")
            yield connection, Path(folder)
        finally:
            if opened is not None:
                opened.discard(connection)
            connection.close()


def _remove_left(own: Path) -> None:
    """Remove the folders of killed processes: their lock is free. A young one may be on its way to its lock, or going.

    Who was killed before its lock, or while its folder was removed, left a folder without one: it gets one here.
    """
    for folder in own.parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if own.stat().st_mtime - folder.stat().st_mtime > YOUNG:
                with (folder / HELD).open("a") as held:
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)


def parquet(paths: Sequence[str], options: str = "") -> str:
    """The SQL that reads these files."""
    quoted = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    return f"read_parquet([{quoted}]{options and ', '}{options})"


def sql_digest(*texts: str) -> str:
    """The digest of the SQL that found something: a part of the evidence (D13a)."""
    return digest_of("\n;\n".join(texts).encode())
