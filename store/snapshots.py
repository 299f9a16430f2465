"""Snapshots as they are kept: manifests in the database, columns in a folder or an object store (D13a, D14a)."""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import fsspec
from sqlalchemy import desc, select, text
from sqlmodel import Session, col

from domain.canonical import parse
from domain.errors import Conflict, Invalid, NotFound, Unavailable
from domain.snapshot import Snapshot
from store.database import Database
from store.tables.snapshot import SnapshotRow

REFRESH_LOCK = 7_002


def _failures() -> tuple[type[Exception], ...]:
    """How a folder or a store fails; `NotImplementedError`: it can only be read.

    The package for S3 passes some errors of its library on, where it is installed.
    """
    try:
        from botocore.exceptions import BotoCoreError
    except ImportError:
        return (OSError, NotImplementedError)
    return (OSError, NotImplementedError, BotoCoreError)


FAILURES = _failures()


def latest(session: Session) -> Snapshot | None:
    """The current snapshot, None as long as none was taken."""
    manifest = session.execute(
        select(col(SnapshotRow.manifest)).order_by(desc(col(SnapshotRow.number))).limit(1)
    ).scalar()
    return None if manifest is None else Snapshot.model_validate(parse(manifest))


def named(session: Session, digest: str) -> Snapshot:
    """The snapshot of a digest. Raises NotFound("unknown_snapshot") when it is no longer kept."""
    query = select(col(SnapshotRow.manifest)).where(col(SnapshotRow.digest) == digest).limit(1)
    manifest = session.execute(query).scalar()
    if manifest is None:
        raise NotFound("unknown_snapshot", f"The snapshot {digest} is not kept.", digest=digest)
    return Snapshot.model_validate(parse(manifest))


@dataclass(frozen=True)
class SnapshotFiles:
    """The folder of snapshots, local or an object store by its fsspec URL (`s3://bucket/mandate`).

    Raises Invalid("bad_snapshot_url") when it is used and no package for such a store is installed.
    """

    url: str

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        try:
            return fsspec.core.url_to_fs(self.url)  # type: ignore[no-any-return]
        except (ImportError, ValueError) as error:
            detail = f"MANDATE_SNAPSHOT_URL is {self.url!r}, which cannot be opened: {error}"
            raise Invalid("bad_snapshot_url", detail) from None

    @property
    def filesystem(self) -> Any:
        """The fsspec file system."""
        return self._opened[0]

    @property
    def folder(self) -> str:
        """The folder's path in the file system."""
        return self._opened[1]

    @property
    def is_local(self) -> bool:
        """Whether DuckDB can open the paths by itself."""
        return "file" in self.filesystem.protocol

    def path(self, name: str) -> str:
        """Where a file is, as DuckDB reads it."""
        place = f"{self.folder}/{name}"
        return place if self.is_local else self.filesystem.unstrip_protocol(place)

    def paths(self, snapshot: Snapshot, kind: str) -> list[str]:
        """The files of a kind, by partition number; none where the snapshot holds no such record."""
        return [self.path(partition.file) for partition in snapshot.of(kind)]

    def missing(self, snapshot: Snapshot) -> list[str]:
        """Files that a snapshot names and nobody finds."""
        names = {partition.file for partition in snapshot.partitions}
        return sorted(names - set(self.names()))

    def names(self) -> list[str]:
        """Every file in the folder, as manifests name them. Raises Unavailable("snapshots_unavailable")."""
        with self._answering():
            self.filesystem.invalidate_cache()
            if not self.filesystem.exists(self.folder):
                return []
            start = len(self.folder) + 1
            return sorted(found[start:] for found in self.filesystem.find(self.folder))

    def has(self, name: str) -> bool:
        """Whether a file is there. Raises Unavailable("snapshots_unavailable")."""
        with self._answering():
            return bool(self.filesystem.exists(f"{self.folder}/{name}"))

    def read(self, name: str) -> bytes:
        """A whole file. Raises Unavailable("snapshots_unavailable")."""
        with self._answering():
            return bytes(self.filesystem.cat_file(f"{self.folder}/{name}"))

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole or not at all. Raises Unavailable("snapshots_unavailable")."""
        target = f"{self.folder}/{name}"
        written = f"{target}.part"
        with self._answering():
            self.filesystem.makedirs(target.rpartition("/")[0], exist_ok=True)
            with self.filesystem.open(written, "wb") as file:
                file.write(data)
                if self.is_local:
                    file.flush()
                    os.fsync(file.fileno())
            self.filesystem.mv(written, target)

    def remove(self, names: Iterable[str]) -> int:
        """Remove files; those that are gone already do no harm. Returns how many were there.

        Raises Unavailable("snapshots_unavailable").
        """
        gone = [name for name in names if self.has(name)]
        with self._answering():
            for name in gone:
                self.filesystem.rm_file(f"{self.folder}/{name}")
        return len(gone)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except FAILURES as error:
            raise Unavailable("snapshots_unavailable", f"The snapshots in {self.url} do not answer: {error}") from error


@contextmanager
def refreshing(database: Database) -> Iterator[None]:
    """Only one process takes snapshots of a database; a killed one lets go by ending.

    Raises Conflict("refreshing"), Unavailable.
    """
    with _by_file(database) if database.is_sqlite else _by_lock(database):
        yield


@contextmanager
def _by_lock(database: Database) -> Iterator[None]:
    with database.reading() as session:
        if not session.execute(text(f"SELECT pg_try_advisory_lock({REFRESH_LOCK})")).scalar():
            raise _busy()
        try:
            yield
        finally:
            session.execute(text(f"SELECT pg_advisory_unlock({REFRESH_LOCK})"))


@contextmanager
def _by_file(database: Database) -> Iterator[None]:
    # A file of its own: whoever closes the database's own file would give up SQLite's locks on it.
    path = Path(f"{database.url.removeprefix('sqlite:///')}-snapshots")
    try:
        file = path.open("wb")
    except OSError as error:
        raise Unavailable("snapshots_unavailable", f"{path.name} cannot be written: {error.strerror}.") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy() from None
        yield


def _busy() -> Conflict:
    return Conflict("refreshing", "Another process is taking a snapshot now.")
