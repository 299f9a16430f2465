"""A run that is killed at any point leaves the next one right, and nothing behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analysis import engine
from analysis.engine import PREFIX, Limits, workspace
from analysis.reconciliation import compare
from bench.reconciling import AS_OF, pair, write_sides
from store.files import FileStore

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from pathlib import Path
from analysis.engine import Limits
from analysis.reconciliation import compare
from bench.reconciling import AS_OF, pair
from store.files import FileStore
folder = Path(sys.argv[1])
tables = {f"{name}_records": folder / f"{name}.parquet" for name in ("left", "right")}
print("begun", flush=True)
compare(pair(), tables, FileStore(folder / "files"), AS_OF, Limits("500MB", 1))
"""


def killed_after(folder: Path, seconds: float) -> int:
    """Begin a run in a process of its own and kill it; 0 if it was done before."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder / "spill")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "begun\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
    return process.wait(30)


def kill_and_check(folder: Path, count: int, points: int, longest: float, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = write_sides(folder, count)
    (folder / "spill").mkdir()
    files = FileStore(folder / "files")
    wanted = compare(pair(), tables, files, AS_OF, Limits("500MB", 1))
    killed = [killed_after(folder, longest * point / points) for point in range(points)]
    assert -signal.SIGKILL in killed
    monkeypatch.setattr("tempfile.tempdir", str(folder / "spill"))
    monkeypatch.setattr(engine, "YOUNG", -1.0)
    again = compare(pair(), tables, files, AS_OF, Limits("500MB", 1))
    assert again.model_copy(update={"differences_file": ""}) == wanted.model_copy(update={"differences_file": ""})
    assert files.get(again.differences_file)
    assert list((folder / "spill").iterdir()) == []


def test_a_killed_run_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kill_and_check(tmp_path, 150_000, 3, 0.5, monkeypatch)


@pytest.mark.large
@pytest.mark.timeout(900)
def test_killed_at_thirty_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kill_and_check(tmp_path, 1_000_000, 30, 3.0, monkeypatch)


def test_a_run_that_was_killed_before_it_had_its_lock_is_cleared_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    killed = tmp_path / f"{PREFIX}killed"
    killed.mkdir()
    with workspace(Limits()):
        assert killed.is_dir(), "it may be on its way to its lock"
    monkeypatch.setattr(engine, "YOUNG", -1.0)
    with workspace(Limits()):
        assert not killed.exists()
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_run_that_goes_on_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(engine, "YOUNG", -1.0)
    with workspace(Limits()) as (_, first), workspace(Limits()) as (_, second):
        assert first.is_dir() and second.is_dir() and first.name.startswith(PREFIX)
    assert list(tmp_path.iterdir()) == []
