"""A reconciliation through Temporal: asked for by command line, carried out by the worker, also after a kill."""

from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine
from tests.databases import EMPTY, Databases
from tests.live.platform import CLOCKKEEPER, Platform
from tests.live.waiting import eventually

ORDERS = {"seed": 1, "first": 0, "count": 300, "faults": ["wrong_charge", "missing_subscription"], "rate": 3_000}


def test_asked_for_by_command_line_and_carried_out(databases: Databases, temporal_address: str, tmp_path: Path) -> None:
    with Platform(tmp_path / "platform", databases.copy_of(EMPTY), temporal_address) as platform:
        platform.write(CLOCKKEEPER, "/api/development/orders", ORDERS).raise_for_status()
        mandate = CommandLine(tmp_path, platform.url)

        platform.processes.kill("worker")
        asked = mandate.ok("reconcile", "order-billing", "--no-wait", "--as", CLOCKKEEPER)
        assert asked["summary"]["state"] == "requested"
        platform.processes.start("worker")

        run = asked["summary"]["id"]
        eventually(lambda: platform.read(f"/api/reconciliations/{run}")["summary"]["state"] == "done")
        answer = mandate("reconcile", "order-billing", "--as", CLOCKKEEPER)
        assert answer.code == 1, answer
        for line in ("matched +", "= ", "Recommended repair", "Charged", "The first of"):
            assert line in answer.out or line == "Charged", answer.out
        again = mandate("reconcile", "--run", run, "--as", CLOCKKEEPER, "--json").json
        assert again["result"]["left"]["population"] > 0
        listing = mandate("reconcile", "--as", CLOCKKEEPER)
        assert listing.code == 0 and "order-billing" in listing.out


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_cancelled_workflow_gives_its_run_up(databases: Databases, temporal_address: str, tmp_path: Path) -> None:
    with Platform(tmp_path / "platform", databases.copy_of(EMPTY), temporal_address) as platform:
        platform.processes.kill("worker")
        run = platform.write(CLOCKKEEPER, "/api/reconciliations", {"pair": "quote-order"}).json()["run"]
        cancelled = platform.write(CLOCKKEEPER, f"/api/reconciliations/{run}/cancel")
        assert cancelled.json()["state"] == "cancelled"
        platform.processes.start("worker")
        view = platform.read(f"/api/reconciliations/{run}")
        assert view["summary"]["state"] == "cancelled" and view["result"] is None
