"""A simulator as a process of its own: started, addressed, killed. For tests and for the demo on one machine."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from domain.errors import Unavailable

ENDING_SECONDS = 5.0


@dataclass(frozen=True)
class RunningSimulator:
    """A simulator that serves requests at `address`, for example `http://127.0.0.1:8790`."""

    address: str
    process: subprocess.Popen[str]

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])


@contextmanager
def running(module: str, port: int = 0, state: Path | None = None) -> Iterator[RunningSimulator]:
    """Run `python -m module` on loopback until the block ends; port 0 takes a free one.

    Raises Unavailable("simulator_ended") when the process ends before it serves.
    """
    command = [sys.executable, "-m", module, "--port", str(port)]
    if state is not None:
        command += ["--state", str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield RunningSimulator(_address(module, process), process)
        finally:
            _end(process)


def _address(module: str, process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise Unavailable("simulator_ended", f"{module} ended with code {process.wait()} before it served.")
    return line.split()[-1]


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
