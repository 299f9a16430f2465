"""The API on the database of a benchmark, in a process of its own, for what is measured through HTTP."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from cli.platform import processes
from cli.platform.ports import LOOPBACK, remembered_ports
from cli.platform.temporal_service import answers
from commands.bookkeeping import sign_in
from commands.command import Call, Gateway
from commands.example import set_up_example
from domain.errors import Unavailable
from store.database import Database
from store.directory import actor_of

CHECKOUT = Path(__file__).resolve().parents[1]
SOMEBODY = "helene.aubry"
PATIENCE = 60.0


@dataclass(frozen=True)
class Served:
    """An API that answers: a client that is signed in, and the number of its process."""

    client: httpx.Client
    process: int

    def prepared(self, path: str, **query: Sequence[str]) -> Callable[[], Any]:
        """A request to be sent again and again; each gives the JSON of the answer. Raises httpx.HTTPStatusError."""
        request = self.client.build_request("GET", path, params=query)
        return lambda: self.client.send(request).raise_for_status().json()


@contextmanager
def served(folder: Path, database: Database) -> Iterator[Served]:
    """The API in production mode on a database, with somebody signed in; without Temporal, which reading needs not."""
    port = remembered_ports(folder / "ports.json", ("api",))["api"]
    url = f"http://{LOOPBACK}:{port}"
    token = _signed_in(database)
    with (folder / "api.log").open("wb") as log:
        running = processes.spawn(
            [sys.executable, "-m", "api"], output=log, environment=_environment(folder, database, port), folder=CHECKOUT
        )
    try:
        _wait(url)
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE) as client:
            yield Served(client, running.pid)
    finally:
        processes.end(running, PATIENCE)


def _environment(folder: Path, database: Database, port: int) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MANDATE_")}
    return inherited | {
        "MANDATE_DATABASE_URL": database.url,
        "MANDATE_FILES_DIR": str(folder / "files"),
        "MANDATE_SNAPSHOT_URL": str(folder / "snapshots"),
        "MANDATE_API_PORT": str(port),
        "MANDATE_TEMPORAL_ADDRESS": f"{LOOPBACK}:1",
        "MANDATE_LOG_LEVEL": "WARNING",
    }


def _signed_in(database: Database) -> str:
    gateway = Gateway(database)
    set_up_example(gateway, with_content=False)
    with database.reading() as session:
        actor = actor_of(session, SOMEBODY)
    return sign_in(gateway, Call(actor, "bench")).token


def _wait(url: str) -> None:
    limit = time.monotonic() + PATIENCE
    while not answers(f"{url}/healthz"):
        if time.monotonic() > limit:
            raise Unavailable("not_ready", "The API did not become ready.")
        time.sleep(0.05)
