"""`mandate doctor` says what a machine lacks and how to get it; it fails only for what the platform needs to run."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.platform.commands import app
from cli.platform.temporal_binaries import cached_programs, go_version


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any program and with an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    return tmp_path


def examined() -> tuple[int, dict[str, dict[str, Any]]]:
    result = CliRunner().invoke(app, ["doctor", "--json"])
    return result.exit_code, {finding["subject"]: finding for finding in json.loads(result.stdout)}


def old_go(folder: Path, version: str) -> None:
    program = folder / "go"
    program.write_text(f"#!/bin/sh\necho go{version}\n")
    program.chmod(0o755)


def test_without_go_and_temporal_the_machine_is_not_fit_and_the_advice_says_what_to_install(bare: Path) -> None:
    code, findings = examined()
    assert code == 1
    assert findings["Temporal service"]["state"] == "missing"
    assert f"Install Go {go_version()}" in findings["Temporal service"]["advice"]
    assert findings["Chromium for the page tests"]["state"] == "optional"


def test_programs_in_the_cache_make_the_machine_fit_without_go(bare: Path) -> None:
    cached_programs().mkdir(parents=True)
    code, findings = examined()
    assert (code, findings["Temporal service"]["state"]) == (0, "ok")


def test_a_service_elsewhere_makes_the_machine_fit_without_go(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example:7233")
    code, findings = examined()
    assert (code, findings["Temporal service"]["state"]) == (0, "ok")
    assert "temporal.example:7233" in findings["Temporal service"]["found"]


@pytest.mark.parametrize(
    ("version", "fit"), [("1.22.1", False), ("1.26.8", True), ("1.27rc1", True), ("1.100.0", True)]
)
def test_go_must_be_new_enough_to_build_the_pin(bare: Path, version: str, fit: bool) -> None:
    old_go(bare, version)
    _, findings = examined()
    assert findings["Temporal service"]["state"] == ("ok" if fit else "missing")
    assert version in findings["Temporal service"]["found"]


def test_the_table_shows_every_finding(bare: Path) -> None:
    shown = CliRunner().invoke(app, ["doctor"], env={"COLUMNS": "200"}).stdout
    for subject in examined()[1]:
        assert subject in shown
