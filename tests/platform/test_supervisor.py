"""The supervisor with real child processes: restart with back-off, the others live on, Ctrl-C ends all in order."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol, TypeAlias

import psutil
import pytest

from cli.platform.log_lines import CombinedLog, readable
from cli.platform.supervisor import Backoff, Program, Supervisor
from domain.errors import Unavailable

FAST = Backoff(first=0.05, longest=0.4, forgotten_after=60.0)

DRIVER = """
import sys
from pathlib import Path
from cli.platform.log_lines import CombinedLog
from cli.platform.supervisor import Program, Supervisor

folder = Path(sys.argv[1])
patience = float(sys.argv[2])

def program(name):
    command = [sys.executable, str(folder / "child.py"), name, str(folder / "ends")]
    return Program(name, command, ready=(folder / "ends" / f"{name}.up").exists)

with Supervisor(CombinedLog(sys.stderr), patience=patience) as supervisor:
    for name in sys.argv[3:]:
        supervisor.start(program(name))
    print(*(supervisor.pid(name) for name in sys.argv[3:]), flush=True)
    supervisor.watch()
"""

CHILD = """
import signal, sys, time
from pathlib import Path
name, folder = sys.argv[1], Path(sys.argv[2])
def end(*_):
    with (folder / "order").open("a") as order:
        order.write(name + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN if name == "stubborn" else end)
(folder / f"{name}.up").touch()
while True:
    time.sleep(0.05)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ends").mkdir()
    (tmp_path / "child.py").write_text(CHILD)
    return tmp_path


Driven: TypeAlias = tuple[subprocess.Popen[str], list[psutil.Process]]


class Drive(Protocol):
    def __call__(self, *names: str, patience: float = 15.0) -> Driven: ...


@pytest.fixture
def drive(folder: Path) -> Iterator[Drive]:
    """Starts a supervisor in a process of its own with the named children; returns them when all are up."""
    with ExitStack() as cleanup:

        def start(*names: str, patience: float = 15.0) -> Driven:
            command = [sys.executable, "-c", DRIVER, str(folder), str(patience), *names]
            running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            cleanup.callback(running.kill)
            assert running.stdout is not None
            pids = running.stdout.readline().split()
            return running, [psutil.Process(int(pid)) for pid in pids]

        yield start


def until(true: Callable[[], bool], patience: float = 10.0) -> None:
    limit = time.monotonic() + patience
    while not true():
        assert time.monotonic() < limit
        time.sleep(0.02)


def test_a_child_that_is_killed_is_started_again_and_the_other_lives_on(folder: Path, drive: Drive) -> None:
    running, (first, second) = drive("first", "second")
    (folder / "ends" / "second.up").unlink()
    second.kill()
    until((folder / "ends" / "second.up").exists)
    assert first.is_running()
    running.send_signal(signal.SIGINT)
    _, log = running.communicate(timeout=10)
    assert running.returncode == 0
    assert "second ended with -9; starting it again in 0.5 s" in log
    assert "first ended" not in log


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_children_the_last_started_first(folder: Path, drive: Drive, number: signal.Signals) -> None:
    running, children = drive("first", "second", "third")
    running.send_signal(number)
    running.communicate(timeout=10)
    assert (folder / "ends" / "order").read_text().split() == ["third", "second", "first"]
    assert not any(child.is_running() for child in children)


def test_a_child_that_ignores_the_signal_is_killed_when_patience_is_over(drive: Drive) -> None:
    running, children = drive("stubborn", patience=0.5)
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=10)
    assert not any(child.is_running() for child in children)


def test_children_do_not_outlive_a_supervisor_that_is_killed(drive: Drive) -> None:
    running, children = drive("first", "stubborn")
    os.kill(running.pid, signal.SIGKILL)
    running.communicate()
    assert not psutil.wait_procs(children, timeout=5)[1]


def test_a_program_that_keeps_ending_before_it_is_ready_is_reported_at_once() -> None:
    log = io.StringIO()
    broken = Program("broken", [sys.executable, "-c", "print('no such setting'); raise SystemExit(3)"], ready=bool)
    with Supervisor(CombinedLog(log), backoff=FAST) as supervisor, pytest.raises(Unavailable) as refused:
        supervisor.start(broken)
    assert refused.value.code == "not_ready"
    assert refused.value.facts["program"] == "broken"
    assert log.getvalue().count("no such setting") == 3
    assert "broken ended with 3; starting it again in 0.1 s" in log.getvalue()


def test_a_command_that_does_not_exist_is_reported() -> None:
    log = io.StringIO()
    with Supervisor(CombinedLog(log), backoff=FAST) as supervisor, pytest.raises(Unavailable):
        supervisor.start(Program("absent", ["mandate-no-such-program"], ready=bool))
    assert "mandate-no-such-program: No such file or directory" in log.getvalue()


def test_the_wait_doubles_up_to_its_longest_and_is_forgotten_after_a_healthy_minute() -> None:
    backoff, waits = Backoff(), [Backoff().next(None, lived=0.1)]
    for _ in range(7):
        waits.append(backoff.next(waits[-1], lived=0.1))
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert backoff.next(30, lived=59.9) == 30
    assert backoff.next(30, lived=60) == 0.5


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            '{"timestamp": "2026-03-01T09:30:00Z", "level": "info", "event": "opened", "change_id": "CR-1", "n": 2}',
            ["09:30:00 INFO  opened change_id=CR-1 n=2"],
        ),
        (
            '{"ts":"2026-03-01T09:30:00Z","level":"warn","msg":"slow","error":"took 3 s","stacktrace":"a\\nb"}',
            ['09:30:00 WARN  slow error="took 3 s"'],
        ),
        (
            '{"level": "error", "event": "failed", "exception": "Traceback:\\n  KeyError"}',
            ["ERROR failed", "Traceback:", "  KeyError"],
        ),
        ('{"not": "a log line"}', ['{"not": "a log line"}']),
        ("{broken", ["{broken"]),
        ("plain text", ["plain text"]),
    ],
)
def test_json_lines_become_readable(line: str, shown: list[str]) -> None:
    assert list(readable(line)) == shown


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_names_are_coloured_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        CombinedLog(stream).write("api", "hello")
    assert terminal.getvalue().startswith("\x1b[")
    assert terminal.getvalue().endswith(" hello\n")
    assert file.getvalue() == "api             | hello\n"
