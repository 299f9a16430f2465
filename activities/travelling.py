"""Travelling: the waiting workflows are moved ahead together with business time (D9). Development mode only."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from activities.house import APPROVAL_WORKFLOW, CHANGE_WORKFLOW, subject_of_workflow_id
from domain.model import Model

AT_ONCE = 50
LONGEST = 5.0
MOST_HOPS = 60
SETTLE_TRIES, SETTLE_SECONDS = 50, 0.1


class Journey(Model):
    """How many workflows moved ahead, and which did not, with the reason; the sweeper wakes those."""

    seconds: int
    moved: int
    stayed: dict[str, str]


async def journey(
    client: Client, seconds: int, next_deadline: Callable[[], float | None], hop: Callable[[int], None]
) -> Journey:
    """Travel from deadline to deadline, so that each reminder, escalation and activation happens at its own time.

    next_deadline: seconds until time acts next (None: nothing waits); hop: moves business time ahead by whole seconds.
    """
    left, moved, stayed = seconds, 0, dict[str, str]()
    for _ in range(MOST_HOPS):
        ahead = await asyncio.to_thread(next_deadline)
        step = left if ahead is None or ahead >= left else max(int(ahead) + 1, 1)
        await asyncio.to_thread(hop, step)
        went = await travel_workflows(client, step)
        moved, stayed = max(moved, went.moved), {**stayed, **went.stayed}
        left -= step
        if left <= 0:
            break
        await _settled(next_deadline)
    return Journey(seconds=seconds - left, moved=moved, stayed=stayed)


async def _settled(next_deadline: Callable[[], float | None]) -> None:
    """Wait until what was due has been done, so that the next hop does not jump over what follows from it."""
    for _ in range(SETTLE_TRIES):
        ahead = await asyncio.to_thread(next_deadline)
        if ahead is None or ahead > 0:
            return
        await asyncio.sleep(SETTLE_SECONDS)


async def travel_workflows(client: Client, seconds: int) -> Journey:
    """Fast-forward every open change and request by so many seconds, each waiting at most five seconds for it."""
    skipper = TimeSkipper(client, config=TimeSkippingConfig(enabled=False))
    gate = asyncio.Semaphore(AT_ONCE)
    query = f"WorkflowType IN ('{CHANGE_WORKFLOW}', '{APPROVAL_WORKFLOW}') AND ExecutionStatus = 'Running'"
    names = [execution.id async for execution in client.list_workflows(query)]
    results = await asyncio.gather(*(_move(skipper, client, gate, name, seconds) for name in names))
    stayed = {subject_of_workflow_id(name): reason for name, reason in zip(names, results, strict=True) if reason}
    return Journey(seconds=seconds, moved=len(names) - len(stayed), stayed=stayed)


async def _move(skipper: TimeSkipper, client: Client, gate: asyncio.Semaphore, workflow_id: str, seconds: int) -> str:
    """Move one workflow; the reason why it did not move, empty if it did."""
    async with gate:
        try:
            handle = client.get_workflow_handle(workflow_id)
            await asyncio.wait_for(skipper.fast_forward(handle, timedelta(seconds=seconds)), LONGEST)
        except TimeoutError:
            return "it does not move: a step is being retried or no worker is running"
        except (RPCError, RuntimeError) as error:
            return f"{error}"
    return ""
