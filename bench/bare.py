"""The reference: a workflow with nothing but steps and one signal, its worker in the driver's process.

start -> three steps -> wait for one signal -> two steps -> result; each step an activity that returns at once.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.worker import Worker

from bench.lanes import in_lanes

QUEUE = "bench-bare"
BEFORE, AFTER = (1, 2, 3), (4, 5)
LAST_BEFORE_WAIT = BEFORE[-1]
DECISION = {"decision": "approve", "by": "somebody", "comment": "as agreed", "evidence": "sha256:" + "0" * 64}
LIMIT = timedelta(seconds=60)
POLL = 0.002


@workflow.defn(name="Bare")
class BareWorkflow:
    """Five steps, one signal. `local` chooses local activities."""

    def __init__(self) -> None:
        self.decision: dict[str, str] | None = None

    @workflow.signal
    def decide(self, decision: dict[str, str]) -> None:
        self.decision = decision

    @workflow.run
    async def run(self, local: bool) -> str:
        for number in BEFORE:
            await self.step(number, local)
        await workflow.wait_condition(lambda: self.decision is not None)
        for number in AFTER:
            await self.step(number, local)
        assert self.decision is not None
        return self.decision["decision"]

    async def step(self, number: int, local: bool) -> None:
        name = workflow.info().workflow_id
        if local:
            await workflow.execute_local_activity("bare_step", args=[number, name], start_to_close_timeout=LIMIT)
        else:
            await workflow.execute_activity("bare_step", args=[number, name], start_to_close_timeout=LIMIT)


@dataclass
class Bare:
    """The bare workflow's engine: counts who waits, starts and finishes lifecycles in batches."""

    client: Client
    waiting: int = 0
    started: int = 0

    @activity.defn(name="bare_step")
    async def step(self, number: int, name: str) -> dict[str, object]:
        """Nothing but the note that a workflow waits now."""
        if number == LAST_BEFORE_WAIT:
            self.waiting += 1
        return {"step": number, "workflow": name, "ok": True}

    async def start(self, local: bool) -> WorkflowHandle[BareWorkflow, str]:
        """Start one lifecycle."""
        self.started += 1
        return await self.client.start_workflow(
            BareWorkflow.run, local, id=f"bare/{self.started}", task_queue=QUEUE, task_timeout=timedelta(seconds=10)
        )

    async def all_wait(self) -> None:
        """Until everything that was started waits for its signal. Raises TimeoutError."""
        async with asyncio.timeout(120):
            while self.waiting < self.started:
                await asyncio.sleep(POLL)

    async def throughput(self, count: int, lanes: int, local: bool) -> float:
        """Lifecycles a second: all to their wait, a pause that does not count, all from their signal to the result."""
        handles: list[WorkflowHandle[BareWorkflow, str]] = []

        async def begin(_number: int) -> None:
            handles.append(await self.start(local))

        begun = time.perf_counter()
        await in_lanes(range(count), lanes, begin)
        await self.all_wait()
        to_wait = time.perf_counter() - begun
        await asyncio.sleep(0.3)

        begun = time.perf_counter()
        await in_lanes(handles, lanes, lambda handle: handle.signal(BareWorkflow.decide, DECISION))
        await in_lanes(handles, lanes * 4, lambda handle: handle.result())
        return count / (to_wait + time.perf_counter() - begun)

    async def signal_to_result(self, samples: int) -> list[float]:
        """Seconds from a signal to the result in hand, one after the other."""
        taken = []
        for _ in range(samples):
            handle = await self.start(local=False)
            await self.all_wait()
            await asyncio.sleep(0.01)
            begun = time.perf_counter()
            await handle.signal(BareWorkflow.decide, DECISION)
            await handle.result()
            taken.append(time.perf_counter() - begun)
        return taken


@asynccontextmanager
async def bare_engine(address: str, namespace: str) -> AsyncIterator[Bare]:
    """A client and a worker of the bare workflow on a running Temporal service."""
    runtime = Runtime(telemetry=TelemetryConfig(), worker_heartbeat_interval=None)
    bare = Bare(await Client.connect(address, namespace=namespace, runtime=runtime))
    async with Worker(bare.client, task_queue=QUEUE, workflows=[BareWorkflow], activities=[bare.step]):
        yield bare
