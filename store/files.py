"""The file store: bytes by their digest, for results too big for a row (D11). Written once, checked when read."""

import os
import shutil
import tempfile
import time
from contextlib import suppress
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
        """Keep bytes and return their digest. Keeping the same bytes again changes nothing."""
        name = digest_of(data)
        path = self._path(name)
        if path.exists():
            return name
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=UNFINISHED, delete=False) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, path)
        return name

    def get(self, name: str) -> bytes:
        """The bytes of a digest.

        Raises NotFound("file_missing"), Unavailable("file_damaged") when they no longer match.
        """
        try:
            data = self._path(name).read_bytes()
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
        """Everything that has, or had, files apart."""
        return sorted(found.name for found in (self.folder / APART).glob("*"))

    def forget(self, owner: str) -> None:
        """Remove the files of an owner, also those that were half written when a process was killed."""
        shutil.rmtree(self.folder / APART / owner, ignore_errors=True)

    def forget_unfinished(self, older_than: float = ABANDONED_SECONDS) -> None:
        """Remove what a killed process had begun to write so many seconds ago."""
        for found in self.folder.glob(f"*/{UNFINISHED}*"):
            with suppress(FileNotFoundError):
                # By the clock of the machine that wrote it: a technical period, not business time.
                if time.time() - found.stat().st_mtime > older_than:  # noqa: TID251
                    found.unlink()

    def _path(self, name: str) -> Path:
        value = name.removeprefix("sha256:")
        if len(value) != 64 or not value.isalnum():
            raise NotFound("file_missing", f"{name!r} is not a digest.", digest=name)
        return self.folder / value[:2] / value


class Unkept(FileStore):
    """A file store that keeps nothing more."""

    def put(self, data: bytes) -> str:
        """The digest that the bytes would be kept under."""
        return digest_of(data)
