"""A whole installation for a test: API, worker and runtime catalog as processes, on a real Temporal service."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from temporalio.client import Client, WorkflowHandle

from activities.house import change_workflow_id
from activities.runtime import connect
from cli.platform.ports import LOOPBACK, remembered_ports
from cli.platform.temporal_namespace import ensure_namespace
from commands.command import Gateway
from commands.example import set_up_example
from store.database import Database
from store.migrate import upgrade
from tests.databases import Login
from tests.live import nursery
from tests.live.processes import Processes
from tests.live.waiting import PAUSE, eventually

T = TypeVar("T")
PROGRAMS: Mapping[str, Sequence[str]] = {"worker": ("worker.py",), "api": ("-m", "api")}
CLOCKKEEPER = "sofia.marin"
WRITES = ("POST", "PUT", "DELETE")
PATIENCE, JOURNEY = 120.0, 200.0


class Platform:
    """An installation of its own; use it in a `with` block.

    programs: Python arguments by process name, to start another program in the place of worker or api.
    environment: more settings for all processes.
    """

    def __init__(
        self,
        folder: Path,
        login: Login,
        temporal_address: str,
        programs: Mapping[str, Sequence[str]] = PROGRAMS,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.login = login
        self.temporal_address = temporal_address
        ports = remembered_ports(folder / "ports.json", ("api", "catalog"))
        self.url = f"http://{LOOPBACK}:{ports['api']}"
        self.catalog_url = f"http://{LOOPBACK}:{ports['catalog']}"
        catalog = ("-m", "simulators.runtime_catalog", "--port", str(ports["catalog"]))
        commands = {**PROGRAMS, **programs, "catalog": (*catalog, "--state", str(folder / "catalog.json"))}
        settings = {
            "MANDATE_DATABASE_URL": login.application,
            "MANDATE_MODE": "development",
            "MANDATE_TEMPORAL_ADDRESS": temporal_address,
            "MANDATE_FILES_DIR": str(folder / "files"),
            "MANDATE_SNAPSHOT_URL": str(folder / "snapshots"),
            "MANDATE_AUDIT_KEY_FILE": str(folder / "key.pem"),
            "MANDATE_CHECKPOINT_DIR": str(folder / "checkpoints"),
            "MANDATE_API_PORT": str(ports["api"]),
            "MANDATE_PUBLIC_URL": self.url,
            "MANDATE_SWEEP_INTERVAL": "0.5",
            "MANDATE_RECONCILIATION_INTERVAL": "86400",
            "MANDATE_RUNTIME_CATALOG_URL": self.catalog_url,
            "MANDATE_DELIVERY_TIMEOUT": "3",
        }
        self.processes = Processes(folder, commands, {**settings, **(environment or {})}, nursery.start)
        self.database = Database(login.application, development=True)
        self.installation = ""
        self._runner = asyncio.Runner()
        self._client: Client | None = None
        self._people: dict[str, httpx.Client] = {}

    def __enter__(self) -> Self:
        self.installation = upgrade(self.login.owner)
        set_up_example(Gateway(self.database))
        ensure_namespace(self.temporal_address, self.installation)
        for name in ("catalog", "api", "worker"):
            self.processes.start(name)
        self.ready()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for person in self._people.values():
            person.close()
        self.processes.stop_all()
        self._runner.close()
        self.database.close()

    def ready(self) -> None:
        """Wait until API and runtime catalog answer and the API reaches database and Temporal."""
        eventually(
            lambda: _answers(f"{self.catalog_url}/health") and _answers(f"{self.url}/readyz"),
            seconds=PATIENCE,
            what="an installation that answers",
            tell=lambda _found: self.processes.last_words(),
        )

    def start(self, name: str) -> None:
        """Start `worker`, `api` or `catalog`."""
        self.processes.start(name)

    def kill(self, name: str) -> None:
        """End one of them by SIGKILL."""
        self.processes.kill(name)

    def restart(self, name: str) -> None:
        """End one of them in an orderly way and start it again."""
        self.processes.restart(name)

    def as_(self, account: str) -> httpx.Client:
        """A client that is signed in; each of its writes gets an idempotency key unless it names one."""
        if account not in self._people:
            answer = self._insist(
                lambda: httpx.post(f"{self.url}/api/sessions/development", json={"account": account}, trust_env=False)
            )
            self._people[account] = httpx.Client(
                base_url=self.url,
                headers={"Authorization": f"Bearer {answer.raise_for_status().json()['token']}"},
                event_hooks={"request": [_with_key]},
                trust_env=False,
                timeout=30,
            )
        return self._people[account]

    def write(self, account: str, path: str, body: Any = None, method: str = "POST") -> httpx.Response:
        """A write under one key, sent again while nobody answers, as a good client does."""
        key = {"Idempotency-Key": token_hex(12)}
        return self._insist(lambda: self.as_(account).request(method, path, json=body, headers=key))

    def read(self, path: str, account: str = CLOCKKEEPER, **query: Any) -> Any:
        """What a GET answers, asked again while nobody answers."""
        return self._insist(lambda: self.as_(account).get(path, params=query)).raise_for_status().json()

    def now(self) -> datetime:
        """Business time."""
        return datetime.fromisoformat(self.read("/api/clock")["now"])

    def travel(self, seconds: float) -> None:
        """Move business time ahead, and the waiting workflows with it, from deadline to deadline."""
        self.travel_to(self.now() + timedelta(seconds=seconds))

    def travel_to(self, moment: datetime) -> None:
        """Move business time ahead to this moment; an interrupted journey goes on from where it got to."""
        limit = time.monotonic() + JOURNEY
        while (ahead := (moment - self.now()).total_seconds()) >= 1:
            try:
                path, body = "/api/development/travel", {"seconds": int(ahead)}
                answer = self.as_(CLOCKKEEPER).post(path, json=body, timeout=JOURNEY)
            except httpx.TransportError:
                assert time.monotonic() < limit, "no journey came to its end"
            else:
                assert answer.is_success or answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
            time.sleep(PAUSE)

    def fault(self, mode: str, **more: Any) -> None:
        """Have the runtime catalog misbehave from now on; `none` ends it."""
        body = {"mode": mode, **more}
        httpx.put(f"{self.catalog_url}/faults", json=body, trust_env=False).raise_for_status()

    def temporal(self, work: Callable[[Client], Awaitable[T]]) -> T:
        """Do something with a Temporal client of this installation."""

        async def connected() -> T:
            if self._client is None:
                self._client = await connect(self.temporal_address, self.installation)
            return await work(self._client)

        return self._runner.run(connected())

    def workflow(self, change: str, work: Callable[[WorkflowHandle[Any, Any]], Awaitable[T]]) -> T:
        """Do something with the workflow of a change."""
        return self.temporal(lambda client: work(client.get_workflow_handle(change_workflow_id(change))))

    def _insist(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        limit = time.monotonic() + PATIENCE
        while True:
            try:
                answer = send()
            except httpx.TransportError:
                if time.monotonic() > limit:
                    raise
            else:
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() > limit:
                    return answer
            time.sleep(PAUSE)


def _with_key(request: httpx.Request) -> None:
    if request.method in WRITES:
        request.headers.setdefault("Idempotency-Key", token_hex(12))


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=5).is_success
    except httpx.TransportError:
        return False
