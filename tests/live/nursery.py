"""Worker, API and runtime catalog as processes of a test, without each of them loading everything anew.

Loading takes most of the time of a short life, and tests begin hundreds of them. One process that has loaded everything
is forked for each: what comes out is a process with its own group, environment and log, which runs the same program from
its first line and dies of the same signals. Tests of starting and ending itself start programs the ordinary way.
"""

import ctypes
import multiprocessing
import os
import random
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from cli.platform.leash import PR_SET_PDEATHSIG
from cli.platform.prepare import CHECKOUT

LOADED = ("api.app", "web.pages", "worker", "simulators.runtime_catalog", "cli.ops", "cli.evidence")


class Child:
    """A process out of the nursery, to be treated as one that was started by itself."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process
        assert process.pid is not None
        self.pid: int = process.pid

    def poll(self) -> int | None:
        """How it ended, None while it runs."""
        return self._process.exitcode

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def wait(self, timeout: float | None = None) -> int:
        """Until it has ended. Raises TimeoutExpired."""
        self._process.join(timeout)
        if (code := self._process.exitcode) is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return code


def start(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Child:
    """Start a program, given as Python would be: `-m api` or `worker.py`; what it says is appended to the log."""
    return _started(arguments, environment, log, log)


def run(arguments: Sequence[str], environment: Mapping[str, str], seconds: float) -> tuple[int, str, str]:
    """Run a program to its end: its exit code, what it printed, and what it said of errors. Raises TimeoutExpired."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        code = _started(arguments, environment, out, err).wait(seconds)
        return code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")


def _started(arguments: Sequence[str], environment: Mapping[str, str], out: Path, err: Path) -> Child:
    process = _context().Process(target=_become, args=(tuple(arguments), dict(environment), out, err))
    process.start()
    return Child(process)


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(LOADED))
    return context


def _become(arguments: Sequence[str], environment: Mapping[str, str], out: Path, err: Path) -> None:
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for file, stream in ((out, sys.stdout), (err, sys.stderr)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream.fileno())
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(CHECKOUT)
    random.seed()
    _run(*arguments)


def _run(first: str, *rest: str) -> None:
    assert Path(sys.modules["worker"].__file__ or "").parent == CHECKOUT, "another checkout was loaded"
    if first == "-m":
        sys.argv = list(rest)
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = [first, *rest]
        runpy.run_path(str(CHECKOUT / first), run_name="__main__")
