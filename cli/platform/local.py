"""Installations of this user on this machine: `mandate up` leaves its settings with the state; others find them."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from domain.errors import Conflict, NotFound

PREFIX = "MANDATE_"
USUAL = "default"
KEPT, LOCK = "settings.json", "up.lock"


def default_state_dir(name: str = USUAL) -> Path:
    """Where an installation of this user keeps its state, by the XDG rule."""
    return _states() / name


def _states() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "mandate"


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold a state folder alone; the lock ends with the process, however that ends.

    Raises Conflict("already_running").
    """
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as busy:
            raise Conflict("already_running", f"Another `mandate up` is running from {folder}.") from busy
        yield


def keep_settings(folder: Path, environment: Mapping[str, str]) -> None:
    """Leave the settings of an installation with its state, readable by this user alone: they can name a password."""
    settings = {name: value for name, value in sorted(environment.items()) if name.startswith(PREFIX)}
    unfinished = folder / f"{KEPT}.new"
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        json.dump(settings, stream, indent=2)
    unfinished.replace(folder / KEPT)


def adopt_settings(folder: Path | None) -> Path | None:
    """Take the settings of the installation in a state folder into this process; returns the folder.

    None: the settings of the surroundings hold; where there are none, those of the usual installation, if it exists.
    Raises NotFound("no_installation").
    """
    if folder is None and any(name.startswith(PREFIX) for name in os.environ):
        return None
    chosen = folder or default_state_dir()
    if not (chosen / KEPT).exists():
        if folder is None:
            return None
        raise NotFound("no_installation", f"`mandate up` has not run from {folder}.")
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    os.environ.update(_settings(chosen))
    return chosen


def running_urls() -> list[str]:
    """The addresses of the installations that run here now, the usual one first."""
    folders = sorted(_states().glob(f"*/{KEPT}"), key=lambda kept: (kept.parent.name != USUAL, kept.parent.name))
    return [_settings(kept.parent)["MANDATE_PUBLIC_URL"] for kept in folders if _is_held(kept.parent)]


def _settings(folder: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((folder / KEPT).read_text())
    return found


def _is_held(folder: Path) -> bool:
    """Whether `mandate up` runs from a state folder."""
    try:
        with only_one(folder):
            return False
    except Conflict:
        return True
