"""A platform of one's own: `mandate up` as a child process, its log in a file, its progress told while it starts."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from cli.platform import processes
from cli.platform.prepare import CHECKOUT
from cli.platform.supervisor import OWN_NAME
from domain.errors import Unavailable

STOP_PATIENCE = 25.0
PROGRESS = re.compile(rf"{OWN_NAME} +\| (.*)")
UP = (sys.executable, "-m", "cli.main", "up", "--json", "--state-dir")


class Platform:
    """A platform that runs: its addresses, the number of its worker's process, and whether it still does."""

    def __init__(self, process: subprocess.Popen[bytes], facts: dict[str, Any]) -> None:
        self._process = process
        self.api: str = facts["api"]
        self.temporal_ui: str | None = facts["temporal_ui"]
        self.namespace: str = facts["namespace"]
        self.worker: int = facts["pids"]["worker"]

    def wait(self) -> int:
        """Wait until the platform ends by itself, which it does not; returns its exit code."""
        return self._process.wait()


@contextmanager
def running(folder: Path, tell: Callable[[str], None]) -> Iterator[Platform]:
    """Run the platform from a state folder and end it afterwards; `tell` gets a sentence for each step of the start.

    The state folder is all that it uses: settings of the surroundings (MANDATE_*) are for other installations.
    Raises Unavailable("platform_not_started") with its last words.
    """
    folder.mkdir(parents=True, exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MANDATE_")}
    process = processes.spawn(
        [*UP, str(folder)], output=subprocess.PIPE, environment={**environment, "NO_COLOR": "1"}, folder=CHECKOUT
    )
    try:
        yield Platform(process, _announced(process, folder / "platform.log", tell))
    finally:
        processes.end(process, STOP_PATIENCE)


def _announced(process: subprocess.Popen[bytes], log: Path, tell: Callable[[str], None]) -> dict[str, Any]:
    """What the platform says of itself when it is ready; its log is read on for as long as it runs."""
    answers: SimpleQueue[dict[str, Any] | str] = SimpleQueue()
    threading.Thread(target=_read, args=(process, log, tell, answers), daemon=True).start()
    answer = answers.get()
    if isinstance(answer, str):
        raise Unavailable("platform_not_started", f"The platform did not start: {answer} (log: {log})")
    return answer


def _read(
    process: subprocess.Popen[bytes],
    log: Path,
    tell: Callable[[str], None],
    answers: "SimpleQueue[dict[str, Any] | str]",
) -> None:
    assert process.stdout is not None
    last, ready = "it said nothing", False
    with process.stdout as lines, log.open("w", encoding="utf-8") as kept:
        for line in (raw.decode(errors="replace").rstrip() for raw in lines):
            kept.write(line + "\n")
            kept.flush()
            last = line or last
            if ready:
                continue
            if line.startswith("{"):
                answers.put(json.loads(line))
                ready = True
            elif progress := PROGRESS.fullmatch(line):
                tell(progress[1])
    answers.put(last)
