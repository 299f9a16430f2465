"""Recorded reconciliations replay with today's code and hold nothing that people wrote (D7a, D8)."""

from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from activities.runtime import plugin
from tests.replay.record_reconciliation import HISTORIES, REASON
from tests.replay.test_replay import strict
from workflows.reconciliation import ReconciliationWorkflow

FILES = sorted(HISTORIES.glob("*/*.json"))
STORIES = {"done", "given_up"}
MOST_EVENTS = 20

every_history = pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")


def history(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(f"reconciliation/{file.stem}", file.read_text())


def test_every_release_has_recorded_every_story() -> None:
    releases = {file.parent.name for file in FILES}
    assert releases
    for release in releases:
        assert {file.stem for file in FILES if file.parent.name == release} == STORIES


@every_history
async def test_a_recorded_reconciliation_replays(file: Path) -> None:
    await Replayer(workflows=[ReconciliationWorkflow], plugins=[plugin()]).replay_workflow(history(file))
    await strict(ReconciliationWorkflow).replay_workflow(history(file))


@every_history
async def test_code_that_notes_a_failure_first_does_not_replay(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows.reconciliation.ANALYSIS_QUEUE", "control")
    monkeypatch.setattr(ReconciliationWorkflow, "show", lambda self, phase, details: None)
    with pytest.raises(workflow.NondeterminismError):
        await Replayer(workflows=[ReconciliationWorkflow], plugins=[plugin()]).replay_workflow(history(file))


@every_history
def test_it_is_short_and_holds_nothing_that_people_wrote(file: Path) -> None:
    assert len(history(file).events) <= MOST_EVENTS
    assert REASON not in file.read_text() and "Marin" not in file.read_text()
