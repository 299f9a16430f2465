"""Whatever is sent to a workflow moves nothing by itself, and whatever happens to it, the change goes on (D1, R-7.8)."""

from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError

from activities.house import WAKE_SIGNAL, change_workflow_id
from activities.payloads import Wake
from store.tables.outbox import OutboxRow
from tests.live import facts
from tests.live.platform import Platform
from tests.live.story import DAY, FINANCE, HOUR, OWNER, Story
from tests.live.waiting import eventually


@pytest.fixture
def waiting(story: Story) -> str:
    """A change that waits for its approvers."""
    offering, channel = story.fresh_offering()
    change = story.propose_price(offering, channel=channel)
    story.until(change, "awaiting_approval")
    story.until_seen(change)
    return change


def signal(platform: Platform, change: str, name: str, argument: Any) -> None:
    platform.workflow(change, lambda handle: handle.signal(name, argument))


def strangers(story: Story, change: str) -> list[tuple[str, str]]:
    """The messages that were audited as sent by no command."""
    return [
        (entry["details"]["kind"], entry["details"]["value"])
        for entry in story.timeline(change)
        if entry["action"] == "doorbell.stranger"
    ]


def assert_unmoved(story: Story, change: str) -> None:
    shown = story.view(change)
    assert (shown["summary"]["state"], shown["summary"]["revision"], shown["decisions"]) == ("awaiting_approval", 1, [])


def finish(platform: Platform, story: Story, change: str) -> None:
    """The change still goes its whole way, once."""
    story.approve(change)
    story.until(change, "monitoring")
    story.until_seen(change)
    platform.travel(7 * HOUR)
    story.until(change, "completed")
    facts.assert_released_once(platform, change, ("DE",), story.timeline(change))


def test_a_forged_wake_up_decides_nothing_and_is_audited(platform: Platform, story: Story, waiting: str) -> None:
    signal(platform, waiting, WAKE_SIGNAL, Wake(subject=waiting, outbox_id="bell-forged"))
    eventually(lambda: strangers(story, waiting), lambda found: found == [("outbox id", "bell-forged")])
    assert_unmoved(story, waiting)
    signal(platform, waiting, WAKE_SIGNAL, "not a wake-up at all")
    signal(platform, waiting, WAKE_SIGNAL, Wake(subject=waiting, outbox_id="bell-second"))
    eventually(lambda: strangers(story, waiting), lambda found: ("outbox id", "bell-second") in found)
    assert_unmoved(story, waiting)
    finish(platform, story, waiting)


def test_an_unknown_signal_is_audited_by_its_name(platform: Platform, story: Story, waiting: str) -> None:
    signal(platform, waiting, "approve", {"choice": "approve", "person": OWNER})
    eventually(lambda: strangers(story, waiting), lambda found: found == [("signal", "approve")])
    assert_unmoved(story, waiting)
    finish(platform, story, waiting)


def test_a_bell_that_rings_again_and_out_of_order_costs_nothing(platform: Platform, story: Story, waiting: str) -> None:
    assert story.decide(waiting, OWNER).status_code == 201
    story.until_seen(waiting)
    rung = eventually(
        lambda: facts.rows(platform, OutboxRow, OutboxRow.subject == waiting),
        lambda rows: all(row.done for row in rows),
    )
    bells = [row.id for row in rung]
    for bell in (*bells[::-1], *bells):
        signal(platform, waiting, WAKE_SIGNAL, Wake(subject=waiting, outbox_id=bell))
    story.until_seen(waiting)
    shown = story.view(waiting)
    assert (shown["summary"]["state"], len(shown["decisions"])) == ("awaiting_approval", 1)
    assert story.decide(waiting, FINANCE).status_code == 201
    story.until(waiting, "monitoring")
    # Looked at last: by now the workflow has taken every one of them.
    assert strangers(story, waiting) == []


def test_a_wake_up_of_another_change_is_a_stranger_here(platform: Platform, story: Story, waiting: str) -> None:
    offering, channel = story.fresh_offering()
    other = story.propose_price(offering, channel=channel)
    story.until(other, "awaiting_approval")
    (bell,) = facts.rows(platform, OutboxRow, OutboxRow.subject == other)
    signal(platform, waiting, WAKE_SIGNAL, Wake(subject=other, outbox_id=bell.id))
    eventually(lambda: strangers(story, waiting), lambda found: found == [("outbox id", bell.id)])
    assert_unmoved(story, waiting)
    assert story.withdraw(other).status_code == 200


