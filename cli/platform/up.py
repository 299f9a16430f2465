"""`mandate up`: the whole platform on one machine, every part a real one, kept running until Ctrl-C."""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from activities.house import CONTROL_QUEUE
from cli.platform.local import default_state_dir, keep_settings, only_one
from cli.platform.log_lines import CombinedLog
from cli.platform.ports import LOOPBACK, remembered_ports
from cli.platform.prepare import CHECKOUT, migrate
from cli.platform.supervisor import OWN_NAME, Program, Supervisor
from cli.platform.temporal_service import TemporalService, answers, ensure_namespace
from domain.errors import Invalid

Mode: TypeAlias = Literal["development", "production"]

OWN_PORTS = ("api", "runtime_catalog")
TEMPORAL = "temporal"
"""The folder of the Temporal service within the state folder."""


def up(
    state_dir: Path | None = None,
    port_base: int | None = None,
    ephemeral: bool = False,
    json_ready: bool = False,
    mode: Mode = "development",
) -> None:
    """Start everything from a state folder and keep it running until Ctrl-C or SIGTERM; call it in the main thread.

    `ephemeral` uses a temporary folder that is removed at the end. `json_ready` prints one line of JSON on standard
    output when all is ready, otherwise the addresses for people; logs go to standard error. `port_base` fixes the
    ports: base + 0 the API, base + 1 the runtime catalog, from base + 10 on Temporal.
    Raises Conflict("already_running") when another `mandate up` uses the folder, and what the parts raise.
    """
    if ephemeral and state_dir is not None:
        raise Invalid("bad_option", "Choose either a state folder or an ephemeral one.")
    with _folder(state_dir, ephemeral) as folder, only_one(folder):
        _Platform(folder, port_base, mode, CombinedLog(sys.stderr)).run(json_ready)


@contextmanager
def _folder(state_dir: Path | None, ephemeral: bool) -> Iterator[Path]:
    if not ephemeral:
        chosen = (state_dir or default_state_dir()).resolve()
        chosen.mkdir(parents=True, exist_ok=True)
        yield chosen
        return
    temporary = Path(tempfile.mkdtemp(prefix="mandate-"))
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary)


@dataclass(frozen=True)
class _Temporal:
    """The service that is used: ours (`service`) or one that was there before (TEMPORAL_ADDRESS)."""

    address: str
    ui_url: str | None
    service: TemporalService | None


