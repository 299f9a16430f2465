"""Histories recorded by released code replay with today's code, decode, and hold nothing personal (D7a, D8, D11)."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.payloads import ChangeRef, Look, Progress, StepInput, Trouble, Wake
from activities.runtime import DATA_CONVERTER, ErrorMapping, plugin
from store.example_business import load_example
from tests.replay.careless import CarelessWorkflow
from tests.replay.divergent import DivergentWorkflow
from tests.replay.fingerprint import fingerprint, recorded
from tests.replay.record import COMMENT, HISTORIES, MILLIONTHS, TITLE
from workflows.approval import ApprovalWorkflow
from workflows.change import ChangeWorkflow
from workflows.reconciliation import ReconciliationWorkflow

FILES = sorted(HISTORIES.glob("*/*.json"))
STORIES = {"completed", "rejected", "rolled_back", "expired", "parked"}
EARLIER_PRICES = ("4321.07", "432107", "4321070000")
"""The price that the first recordings were of."""
MOST_EVENTS = 80
# What `travel` writes into a history; no real lifecycle has them.
TRAVELLING = (
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED,
)
INPUTS: dict[str, type] = {"look_at_change": Look, "note_trouble": Trouble}

every_history = pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")


def history(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(f"change/{file.stem}", file.read_text())


def test_every_release_has_recorded_every_story() -> None:
    releases = {file.parent.name for file in FILES}
    assert releases
    for release in releases:
        assert {file.stem for file in FILES if file.parent.name == release} == STORIES


@every_history
async def test_a_recorded_history_replays(file: Path) -> None:
    await Replayer(workflows=[ChangeWorkflow], plugins=[plugin()]).replay_workflow(history(file))


OTHER_ROOMS = ("domain", "policies", "activities", "commands", "analysis", "connectors", "store")
LIBRARIES = ("pydantic", "pydantic_core", "annotated_types", "orjson", "babel", "zen")


def strict(released: type) -> Replayer:
    """Replays in the sandbox, the workflow files inside it: what they ask of clock, chance or files is refused."""
    watched = SandboxRestrictions.default.with_passthrough_modules(*OTHER_ROOMS, *LIBRARIES)
    return Replayer(
        workflows=[released],
        data_converter=DATA_CONVERTER,
        interceptors=[ErrorMapping()],
        workflow_runner=SandboxedWorkflowRunner(restrictions=watched),
    )


@every_history
async def test_the_workflow_asks_for_nothing_that_the_sandbox_refuses(file: Path) -> None:
    await strict(ChangeWorkflow).replay_workflow(history(file))


async def test_a_workflow_that_reads_the_clock_is_refused_by_the_sandbox() -> None:
    with pytest.raises(Exception, match=r"datetime\.now"):
        await strict(CarelessWorkflow).replay_workflow(history(FILES[0]))


@pytest.mark.parametrize("workflow_class", [ApprovalWorkflow, ReconciliationWorkflow])
def test_every_workflow_file_loads_in_the_sandbox(workflow_class: type) -> None:
    strict(workflow_class)


@every_history
async def test_code_that_does_one_step_more_does_not_replay(file: Path) -> None:
    with pytest.raises(workflow.NondeterminismError):
        await Replayer(workflows=[DivergentWorkflow], plugins=[plugin()]).replay_workflow(history(file))


def test_the_workflow_code_is_the_code_that_was_recorded() -> None:
    assert fingerprint() == recorded(), (
        "The workflow code has changed: gate the edit with workflow.patched, then record a new history with "
        "`python -m tests.replay.record RELEASE` and commit it beside the earlier ones."
    )


def test_the_fingerprint_sees_the_order_of_steps_and_not_the_layout(tmp_path: Path) -> None:
    code = "async def run(self):\n    await self.first()\n    await self.second()\n"
    (tmp_path / "a.py").write_text(code)
    (tmp_path / "b.py").write_text(code.replace("):\n", '):\n    """What it does."""\n\n', 1) + "# a remark\n")
    (tmp_path / "c.py").write_text(code.replace("first", "x").replace("second", "first").replace("x", "second"))
    found = fingerprint(tmp_path)
    assert found["a.py"] == found["b.py"] != found["c.py"]


def test_a_standard_change_needs_few_events() -> None:
    for file in FILES:
        if file.stem == "completed":
            assert sum(event.event_type not in TRAVELLING for event in history(file).events) <= MOST_EVENTS


@every_history
async def test_every_recorded_payload_decodes_into_todays_types(file: Path) -> None:
    found = [(payload, wanted) for event in history(file).events for payload, wanted in payloads(event)]
    met = {wanted for _, wanted in found}
    # What a local step is given is not in the history; a parked one became a regular activity.
    assert met >= {ChangeRef, Progress, Wake} | ({Look} if file.stem == "parked" else set())
    for payload, wanted in found:
        (value,) = await DATA_CONVERTER.decode([payload], [wanted])
        if wanted is not type(None):
            assert isinstance(value, wanted)
            lost = set(json.loads(payload.data)) - set(wanted.model_fields)  # type: ignore[attr-defined]
            assert not lost, f"{wanted.__name__} has lost {lost}, which histories still carry"


def payloads(event: HistoryEvent) -> Iterator[tuple[Payload, type]]:
    """The payloads of an event with the types that the code has for them."""
    started, signalled = (
        event.workflow_execution_started_event_attributes,
        event.workflow_execution_signaled_event_attributes,
    )
    yield from ((payload, ChangeRef) for payload in started.input.payloads)
    yield from ((payload, Wake) for payload in signalled.input.payloads)
    scheduled, done = event.activity_task_scheduled_event_attributes, event.activity_task_completed_event_attributes
    yield from ((payload, INPUTS.get(scheduled.activity_type.name, StepInput)) for payload in scheduled.input.payloads)
    yield from ((payload, Progress) for payload in done.result.payloads)
    yield from _of_local_steps(event)
    completed = event.workflow_execution_completed_event_attributes
    yield from ((payload, Progress) for payload in completed.result.payloads)


def _of_local_steps(event: HistoryEvent) -> Iterator[tuple[Payload, type]]:
    details = event.marker_recorded_event_attributes.details
    if "data" in details:
        name = json.loads(details["data"].payloads[0].data)["activity_type"]
        for payload in details["result"].payloads if "result" in details else ():
            yield payload, type(None) if name == "note_trouble" else Progress


@every_history
def test_a_history_holds_no_names_prices_or_comments(file: Path) -> None:
    business = load_example()
    people = {word for person in business.persons for word in (person.id, person.name, *person.accounts)}
    prices = {MILLIONTHS, *EARLIER_PRICES}
    said = "\n".join(texts(json.loads(file.read_text())))
    assert "CR-" in said
    assert {word for word in {TITLE, COMMENT, *people, *prices} if word.lower() in said.lower()} == set()


def texts(node: Any) -> Iterator[str]:
    """Every text in a history, payloads decoded."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield base64.b64decode(value).decode(errors="replace") if key == "data" and isinstance(value, str) else key
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)
    else:
        yield str(node)
