"""Finds the programs of the Temporal service, or builds them once into the user's cache folder (D14).

Order: the pinned programs in the cache, a build of them with Go, a `temporal` program on PATH. An existing service
(`TEMPORAL_ADDRESS`) needs no programs and is the caller's business.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.platform.go_build import PROGRAMS, SCHEMA, build_into
from cli.platform.progress import Progress, silent
from domain.errors import Unavailable
from domain.model import Model

SOURCE = Path(__file__).resolve().parents[2] / "deploy" / "temporal"
DIGEST_LENGTH = 16


class Binaries(Model):
    """Where the programs lie. The `temporal` program of PATH is server and web UI in one and knows SQLite only."""

    server: Path
    sql_tool: Path | None = None
    web_ui: Path | None = None
    schema_dir: Path | None = None
    """PostgreSQL's schema: `temporal/versioned` and `visibility/versioned` below it."""

    @property
    def all_in_one(self) -> bool:
        """Whether this is the `temporal` program and its development server."""
        return self.sql_tool is None


def cache_folder() -> Path:
    """The user's cache folder of this product, by the XDG rule."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mandate"


def cached_programs(source: Path = SOURCE) -> Path:
    """The folder that holds (or will hold) the programs pinned by `source`; another pin is another folder."""
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum"):
        digest.update((source / name).read_bytes())
    return cache_folder() / "temporal" / digest.hexdigest()[:DIGEST_LENGTH]


def find_cached(source: Path = SOURCE) -> Binaries | None:
    """The pinned programs when they were built before. The folder appears whole or not at all."""
    folder = cached_programs(source) if source.is_dir() else None
    return _pinned(folder) if folder and folder.is_dir() else None


def find_or_build(tell: Progress = silent, source: Path = SOURCE) -> Binaries:
    """The programs of the Temporal service, building them when that is the only way; `tell` hears what is happening.

    Raises Unavailable("temporal_missing") with what to do, Unavailable("temporal_build_failed") when a build broke.
    """
    if found := find_cached(source):
        return found
    on_path = shutil.which("temporal")
    if source.is_dir() and shutil.which("go"):
        try:
            return _build_once(cached_programs(source), source, tell)
        except Unavailable as failure:
            if not on_path:
                raise
            tell(f"{failure.detail}; using {on_path} instead")
    if on_path:
        return Binaries(server=Path(on_path))
    raise _missing(source)


def _pinned(folder: Path) -> Binaries:
    server, sql_tool, web_ui = (folder / name for name in PROGRAMS)
    return Binaries(server=server, sql_tool=sql_tool, web_ui=web_ui, schema_dir=folder / SCHEMA)


def _build_once(folder: Path, source: Path, tell: Progress) -> Binaries:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(folder.with_suffix(".lock"), tell):
        if not folder.is_dir():
            _build_whole(folder, source, tell)
    return _pinned(folder)


def _build_whole(folder: Path, source: Path, tell: Progress) -> None:
    """Build beside the target and rename, so that a build that was interrupted never looks like a finished one."""
    with tempfile.TemporaryDirectory(prefix=f"{folder.name}.building.", dir=folder.parent) as unfinished:
        programs = Path(unfinished) / "programs"
        programs.mkdir()
        build_into(programs, source, tell)
        programs.rename(folder)


@contextmanager
def _only_one(lock: Path, tell: Progress) -> Iterator[None]:
    """Two processes never build at once: the second waits and then finds what the first built."""
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("Another process is building the Temporal service; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _missing(source: Path) -> Unavailable:
    build = f"install Go {go_version(source)} or newer and start again (it is then built once), or "
    return Unavailable(
        "temporal_missing",
        f"There is no Temporal service to use: {build if source.is_dir() else ''}"
        "put the `temporal` program on PATH, or set TEMPORAL_ADDRESS to a running service.",
        looked_in=str(cached_programs(source)) if source.is_dir() else None,
    )


def go_version(source: Path = SOURCE) -> str:
    """The oldest Go that builds the pinned programs, as go.mod says; "1.26" when the sources are not here."""
    lines = (source / "go.mod").read_text().splitlines() if source.is_dir() else []
    return next((line.split()[1] for line in lines if line.startswith("go ")), "1.26")