def test_a_subject_for_which_nobody_can_ring_keeps_nobody_else_waiting(
    platform: Platform, story: Story, waiting: str
) -> None:
    """Temporal refuses an id of this length, at every turn of the sweeper."""
    bells = {"bell-hopeless": "x" * 1100, "bell-behind": waiting}
    with platform.database.writing() as session:
        for number, (bell, subject) in enumerate(bells.items()):
            past = platform.database.wall(session) - timedelta(seconds=60 - number)
            session.add(OutboxRow(id=bell, subject=subject, reason="a test", leased_until=past, created_at=past))
    eventually(
        lambda: facts.rows(platform, OutboxRow, OutboxRow.id.in_(bells)),  # type: ignore[attr-defined]
        lambda rows: {row.id: row.done for row in rows} == {"bell-hopeless": False, "bell-behind": True},
    )
    with platform.database.writing() as session:
        session.delete(session.get_one(OutboxRow, "bell-hopeless"))


def test_an_update_is_refused_and_audited(platform: Platform, story: Story, waiting: str) -> None:
    with pytest.raises(WorkflowUpdateFailedError):
        platform.workflow(waiting, lambda handle: handle.execute_update("decide", {"choice": "approve"}))
    eventually(lambda: strangers(story, waiting), lambda found: found == [("signal", "update decide")])
    assert_unmoved(story, waiting)
    finish(platform, story, waiting)


def test_a_terminated_workflow_comes_back_with_the_next_decision(
    platform: Platform, story: Story, waiting: str
) -> None:
    platform.workflow(waiting, lambda handle: handle.terminate())
    assert_unmoved(story, waiting)
    assert story.decide(waiting, OWNER).status_code == 201
    eventually(lambda: _status(platform, waiting), lambda status: status == "RUNNING")
    story.until_seen(waiting)
    assert story.decide(waiting, FINANCE).status_code == 201
    story.until(waiting, "monitoring")


def test_a_terminated_workflow_that_nobody_wakes_comes_back_when_its_time_has_come(
    platform: Platform, story: Story
) -> None:
    offering, channel = story.fresh_offering()
    change = story.scheduled(offering, channel=channel)
    platform.workflow(change, lambda handle: handle.terminate())
    platform.travel(3 * DAY)
    story.until(change, "completed")
    facts.assert_released_once(platform, change, ("DE",), story.timeline(change))


def test_a_workflow_that_is_reset_does_nothing_again(platform: Platform, story: Story, waiting: str) -> None:
    before = story.actions(waiting)
    run = platform.workflow(waiting, _current_run)
    platform.temporal(lambda client: _reset(client, platform.installation, waiting, run))
    eventually(lambda: platform.workflow(waiting, _current_run), lambda found: found != run)
    eventually(lambda: _idle(platform, waiting))
    assert story.actions(waiting) == before
    assert_unmoved(story, waiting)
    finish(platform, story, waiting)


async def _current_run(handle: WorkflowHandle[Any, Any]) -> str:
    return str((await handle.describe()).run_id)


def _status(platform: Platform, change: str) -> str:
    async def status(handle: WorkflowHandle[Any, Any]) -> str:
        found = (await handle.describe()).status
        return found.name if found else ""

    return platform.workflow(change, status)


def _idle(platform: Platform, change: str) -> bool:
    """Whether the workflow sleeps: the last that it did was to set its timer."""

    async def last(handle: WorkflowHandle[Any, Any]) -> "EventType.ValueType":
        return (await handle.fetch_history()).events[-1].event_type

    return platform.workflow(change, last) == EventType.EVENT_TYPE_TIMER_STARTED


async def _reset(client: Client, namespace: str, change: str, run: str) -> None:
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=namespace,
            workflow_execution=WorkflowExecution(workflow_id=change_workflow_id(change), run_id=run),
            reason="a test",
            workflow_task_finish_event_id=await _first_task(client, change),
            request_id=f"reset-{run}",
        )
    )


async def _first_task(client: Client, change: str) -> int:
    history = await client.get_workflow_handle(change_workflow_id(change)).fetch_history()
    return next(e.event_id for e in history.events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
