"""The benchmarks run from end to end with few changes and say what they measured; numbers are nobody's business here."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import audit, sizes
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


@pytest.mark.large
def test_waiting_changes_are_measured_and_decided_after_a_restart() -> None:
    found = lines_of("waiting", "--count", "5", "--idle", "1")
    assert set(found) == {
        "idle CPU of worker",
        "idle CPU of api",
        "idle CPU of worker and API",
        "idle CPU of temporal",
        "worker memory an open change",
        "decision to effect after a restart, p95",
    }
    assert 0 < found["decision to effect after a restart, p95"]["value"] < 30


ANALYSES = {
    "impact": ("impact few", "impact few through HTTP", "impact wide"),
    "simulation": ("simulation",),
    "reconciliation": ("reconciliation stored",),
    "replay": ("policy replay",),
}


@pytest.mark.parametrize("section", ANALYSES)
def test_an_analysis_is_compared_with_the_bare_engine(section: str) -> None:
    counts = "4000,8000" if section == "impact" else "1000"
    found = lines_of("analysis", "--sections", section, "--sizes", counts, "--rounds", "1")
    for name in ANALYSES[section]:
        metrics = [metric for metric in found if metric.startswith(f"{name}, ")]
        assert len(metrics) == len(counts.split(","))
        for metric in metrics:
            assert found[metric]["ratio"] == pytest.approx(
                found[metric]["reference"] / found[metric]["value"], rel=0.02
            )
            assert found[f"peak memory of {metric}"]["value"] > 0
        grown = f"growth exponent of {name} (least squares, medians), 4,000 to 8,000"
        assert (grown in found) == (section == "impact")
    digests = [line["value"] for metric, line in found.items() if metric.startswith("different digests")]
    assert digests == [1] * len(digests)


@pytest.mark.large
def test_a_change_of_the_whole_price_book_is_followed_to_its_evidence() -> None:
    found = lines_of("pricebook", "--count", "1000")
    title = "price book over 1,000 open quotes, submitted to evidence"
    assert found[f"{title}, until simulating"]["value"] < found[title]["value"]
    assert found[f"{title}, peak memory of the worker"]["met"]


def test_each_change_has_quotes_of_its_own() -> None:
    assert len(set(PLACES)) == len(PLACES) >= 500
    assert len(PLACES) * AFFECTED == QUOTES == 10_000


def test_a_ratio_says_how_well_we_do_whatever_the_unit() -> None:
    rates = compared("b", "m", "1/s", [(8.0, 10.0), (9.0, 10.0), (5.0, 10.0)], least=0.8)
    assert (rates.value, rates.ratio, rates.range, rates.met) == (8.0, 0.8, (0.5, 0.9), True)
    times = compared("b", "m", "ms", [(20.0, 10.0)], least=0.667, lower_is_better=True)
    assert (times.ratio, times.met) == (0.5, False)


def test_growth_is_fitted_through_all_sizes() -> None:
    taken = [
        [compared("b", f"m, {size}", "s", [(seconds, 1.0)])] for size, seconds in ((10, 1), (100, 10), (1000, 1000))
    ]
    (growth,) = sizes.growth((10, 100, 1000), taken, most=1.4)
    # From 1 to 2 and from 2 to 4 on the way, the line through all three points is steeper than one and flatter than two.
    assert (growth.value, growth.range, growth.met) == (1.5, (1.0, 2.0), False)


def test_what_is_quick_is_called_again_and_again_on_both_sides() -> None:
    ours, bare = [], []
    turns = sizes.in_turns(lambda: ours.append(1), lambda: bare.append(1), rounds=1)
    assert min(len(ours), len(bare)) > 20
    assert all(seconds < sizes.LEAST_SECONDS for pair in turns.pairs for seconds in pair)


def test_a_number_without_reference_is_held_against_its_limit() -> None:
    assert measured("b", "m", "s", [1.0, 9.0], percentile([1.0, 9.0], 95), most=5).met is False
    assert measured("b", "m", "cores", [0.1]).met is None


def test_the_policies_benchmark_measures_analysis_and_evaluation() -> None:
    found = lines_of("policies", "--rounds", "1")

    assert len(found) == 4
    assert all(line["bench"] == "policies" and line["value"] > 0 and line["target"] for line in found.values())


def test_proof_is_measured_beside_the_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in {"RECORDS": 20, "BLOCKS": 2, "COMMITS": 2, "PACKAGES": 2}.items():
        monkeypatch.setattr(audit, name, size)

    found = {row.metric: row for row in audit.rows("authority", tmp_path, 1)}

    assert set(found) == {"audit_append", "audit_verify", "audit_append_with_commit", "evidence_package_p99"}
    assert (found["audit_append"].target, found["audit_verify"].target) == ("ratio at least 0.5", "ratio at least 0.7")
