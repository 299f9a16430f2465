"""A target that keeps silent holds the threads of its own queue only: decisions and timers go on (DESIGN section 4)."""

import asyncio
import threading
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

import worker
from activities.house import CONTROL_QUEUE, INTEGRATION_QUEUE
from activities.observing import Observing
from activities.runtime import connect
from cli.platform.temporal_namespace import ensure_namespace
from store.database import Database
from store.settings import Settings

RELEASES = 16
HELD, ANSWERED = threading.Semaphore(0), threading.Event()
LONG = timedelta(minutes=2)


@activity.defn
def deliver_to_silent_target() -> None:
    HELD.release()
    ANSWERED.wait(LONG.total_seconds())


@activity.defn
def take_control_step() -> bool:
    """Whether every target is still silent."""
    return not ANSWERED.is_set()


@workflow.defn
class Midnight:
    """Sixteen releases at once, and then a step of a lifecycle."""

    def __init__(self) -> None:
        self.held = False

    @workflow.signal
    def all_held(self) -> None:
        self.held = True

    @workflow.run
    async def run(self) -> bool:
        for _ in range(RELEASES):
            workflow.start_activity(deliver_to_silent_target, task_queue=INTEGRATION_QUEUE, start_to_close_timeout=LONG)
        await workflow.wait_condition(lambda: self.held)
        return await workflow.execute_activity(
            take_control_step, task_queue=CONTROL_QUEUE, schedule_to_close_timeout=timedelta(seconds=30)
        )


async def midnight(client: Client) -> bool:
    handle = await client.start_workflow(Midnight.run, id="change/CR-1", task_queue="midnight")
    for _ in range(RELEASES):
        assert await asyncio.to_thread(HELD.acquire, timeout=60)
    await handle.signal(Midnight.all_held)
    return await handle.result()


async def test_sixteen_silent_deliveries_leave_a_control_step_free(temporal_address: str, tmp_path: Path) -> None:
    ensure_namespace(temporal_address, "silent-targets")
    client = await connect(temporal_address, "silent-targets")
    nowhere = f"sqlite:///{tmp_path}/none.db"
    steps = [deliver_to_silent_target, take_control_step]
    with ExitStack() as pools:
        made = worker.workers(client, steps, Settings(database_url=nowhere), pools, Observing(Database(nowhere)))
        made.append(Worker(client, task_queue="midnight", workflows=[Midnight]))
        running = [asyncio.create_task(one.run()) for one in made]
        try:
            assert await midnight(client)
        finally:
            ANSWERED.set()
            await asyncio.gather(*(one.shutdown() for one in made))
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*running)


def test_every_step_that_a_queue_may_be_given_has_a_thread() -> None:
    assert {queue.name: queue.threads for queue in worker.QUEUES} == {"control": 32, "integration": 16, "analysis": 1}
