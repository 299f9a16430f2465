"""The processes of one installation in tests: started, ended, killed and started again by name, on their own ports."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from cli.platform import processes
from cli.platform.prepare import CHECKOUT

ENDING_SECONDS = 15.0
Start: TypeAlias = Callable[[Sequence[str], Mapping[str, str], Path], processes.Child]


def inherited() -> dict[str, str]:
    """The surroundings without what is set for the tests: programs refuse settings that they do not know."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MANDATE_")}


def start(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> processes.Child:
    """Start a Python program; what it says is appended to the log."""
    with log.open("ab") as output:
        command = [sys.executable, *arguments]
        return processes.spawn(command, output=output, environment=environment, folder=CHECKOUT)


class Processes:
    """Named programs with one environment; everything they say goes to `<name>.log` of the folder.

    programs: Python arguments by name; start: how one is started.
    """

    def __init__(
        self,
        folder: Path,
        programs: Mapping[str, Sequence[str]],
        environment: Mapping[str, str],
        start: Start = start,
    ) -> None:
        self._folder = folder
        self._programs = programs
        self.settings = environment
        self._environment = {**inherited(), **environment}
        self._start = start
        self._running: dict[str, processes.Child] = {}

    def start(self, name: str) -> None:
        """Start one; what it says is appended to its log."""
        log = self._folder / f"{name}.log"
        self._running[name] = self._start(self._programs[name], self._environment, log)

    def stop(self, name: str) -> None:
        """End one in an orderly way; by force when it does not."""
        if (process := self._running.pop(name, None)) is not None:
            processes.end(process, ENDING_SECONDS)

    def kill(self, name: str) -> None:
        """End one by SIGKILL, as a crash would."""
        if (process := self._running.pop(name, None)) is not None:
            processes.kill(process)

    def crash(self, name: str) -> None:
        """Kill one and leave it lying there, for whoever revives what has ended."""
        if (process := self._running.get(name)) is not None:
            processes.kill(process)

    def restart(self, name: str) -> None:
        """End one in an orderly way and start it again."""
        self.stop(name)
        self.start(name)

    def ended(self) -> tuple[str, ...]:
        """The names of those that were started and do not run any more."""
        return tuple(name for name, process in list(self._running.items()) if process.poll() is not None)

    def last_words(self) -> dict[str, str]:
        """What each said last, and whether it has ended."""
        ended = self.ended()
        return {name: f"{'ended: ' if name in ended else ''}{self.log(name)[-300:]}" for name in self._running}

    def log(self, name: str) -> str:
        """All that one has said."""
        file = self._folder / f"{name}.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def stop_all(self) -> None:
        """End everything, those that were started last first."""
        for name in reversed(list(self._running)):
            self.stop(name)
