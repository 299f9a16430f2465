"""A run that is killed at any point leaves the next one right, and nothing behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from analysis import engine
from analysis.engine import PREFIX, Limits, workspace
from analysis.simulation import simulate_many
from bench import reconciling, repricing
from domain.snapshot import Snapshot
from store.files import UNFINISHED, FileStore
from store.snapshots import SnapshotFiles

ROOT = Path(__file__).parents[2]
LIMITS = Limits("500MB", 1)


@dataclass(frozen=True)
class Engine:
    """One engine: what it works on is made once in a folder; a run leaves its list there and answers with the rest.

    longest: seconds within which a run of a million records is done on any machine.
    """

    made: Callable[[Path, int], object]
    run: Callable[[Path], tuple[object, str]]
    longest: float


def reconciled(folder: Path) -> tuple[object, str]:
    """Both sides compared: what was found, and the digest of the list of differences."""
    tables = {f"{name}_records": folder / f"{name}.parquet" for name in ("left", "right")}
    found = reconciling.compare(reconciling.pair(), tables, FileStore(folder / "files"), reconciling.AS_OF, LIMITS)
    return found.model_copy(update={"differences_file": ""}), found.differences_file


def simulated(folder: Path) -> tuple[object, str]:
    """All open quotes priced by two books: what was found, and the digest of the cases."""
    snapshot = Snapshot.model_validate_json((folder / "snapshot.json").read_text())
    snapshots, files = SnapshotFiles(str(folder / "snapshots")), FileStore(folder / "files")
    found = simulate_many(repricing.subject(), snapshot, snapshots, LIMITS, files)
    return found, found.cases_file


def make_snapshot(folder: Path, quotes: int) -> None:
    """The snapshot of so many open quotes."""
    (folder / "snapshot.json").write_text(repricing.make_snapshot(folder / "snapshots", quotes).model_dump_json())


ENGINES = {
    "reconciliation": Engine(reconciling.write_sides, reconciled, 3.0),
    "simulation": Engine(make_snapshot, simulated, 6.0),
}
BEGUN = "begun\n"


def killed_after(engine: str, folder: Path, seconds: float) -> int:
    """Begin a run in a process of its own and kill it; 0 if it was done before."""
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, engine, str(folder)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder / "spill")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == BEGUN
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
    return process.wait(30)


def kill_and_check(name: str, folder: Path, count: int, points: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = ENGINES[name]
    chosen.made(folder, count)
    (folder / "spill").mkdir()
    wanted, kept = chosen.run(folder)
    longest = chosen.longest * count / 1_000_000
    killed = [killed_after(name, folder, longest * point / points) for point in range(points)]
    assert killed.count(-signal.SIGKILL) >= points // 3, killed
    monkeypatch.setattr("tempfile.tempdir", str(folder / "spill"))
    monkeypatch.setattr(engine, "YOUNG", -1.0)
    files = FileStore(folder / "files")
    again, kept_again = chosen.run(folder)
    assert again == wanted and files.get(kept) and files.get(kept_again)
    assert list((folder / "spill").iterdir()) == []
    files.forget_unfinished(older_than=-1)
    assert {file.name for file in files.folder.rglob("*") if file.is_file()} >= {kept.removeprefix("sha256:")}
    assert not list(files.folder.rglob(f"{UNFINISHED}*"))


@pytest.mark.parametrize("name", ENGINES)
def test_a_killed_run_leaves_nothing_behind(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kill_and_check(name, tmp_path, 150_000, 3, monkeypatch)


@pytest.mark.large
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ENGINES)
def test_killed_at_thirty_points(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kill_and_check(name, tmp_path, 1_000_000, 30, monkeypatch)


def test_what_a_killed_process_had_begun_to_write_goes_after_an_hour(tmp_path: Path) -> None:
    files = FileStore(tmp_path)
    kept = files.put(b"whole")
    half = tmp_path / "ab" / f"{UNFINISHED}x"
    half.parent.mkdir(exist_ok=True)
    half.write_bytes(b"ha")
    files.forget_unfinished()
    assert half.exists(), "somebody may be writing it"
    os.utime(half, (0, 0))
    files.forget_unfinished()
    assert not half.exists() and files.get(kept) == b"whole"


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


def test_a_folder_that_is_just_being_removed_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that is put into it between the removal of its files and of itself would keep it there."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    going = tmp_path / f"{PREFIX}going"
    going.mkdir()
    with workspace(LIMITS):
        assert list(going.iterdir()) == []


if __name__ == "__main__":
    print(BEGUN, end="", flush=True)
    ENGINES[sys.argv[1]].run(Path(sys.argv[2]))
