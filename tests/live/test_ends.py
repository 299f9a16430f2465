"""Test processes that used a real client and worker end with the code of their tests, time after time."""

import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from secrets import token_hex

import pytest

from cli.platform.prepare import CHECKOUT
from cli.platform.temporal_namespace import ensure_namespace

ENDS = 50
SHORT_RUN = Path(__file__).with_name("short_run.py")


@pytest.fixture(scope="module")
def environment(temporal_address: str) -> dict[str, str]:
    namespace = f"ends-{token_hex(4)}"
    ensure_namespace(temporal_address, namespace)
    # Only what these runs need: loading every plugin fifty times would be most of the time.
    more = {"ADDRESS": temporal_address, "NAMESPACE": namespace, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return {**os.environ, **more}


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """A whole pytest process of its own."""
    settings = ("-q", "-p", "tests.exit", "-c", os.devnull, "--rootdir", str(CHECKOUT), "--noconftest")
    command = [sys.executable, "-m", "pytest", *settings, *arguments, str(SHORT_RUN)]
    return subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.timeout(200)
def test_fifty_runs_in_a_row_end_green(environment: dict[str, str]) -> None:
    with ThreadPoolExecutor(max_workers=2) as two:
        ends = list(two.map(lambda _: run(environment), range(ENDS)))
    said = [end.stdout + end.stderr for end in ends if end.returncode]
    assert Counter(end.returncode for end in ends) == {0: ENDS}, said[:1]
    assert all("1 passed" in end.stdout for end in ends)


def test_a_run_that_fails_ends_red(environment: dict[str, str]) -> None:
    end = run({**environment, "FAILS": "1"})
    assert (end.returncode, "1 failed" in end.stdout) == (1, True)


def test_a_run_on_several_workers_ends_with_its_code(environment: dict[str, str]) -> None:
    spread = ("-p", "xdist", "-n", "2")
    green, red = run(environment, *spread), run({**environment, "FAILS": "1"}, *spread)
    assert (green.returncode, red.returncode) == (0, 1), green.stdout + green.stderr
    assert "1 passed" in green.stdout
    assert "1 failed" in red.stdout
