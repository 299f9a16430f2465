"""The file store: bytes by their digest, for results too big for a row (D11). Written once, checked when read."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from domain.canonical import digest_of
from domain.errors import NotFound, Unavailable

APART, UNFINISHED = "apart", "unfinished-"
ABANDONED_SECONDS = 3600


class FileStore:
    """A folder of immutable files named after the SHA-256 of their content."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, data: bytes) -> str:
        """Keep bytes and return their digest. Keeping the same bytes again changes nothing.

        Raises Unavailable("files_unavailable") when the folder cannot be written or is full.
        """
        name = digest_of(data)
        path = self._path(name)
        with self._answering():
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                _write(path, data)
        return name

    def get(self, name: str) -> bytes:
        """The bytes of a digest.

        Raises NotFound("file_missing"), Unavailable("file_damaged") when they no longer match,
        Unavailable("files_unavailable") when the folder cannot be read.
        """
        path = self._path(name)
        with self._answering():
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                raise NotFound("file_missing", f"No file {name} is kept.", digest=name) from None
        if digest_of(data) != name:
            raise Unavailable("file_damaged", f"The file {name} no longer matches its digest.", digest=name)
        return data

    def unkept(self) -> "FileStore":
        """The same files to read, for results that nobody keeps: what is put there is named and forgotten."""
        return Unkept(self.folder)

    def apart(self, owner: str) -> "FileStore":
        """Files that are needed only as long as their owner is at work: they go with it, all at once."""
        return FileStore(self.folder / APART / owner)

    def owners(self) -> list[str]:
        """Everything that has, or had, files apart. Raises Unavailable("files_unavailable")."""
        with self._answering():
            return sorted(found.name for found in (self.folder / APART).glob("*"))

    def forget(self, owner: str) -> None:
        """Remove the files of an owner, also those that were half written when a process was killed."""
        shutil.rmtree(self.folder / APART / owner, ignore_errors=True)

    def forget_unfinished(self, older_than: float = ABANDONED_SECONDS) -> None:
        """Remove what a killed process had begun to write so many seconds ago.

        Raises Unavailable("files_unavailable").
        """
        with self._answering():
            for found in self.folder.glob(f"*/{UNFINISHED}*"):
                with suppress(FileNotFoundError):
                    # By the clock of the machine that wrote it: a technical period, not business time.
                    if time.time() - found.stat().st_mtime > older_than:  # noqa: TID251
                        found.unlink()

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            detail = f"The files of this installation cannot be read or written: {error.strerror}."
            raise Unavailable("files_unavailable", detail) from error

    def _path(self, name: str) -> Path:
        value = name.removeprefix("sha256:")
        if len(value) != 64 or not value.isalnum():
            raise NotFound("file_missing", f"{name!r} is not a digest.", digest=name)
        return self.folder / value[:2] / value


def _write(path: Path, data: bytes) -> None:
    """The whole file or none; what a full disk took half of is removed at once."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=UNFINISHED, delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            os.unlink(file.name)
            raise
    os.replace(file.name, path)


class Unkept(FileStore):
    """A file store that keeps nothing more."""

    def put(self, data: bytes) -> str:
        """The digest that the bytes would be kept under."""
        return digest_of(data)
