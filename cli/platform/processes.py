"""Child processes that never outlive this one; they end by a polite signal, then by SIGKILL to their whole group."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol, TypeAlias

Output: TypeAlias = IO[bytes] | int
LEASH = Path(__file__).with_name("leash.py")

# The kernel's "parent died" means the *thread* that started the child. One thread that lives as long as this process
# starts them all, so that a child started from a short-lived worker thread is not killed when that thread ends.
_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="child-starter")


class Child(Protocol):
    """A running program, as far as it has to be known to end it."""

    pid: int

    def poll(self) -> int | None:
        """How it ended, None while it runs."""
        ...

    def terminate(self) -> None:
        """Ask it to end."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Until it has ended; how. Raises TimeoutExpired."""
        ...


def spawn(
    command: Sequence[str], *, output: Output, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start `command` with standard output and error going to `output` (an open file or subprocess.PIPE).

    It runs in a process group of its own, so that Ctrl-C reaches only the parent, which ends its children in order. It
    is killed when this process dies (Linux). `environment` is the whole environment; None inherits this one's.
    """

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
            start_new_session=True,
        )

    return _starter.submit(start).result()


def terminate(process: Child) -> None:
    """Ask a child to finish what it is doing and end."""
    with suppress(ProcessLookupError):
        process.terminate()


def kill(process: Child) -> None:
    """End a child and everything that it started, at once, and collect it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def end(process: Child, patience: float) -> None:
    """Terminate a child, wait at most `patience` seconds, then kill what is left of its group."""
    terminate(process)
    with suppress(subprocess.TimeoutExpired):
        process.wait(patience)
    kill(process)
