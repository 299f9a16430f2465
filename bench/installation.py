"""An installation for one benchmark: database, Temporal service, API and worker, on loopback, ended after it."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from activities.house import CONTROL_QUEUE
from bench.content import set_up
from bench.results import note
from cli.platform import processes
from cli.platform.ports import LOOPBACK, remembered_ports
from cli.platform.temporal_service import TemporalService, answers, ensure_namespace
from commands.bookkeeping import sign_in
from commands.command import Call, Gateway
from domain.errors import Unavailable
from store.database import Database
from store.directory import actor_of
from store.migrate import upgrade

CHECKOUT = Path(__file__).resolve().parents[1]
REQUESTER, OWNER, FINANCE = "mara.lindqvist", "ines.castellano", "helene.aubry"
PEOPLE = (REQUESTER, OWNER, FINANCE)
PATIENCE = 60.0
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Installation:
    """What a driver needs: addresses, each person's token, and the processes by name (worker, api, temporal)."""

    folder: Path
    api: str
    temporal: TemporalService
    namespace: str
    tokens: Mapping[str, str]
    environment: Mapping[str, str]
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start_api(self) -> None:
        """Start the API and wait until it is ready."""
        self._start("api", ["-m", "api"])
        self._until("api", lambda: answers(f"{self.api}/readyz"))

    def start_worker(self) -> None:
        """Start the worker and wait until it asks for work."""
        self.spawn_worker()
        self._until("worker", lambda: self.temporal.has_worker(self.namespace, CONTROL_QUEUE))

    def spawn_worker(self) -> None:
        """Start the worker and do not wait."""
        self._start("worker", ["worker.py"])

    def stop_worker(self) -> None:
        """End the worker in an orderly way."""
        processes.end(self.processes.pop("worker"), PATIENCE)

    def cpu_seconds(self) -> dict[str, float]:
        """CPU that each process has used so far, this one (the driver) included."""
        found = {name: _cpu_seconds(process.pid) for name, process in self.processes.items()}
        return found | {"driver": time.process_time()}

    def memory(self, name: str) -> int:
        """Resident bytes of a process; the driver is this one."""
        number = os.getpid() if name == "driver" else self.processes[name].pid
        pages = (Path("/proc") / str(number) / "statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def end(self) -> None:
        """End everything that was started."""
        for name in ("worker", "api"):
            if name in self.processes:
                processes.end(self.processes.pop(name), PATIENCE)
        self.temporal.stop()

    def _start(self, name: str, arguments: list[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = processes.spawn(
                [sys.executable, *arguments], output=log, environment=self.environment, folder=CHECKOUT
            )

    def _until(self, name: str, ready: Callable[[], bool]) -> None:
        limit = time.monotonic() + PATIENCE
        while not ready():
            if self.processes[name].poll() is not None or time.monotonic() > limit:
                words = (self.folder / f"{name}.log").read_text(errors="replace").splitlines()[-3:]
                raise Unavailable("not_ready", f"The {name} did not become ready: {' '.join(words)}")
            time.sleep(0.05)


@contextmanager
def installation(more: Callable[[Path], None] = lambda _database: None) -> Iterator[Installation]:
    """A fresh installation with the benchmark's content, API and worker running; removed afterwards.

    more: what else to put into the database before anything starts.
    """
    folder = Path(tempfile.mkdtemp(prefix="mandate-bench-"))
    made: Installation | None = None
    try:
        made = _prepare(folder, more)
        made.start_api()
        made.start_worker()
        yield made
    finally:
        if made is not None:
            made.end()
        shutil.rmtree(folder, ignore_errors=True)


def _prepare(folder: Path, more: Callable[[Path], None]) -> Installation:
    url = f"sqlite:///{folder / 'mandate.db'}"
    note("setting up: database, 500 prices, 10,000 open quotes")
    namespace = upgrade(url)
    set_up(url)
    more(folder / "mandate.db")
    port = remembered_ports(folder / "ports.json", ("api",))["api"]
    temporal = TemporalService(folder / "temporal")
    temporal.start()
    assert temporal.process is not None
    try:
        ensure_namespace(temporal.address, namespace)
    except Unavailable:
        temporal.stop()
        raise
    return Installation(
        folder=folder,
        api=f"http://{LOOPBACK}:{port}",
        temporal=temporal,
        namespace=namespace,
        tokens=_sign_in(url),
        environment=_environment(folder, url, port, temporal.address),
        processes={"temporal": temporal.process},
    )


def _environment(folder: Path, url: str, port: int, temporal: str) -> dict[str, str]:
    """Production mode with the defaults of a deployment; settings of the caller's shell do not count."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MANDATE_")}
    return inherited | {
        "MANDATE_DATABASE_URL": url,
        "MANDATE_FILES_DIR": str(folder / "files"),
        "MANDATE_SNAPSHOT_URL": str(folder / "snapshots"),
        "MANDATE_API_PORT": str(port),
        "MANDATE_PUBLIC_URL": f"http://{LOOPBACK}:{port}",
        "MANDATE_TEMPORAL_ADDRESS": temporal,
    }


def _sign_in(url: str) -> dict[str, str]:
    """Sessions of the people, opened by the command that a login ends in."""
    database = Database(url)
    gateway = Gateway(database)
    tokens = {}
    for person in PEOPLE:
        with database.reading() as session:
            actor = actor_of(session, person)
        tokens[person] = sign_in(gateway, Call(actor, f"bench-{secrets.token_hex(4)}")).token
    database.close()
    return tokens


def _cpu_seconds(pid: int) -> float:
    fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
