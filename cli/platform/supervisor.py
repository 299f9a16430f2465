"""Keeps the processes of one machine running: one that ends is started again, the others live on; all end together."""

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from cli.platform import processes
from cli.platform.log_lines import CombinedLog
from domain.errors import Unavailable

OWN_NAME = "mandate"
TICK = 0.1
READY_PATIENCE = 90.0
HOPELESS = 3
"""A program that ends this often before it was ever ready is broken, not unlucky."""


@dataclass(frozen=True)
class Program:
    """A process to keep running. `environment` is the whole one (None: this process's); `ready` is asked repeatedly."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] | None = None
    folder: Path | None = None
    ready: Callable[[], bool] = lambda: True
    noisy_end: bool = False
    """Its parts report each other's orderly end as errors, which would frighten people for nothing; not shown."""


@dataclass(frozen=True)
class Backoff:
    """Seconds to wait before starting a program again: doubled each time, forgotten after it lived long enough."""

    first: float = 0.5
    longest: float = 30.0
    forgotten_after: float = 60.0

    def next(self, before: float | None, lived: float) -> float:
        """The wait after a life of `lived` seconds; `before` is the wait before that life, None for the first one."""
        if before is None or lived >= self.forgotten_after:
            return self.first
        return min(before * 2, self.longest)


@dataclass
class _Child:
    program: Program
    process: subprocess.Popen[bytes]
    reader: threading.Thread
    started: float
    wait: float | None = None
    restart_at: float | None = None
    ends: int = 0


class Supervisor:
    """Use as `with Supervisor(log) as supervisor:` in the main thread; leaving the block ends every program.

    `start` brings programs up, `watch` returns when Ctrl-C or SIGTERM asks for the end.
    """

    def __init__(self, log: CombinedLog, backoff: Backoff = Backoff(), patience: float = 15.0) -> None:
        self._log = log
        self._backoff = backoff
        self._patience = patience
        self._children: dict[str, _Child] = {}
        self._stopping = threading.Event()
        self._draining = False
        self._handlers: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._handlers[number] = signal.signal(number, self._ask_to_stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.drain()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def start(self, *programs: Program, patience: float = READY_PATIENCE) -> bool:
        """Start programs side by side and wait until all are ready; False when the end was asked for meanwhile.

        Raises Unavailable("not_ready") when one keeps ending or is not ready after `patience` seconds.
        """
        for program in programs:
            self._children[program.name] = self._launch(program)
        limit = time.monotonic() + patience
        return all(self._becomes_ready(self._children[program.name], limit) for program in programs)

    def _becomes_ready(self, child: _Child, limit: float) -> bool:
        program = child.program
        while not self._stopping.is_set():
            if child.process.poll() is None and program.ready():
                return True
            if child.ends >= HOPELESS or time.monotonic() > limit:
                detail = f"{program.name} did not become ready; its last lines are in the log above."
                raise Unavailable("not_ready", detail, program=program.name)
            self._tick()
        return False

    def watch(self) -> None:
        """Keep everything running until Ctrl-C or SIGTERM."""
        while not self._stopping.is_set():
            self._tick()

    def pid(self, name: str) -> int | None:
        """The process id of a program now, None when there is no such program."""
        child = self._children.get(name)
        return child.process.pid if child else None

    def drain(self) -> None:
        """End all programs, the last started first, as later ones use earlier ones; by force when patience is over."""
        limit = time.monotonic() + self._patience
        self._draining = True
        for child in reversed(self._children.values()):
            self._say(f"ending {child.program.name}")
            processes.end(child.process, max(0.0, limit - time.monotonic()))
            child.reader.join()
        self._children.clear()

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping.set()

    def _tick(self) -> None:
        for child in self._children.values():
            self._look_after(child)
        self._stopping.wait(TICK)

    def _look_after(self, child: _Child) -> None:
        now = time.monotonic()
        if child.restart_at is None and (code := child.process.poll()) is not None:
            child.wait = self._backoff.next(child.wait, now - child.started)
            child.restart_at = now + child.wait
            child.ends += 1
            self._say(f"{child.program.name} ended with {code}; starting it again in {child.wait:g} s")
        elif child.restart_at is not None and now >= child.restart_at:
            again = self._launch(child.program)
            child.process, child.started, child.reader = again.process, again.started, again.reader
            child.restart_at = None

    def _launch(self, program: Program) -> _Child:
        process = processes.spawn(
            program.command, output=subprocess.PIPE, environment=program.environment, folder=program.folder
        )
        reader = threading.Thread(target=self._copy_log, args=(program, process), daemon=True)
        reader.start()
        return _Child(program, process, reader, time.monotonic())

    def _copy_log(self, program: Program, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                if not (self._draining and program.noisy_end):
                    self._log.write(program.name, line.decode(errors="replace").rstrip())

    def _say(self, sentence: str) -> None:
        self._log.write(OWN_NAME, sentence)