class _Platform:
    def __init__(self, folder: Path, port_base: int | None, mode: Mode, log: CombinedLog) -> None:
        self.folder = folder
        self.port_base = port_base
        self.mode = mode
        self.log = log

    def run(self, json_ready: bool) -> None:
        temporal = self.find_temporal()
        kept_by_temporal = self.folder / TEMPORAL / "ports.json"
        ports = remembered_ports(self.folder / "ports.json", OWN_PORTS, self.port_base, besides=kept_by_temporal)
        environment = self.environment(ports, temporal)
        keep_settings(self.folder, environment)
        with Supervisor(self.log) as supervisor:
            facts = self.bring_up(supervisor, ports, temporal, environment)
            if facts is None:
                return
            print(json.dumps(facts) if json_ready else _announcement(facts), flush=True)
            supervisor.watch()

    def find_temporal(self) -> _Temporal:
        if address := os.environ.get("TEMPORAL_ADDRESS"):
            return _Temporal(address, os.environ.get("MANDATE_TEMPORAL_UI_URL"), None)
        service = TemporalService(
            self.folder / TEMPORAL,
            time_skipping=self.mode == "development",
            ui=True,
            port_base=None if self.port_base is None else self.port_base + 10,
            tell=lambda sentence: self.log.write(OWN_NAME, sentence),
        )
        service.prepare()
        return _Temporal(service.address, service.ui_url, service)

    def environment(self, ports: dict[str, int], temporal: _Temporal) -> dict[str, str]:
        """What the user set holds for where data lives; addresses are what this process decided."""
        defaults = {
            "MANDATE_DATABASE_URL": f"sqlite:///{self.folder / 'mandate.db'}",
            "MANDATE_FILES_DIR": str(self.folder / "files"),
            "MANDATE_SNAPSHOT_URL": str(self.folder / "snapshots"),
            "MANDATE_AUDIT_KEY_FILE": str(self.folder / "audit" / "key.pem"),
            "MANDATE_CHECKPOINT_DIR": str(self.folder / "audit" / "checkpoints"),
            "MANDATE_RUNTIME_CATALOG_URL": f"http://{LOOPBACK}:{ports['runtime_catalog']}",
        }
        decided = {
            "MANDATE_MODE": self.mode,
            "MANDATE_API_HOST": LOOPBACK,
            "MANDATE_API_PORT": str(ports["api"]),
            "MANDATE_PUBLIC_URL": f"http://{LOOPBACK}:{ports['api']}",
            "MANDATE_TEMPORAL_ADDRESS": temporal.address,
        }
        pages = {"MANDATE_TEMPORAL_UI_URL": temporal.ui_url} if temporal.ui_url else {}
        return {"PYTHONUNBUFFERED": "1", **defaults, **os.environ, **decided, **pages}

    def bring_up(
        self, supervisor: Supervisor, ports: dict[str, int], temporal: _Temporal, environment: dict[str, str]
    ) -> dict[str, Any] | None:
        """The facts of the running platform, or None when its end was asked for before it was ready."""
        if not supervisor.start(*_temporal_programs(temporal)):
            return None
        namespace = migrate(environment)
        ensure_namespace(temporal.address, namespace)
        if not supervisor.start(*_own_programs(self.folder, ports, temporal, namespace, environment)):
            return None
        return {
            "api": environment["MANDATE_PUBLIC_URL"],
            "temporal": temporal.address,
            "temporal_ui": temporal.ui_url,
            "runtime_catalog": environment["MANDATE_RUNTIME_CATALOG_URL"],
            "namespace": namespace,
            "state_dir": str(self.folder),
            "pids": {name: supervisor.pid(name) for name in PROGRAMS},
        }


PROGRAMS = ("temporal", "temporal_ui", "runtime_catalog", "api", "worker")


def _temporal_programs(temporal: _Temporal) -> Iterator[Program]:
    service = temporal.service
    if service is None:
        return
    yield Program("temporal", service.server_command, folder=service.state_dir, ready=service.is_ready, noisy_end=True)
    if command := service.web_ui_command:
        yield Program("temporal_ui", command, folder=service.state_dir, ready=service.web_ui_is_ready)


def _own_programs(
    folder: Path, ports: dict[str, int], temporal: _Temporal, namespace: str, environment: dict[str, str]
) -> Iterator[Program]:
    def program(name: str, *arguments: str, ready: Callable[[], bool]) -> Program:
        return Program(name, [sys.executable, "-m", *arguments], environment, CHECKOUT, ready)

    def worker_polls() -> bool:
        """A service that was there before is reachable by gRPC only; then the worker is ready when it lives."""
        return temporal.service is None or temporal.service.has_worker(namespace, CONTROL_QUEUE)

    catalog, port = f"http://{LOOPBACK}:{ports['runtime_catalog']}", str(ports["runtime_catalog"])
    if environment["MANDATE_RUNTIME_CATALOG_URL"] == catalog:
        where = ("--port", port, "--state", str(folder / "runtime_catalog.json"))
        yield program(
            "runtime_catalog", "simulators.runtime_catalog", *where, ready=lambda: answers(f"{catalog}/health")
        )
    yield program("api", "api", ready=lambda: answers(f"{environment['MANDATE_PUBLIC_URL']}/readyz"))
    yield program("worker", "worker", ready=worker_polls)


def _announcement(facts: dict[str, Any]) -> str:
    return (
        f"\nMandate is running.\n\n"
        f"  Pages and API    {facts['api']}\n"
        f"  Temporal         {facts['temporal']}, namespace {facts['namespace']}\n"
        f"  Temporal web UI  {facts['temporal_ui'] or 'not known'}\n"
        f"  State            {facts['state_dir']}\n\n"
        f"Ctrl-C ends it; the next start continues from the same state."
    )
