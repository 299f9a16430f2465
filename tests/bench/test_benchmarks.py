"""The benchmarks run from end to end with few changes and say what they measured; numbers are nobody's business here."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.content import AFFECTED, PLACES, QUOTES
from bench.results import compared, measured, percentile

CHECKOUT = Path(__file__).resolve().parents[2]
FIELDS = {"bench", "metric", "value", "unit", "reference", "ratio", "range", "target", "met"}


def lines_of(*arguments: str) -> dict[str, dict[str, Any]]:
    """What a benchmark printed, by metric."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", *arguments, "--json"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(set(line) == FIELDS for line in found)
    return {line["metric"]: line for line in found}


def test_lifecycles_are_compared_with_the_bare_workflow() -> None:
    found = lines_of("lifecycle", "--count", "5", "--rounds", "1")
    rate = found["lifecycles against regular activities"]
    assert rate["ratio"] == pytest.approx(rate["value"] / rate["reference"], rel=0.02)
    assert rate["target"] == "ratio at least 0.8"
    latency = found["last decision to live, p50"]
    assert latency["ratio"] == pytest.approx(latency["reference"] / latency["value"], rel=0.02)
    assert 10 < found["history events a change"]["value"] <= 80
    assert found["CPU of worker a lifecycle"]["value"] > 0


def test_waiting_changes_are_measured_and_decided_after_a_restart() -> None:
    found = lines_of("waiting", "--count", "5", "--idle", "1")
    assert set(found) == {
        "idle CPU of worker",
        "idle CPU of api",
        "idle CPU of temporal",
        "worker memory an open change",
        "decision to effect after a restart, p95",
    }
    assert 0 < found["decision to effect after a restart, p95"]["value"] < 30


def test_each_change_has_quotes_of_its_own() -> None:
    assert len(set(PLACES)) == len(PLACES) >= 500
    assert len(PLACES) * AFFECTED == QUOTES == 10_000


def test_a_ratio_says_how_well_we_do_whatever_the_unit() -> None:
    rates = compared("b", "m", "1/s", [(8.0, 10.0), (9.0, 10.0), (5.0, 10.0)], least=0.8)
    assert (rates.value, rates.ratio, rates.range, rates.met) == (8.0, 0.8, (0.5, 0.9), True)
    times = compared("b", "m", "ms", [(20.0, 10.0)], least=0.667, lower_is_better=True)
    assert (times.ratio, times.met) == (0.5, False)


def test_a_number_without_reference_is_held_against_its_limit() -> None:
    assert measured("b", "m", "s", [1.0, 9.0], percentile([1.0, 9.0], 95), most=5).met is False
    assert measured("b", "m", "cores", [0.1]).met is None
