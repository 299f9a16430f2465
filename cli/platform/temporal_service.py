"""One Temporal service on this machine: server and, if wanted, web UI, with all that it keeps in one state folder.

    service = TemporalService(folder, time_skipping=True, ui=False)
    service.start()
    ensure_namespace(service.address, "installation-1")
    ...
    service.stop()

Starting again on the same folder continues with the same workflows, also after `kill()` (SQLite, synchronous FULL).
"""

import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx

from cli.platform import processes, temporal_config
from cli.platform.ports import LOOPBACK, remembered_ports
from cli.platform.progress import Progress, silent
from cli.platform.temporal_binaries import Binaries, find_or_build
from cli.platform.temporal_namespace import ensure_namespace, ensure_namespace_async
from cli.platform.temporal_postgresql import ensure_schema
from domain.errors import Unavailable

__all__ = ["TemporalService", "answers", "ensure_namespace", "ensure_namespace_async"]

START_PATIENCE = 60.0
STOP_PATIENCE = 10.0
PROBE_PAUSE = 0.05
PROBE_TIMEOUT = 2.0
ATTEMPTS = 3
WEB_UI_NAME = "mandate"


class TemporalService:
    """The server and its web UI as child processes; see the module's text. Seconds everywhere.

    `port_base` gives fixed ports (temporal_config.PORTS, counted from it), otherwise free ones are chosen and kept.
    `database_url` (postgresql://user:password@host:port/) keeps the workflows in two PostgreSQL databases of their own.
    Methods raise Unavailable: `temporal_missing`, `temporal_build_failed`, `temporal_not_started`, `port_taken`.
    """

    def __init__(
        self,
        state_dir: Path,
        time_skipping: bool = False,
        ui: bool = False,
        port_base: int | None = None,
        *,
        database_url: str | None = None,
        binaries: Binaries | None = None,
        tell: Progress = silent,
    ) -> None:
        self.state_dir = state_dir.resolve()
        self.process: subprocess.Popen[bytes] | None = None
        self.web_ui_process: subprocess.Popen[bytes] | None = None
        self._time_skipping = time_skipping
        self._ui = ui
        self._port_base = port_base
        self._database_url = database_url
        self._binaries = binaries
        self._tell = tell
        self._ports: dict[str, int] = {}

    @property
    def address(self) -> str:
        """Where clients connect, `127.0.0.1:7233`. Known once the service was prepared or started."""
        return f"{LOOPBACK}:{self._ports['frontend']}"

    @property
    def ui_url(self) -> str | None:
        """The web UI's address, or None when none was asked for."""
        return f"http://{LOOPBACK}:{self._ports['web_ui']}" if self._ui else None

    @property
    def log_file(self) -> Path:
        """What the server said, when it was started by `start()`."""
        return self.state_dir / "server.log"

    @property
    def binaries(self) -> Binaries:
        """The programs, found or built on first use."""
        if self._binaries is None:
            self._binaries = find_or_build(self._tell)
        return self._binaries

    def prepare(self) -> None:
        """Find the programs, choose the ports, write the configuration; after this anybody can run the commands."""
        self.state_dir.mkdir(parents=True, exist_ok=True)
        programs = self.binaries
        self._ports = remembered_ports(self.state_dir / "ports.json", temporal_config.PORTS, self._port_base)
        dynamic = self.state_dir / "dynamic.yaml"
        temporal_config.write_dynamic(dynamic, self._time_skipping)
        temporal_config.write_server(self._config_file, self._ports, dynamic, self._database_url)
        temporal_config.write_web_ui(self.state_dir / "web-ui" / f"{WEB_UI_NAME}.yaml", self._ports)
        if self._database_url:
            ensure_schema(programs, self._database_url)

    @property
    def server_command(self) -> list[str]:
        """The command that runs the server in the foreground."""
        if self.binaries.all_in_one:
            return self._all_in_one_command()
        return [str(self.binaries.server), "--config-file", str(self._config_file), "--allow-no-auth", "start"]

    @property
    def web_ui_command(self) -> list[str] | None:
        """The command that runs the web UI, or None when none is wanted or the server brings it along."""
        if not self._ui or self.binaries.web_ui is None:
            return None
        where = ["--root", str(self.state_dir), "--config", "web-ui", "--env", WEB_UI_NAME]
        return [str(self.binaries.web_ui), *where, "start"]

    def is_ready(self) -> bool:
        """Whether the server answers for its own namespace, which takes its store and all its parts."""
        return answers(f"http://{LOOPBACK}:{self._ports['frontend_http']}/api/v1/namespaces/temporal-system")

    def web_ui_is_ready(self) -> bool:
        """Whether the web UI serves its pages."""
        return answers(f"http://{LOOPBACK}:{self._ports['web_ui']}/healthz")

    def has_worker(self, namespace: str, queue: str) -> bool:
        """Whether a worker asks for workflow tasks of a queue."""
        url = f"http://{LOOPBACK}:{self._ports['frontend_http']}/api/v1/namespaces/{namespace}/task-queues/{queue}"
        with suppress(httpx.TransportError):
            kind = {"taskQueueType": "TASK_QUEUE_TYPE_WORKFLOW"}
            answer = httpx.get(url, params=kind, timeout=PROBE_TIMEOUT, trust_env=False)
            return answer.is_success and bool(answer.json().get("pollers"))
        return False

    def start(self) -> None:
        """Start the service and wait until it is ready. A port that was taken meanwhile is replaced by another."""
        for _ in range(ATTEMPTS):
            self.prepare()
            if self._came_up():
                break
        else:
            raise Unavailable("temporal_not_started", f"The Temporal server does not start: {self._last_words()}")
        if command := self.web_ui_command:
            self.web_ui_process = self._spawn(command, "web-ui.log")
            self._wait(self.web_ui_process, self.web_ui_is_ready)

    def stop(self) -> None:
        """End web UI and server in an orderly way, by force after some seconds; nothing when they do not run."""
        self._end(lambda process: processes.end(process, STOP_PATIENCE))

    def kill(self) -> None:
        """End both at once by SIGKILL, as a crash would."""
        self._end(processes.kill)

    @property
    def _config_file(self) -> Path:
        return self.state_dir / "server.yaml"

    def _came_up(self) -> bool:
        self.process = self._spawn(self.server_command, self.log_file.name)
        if self._wait(self.process, self.is_ready):
            return True
        processes.kill(self.process)
        return False

    def _spawn(self, command: list[str], log: str) -> subprocess.Popen[bytes]:
        with (self.state_dir / log).open("ab") as output:
            return processes.spawn(command, output=output, folder=self.state_dir)

    def _wait(self, process: subprocess.Popen[bytes], ready: Callable[[], bool]) -> bool:
        """Whether `ready` came true while the process lived."""
        limit = time.monotonic() + START_PATIENCE
        while process.poll() is None and time.monotonic() < limit:
            if ready():
                return True
            time.sleep(PROBE_PAUSE)
        return False

    def _end(self, ending: Callable[[subprocess.Popen[bytes]], None]) -> None:
        for process in (self.web_ui_process, self.process):
            if process is not None:
                ending(process)
        self.process = self.web_ui_process = None

    def _last_words(self) -> str:
        lines = self.log_file.read_text(errors="replace").splitlines()
        return lines[-1] if lines else "it said nothing"

    def _all_in_one_command(self) -> list[str]:
        values = temporal_config.dynamic_values(self._time_skipping).items()
        pages = ["--ui-port", str(self._ports["web_ui"])] if self._ui else ["--headless"]
        return [
            *(str(self.binaries.server), "server", "start-dev", "--ip", LOOPBACK, *pages),
            *("--port", str(self._ports["frontend"]), "--http-port", str(self._ports["frontend_http"])),
            *("--db-filename", str(self.state_dir / "temporal.db"), "--log-level", "warn", "--log-format", "json"),
            *(part for key, value in values for part in ("--dynamic-config-value", f"{key}={str(value).lower()}")),
        ]


def answers(url: str) -> bool:
    """Whether a GET of `url` on this machine succeeds now; False also when nothing listens there."""
    with suppress(httpx.TransportError):
        return httpx.get(url, timeout=PROBE_TIMEOUT, trust_env=False).is_success
    return False
