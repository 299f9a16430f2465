"""Record the histories of reconciliations: `python -m tests.replay.record_reconciliation RELEASE`, as `record` does it.

One run that comes to its result, and one that was given up before the worker had begun it.
"""

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHandle

from cli.platform.temporal_service import TemporalService
from commands.reconciliations import SUBJECT
from tests.databases import EMPTY, SqliteDatabases
from tests.live.platform import CLOCKKEEPER, Platform
from tests.live.waiting import eventually
from tests.replay.record import without_traces

HISTORIES = Path(__file__).parent / "reconciliations"
REASON = "Planted reason of a run"
ORDERS = {"seed": 1, "first": 0, "count": 20, "faults": ["wrong_charge"], "rate": 3_000}


def asked(platform: Platform) -> str:
    body = {"pair": "order-billing", "mode": "manual", "reason": REASON}
    return str(platform.write(CLOCKKEEPER, "/api/reconciliations", body).json()["run"])


def done(platform: Platform) -> str:
    """A run whose result is kept."""
    run = asked(platform)
    eventually(lambda: platform.read(f"/api/reconciliations/{run}")["summary"]["state"] == "done")
    return run


def given_up(platform: Platform) -> str:
    """A run that nobody wants any more when the worker takes it up."""
    platform.processes.kill("worker")
    run = asked(platform)
    platform.write(CLOCKKEEPER, f"/api/reconciliations/{run}/cancel").raise_for_status()
    platform.processes.start("worker")
    return run


def play(platform: Platform) -> Mapping[str, str]:
    """Each story's name -> the history of its workflow as JSON."""
    platform.write(CLOCKKEEPER, "/api/development/orders", ORDERS).raise_for_status()
    return {story.__name__: history(platform, story(platform)) for story in (done, given_up)}


def history(platform: Platform, run: str) -> str:
    async def fetched(handle: WorkflowHandle[Any, Any]) -> str:
        await handle.result()
        return (await handle.fetch_history()).to_json()

    return platform.temporal(lambda client: fetched(client.get_workflow_handle(SUBJECT + run)))


def record(folder: Path) -> None:
    """Play the stories and write their histories."""
    service = TemporalService(folder / "temporal", time_skipping=True)
    service.start()
    try:
        login = SqliteDatabases(folder).copy_of(EMPTY)
        with Platform(folder, login, service.address) as platform:
            histories = play(platform)
    finally:
        service.stop()
    target = HISTORIES / sys.argv[1]
    target.mkdir(parents=True, exist_ok=True)
    for name, text in histories.items():
        kept = without_traces(json.loads(text))
        (target / f"{name}.json").write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        record(Path(temporary))
    sys.stdout.flush()
    os._exit(0)
