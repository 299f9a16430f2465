"""`mandate up` as a user runs it: every process real, one JSON line when ready, Ctrl-C ends all, the state stays."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from cli.platform.ports import is_free
from cli.platform.prepare import CHECKOUT

UP = (sys.executable, "-c", "from cli.platform.commands import app; app()", "up", "--json")


@contextmanager
def running(*options: str, folder: Path) -> Iterator[dict[str, Any]]:
    """The facts that a running platform announced; everything has ended afterwards."""
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([*UP, *options], stdout=subprocess.PIPE, stderr=log, text=True, env=clean())
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, (folder / "log").read_text()[-2000:]
    facts = json.loads(line)
    children = [psutil.Process(pid) for pid in facts["pids"].values()]
    try:
        yield facts
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=30)
    assert (rest, process.returncode) == ("", 0), (folder / "log").read_text()[-2000:]
    assert not any(child.is_running() for child in children)


@pytest.mark.timeout(180)
def test_everything_starts_answers_ends_and_continues_from_the_same_state(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with running("--state-dir", str(state), folder=tmp_path) as first:
        assert set(first["pids"]) == {"temporal", "temporal_ui", "runtime_catalog", "api", "worker"}
        for url in (f"{first['api']}/readyz", first["temporal_ui"], f"{first['runtime_catalog']}/health"):
            assert httpx.get(url, follow_redirects=True, trust_env=False).is_success
        assert mandate(tmp_path, "ops", "--state-dir", state, "setup") == "Larkmoor Telecom is set up."
        assert second_start(state) == (1, f"already_running: Another `mandate up` is running from {state}.")
    with running("--state-dir", str(state), folder=tmp_path) as second:
        for remembered in ("api", "temporal", "temporal_ui", "namespace", "state_dir"):
            assert second[remembered] == first[remembered]


@pytest.mark.timeout(180)
def test_other_commands_find_what_runs_without_being_told_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "states"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with running(folder=tmp_path) as facts:
        assert mandate(tmp_path, "ops", "setup") == "Larkmoor Telecom is set up."
        assert f"Signed in as mara.lindqvist at {facts['api']}" in mandate(tmp_path, "login", "mara.lindqvist")
        assert mandate(tmp_path, "inbox") == "Nothing waits for you."


def mandate(folder: Path, *arguments: object) -> str:
    """What a command of the product prints, run in a folder that has nothing to do with it."""
    command = [sys.executable, "-m", "cli.main", *map(str, arguments)]
    environment = clean() | {"PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def clean() -> dict[str, str]:
    """This environment without anything that would point a platform somewhere else."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("MANDATE_", "TEMPORAL_"))}


def second_start(state: Path) -> tuple[int, str]:
    refused = subprocess.run([*UP, "--state-dir", str(state)], capture_output=True, text=True, env=clean(), check=False)
    return refused.returncode, refused.stderr.strip()


def test_a_platform_that_cannot_start_says_why_and_leaves_nothing_running(tmp_path: Path) -> None:
    elsewhere = {"MANDATE_DATABASE_URL": "postgresql+psycopg://mandate_app@127.0.0.1:9/mandate"}
    command = [*UP, "--state-dir", str(tmp_path)]
    failed = subprocess.run(command, capture_output=True, text=True, env=clean() | elsewhere, check=False)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "migration_failed: The database could not be migrated: " in failed.stderr
    assert "Connection refused" in failed.stderr
    ports = json.loads((tmp_path / "temporal" / "ports.json").read_text())
    assert all(is_free(port) for port in ports.values())


@pytest.mark.timeout(180)
def test_an_ephemeral_platform_leaves_no_folder_behind(tmp_path: Path) -> None:
    with running("--ephemeral", folder=tmp_path) as facts:
        assert Path(facts["state_dir"]).is_dir()
    assert not Path(facts["state_dir"]).exists()
