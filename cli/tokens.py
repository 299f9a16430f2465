"""Where the command line keeps who you are: one token for each base address, readable by you alone."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cli.platform.local import running_urls

URL_VARIABLE = "MANDATECTL_URL"
TOKEN_VARIABLE = "MANDATECTL_TOKEN"
"""Not MANDATE_*: the services refuse settings of that name which they do not know."""

USUAL_URL = "http://127.0.0.1:8700"
LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


def tokens_file() -> Path:
    """The file in the user's configuration folder, by the XDG rule."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "mandate" / "sessions.json"


def base_url(given: str | None) -> str:
    """The address to call: the given one, MANDATECTL_URL, the one of the last login, or the usual one.

    A login at an installation of this machine that does not run now gives way to one that does.
    """
    if chosen := given or os.environ.get(URL_VARIABLE):
        return chosen.rstrip("/")
    last = str(_kept().get("url", ""))
    if last and urlsplit(last).hostname not in LOCAL:
        return last
    here = running_urls()
    return last if last in here else next(iter(here), last or USUAL_URL)


def token_for(url: str) -> str | None:
    """MANDATECTL_TOKEN, or the token of the last login at this address."""
    tokens: dict[str, str] = _kept().get("tokens", {})
    return os.environ.get(TOKEN_VARIABLE) or tokens.get(url)


def keep(url: str, token: str) -> None:
    """Remember a login; the file is whole or not there, and never readable by others."""
    kept = _kept()
    kept["url"] = url
    kept["tokens"] = {**kept.get("tokens", {}), url: token}
    file = tokens_file()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = file.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        json.dump(kept, stream, indent=2)
    unfinished.replace(file)


def _kept() -> dict[str, Any]:
    try:
        found = json.loads(tokens_file().read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
