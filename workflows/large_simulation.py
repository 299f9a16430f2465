"""A simulation over very many quotes: prepared, priced in parts that a withdrawal or an edit cancels, concluded."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.change import ChangeActivities
    from activities.house import ANALYSIS, ANALYSIS_QUEUE, PART
    from activities.payloads import Conclusion, PartDone, PartInput, Progress, SimulationJob, step_input

from workflows.steps import Doorbell, Stepping

Look = Callable[[], Awaitable[Progress]]


async def simulate_large(at: Progress, stepping: Stepping, doorbell: Doorbell, look: Look) -> Progress:
    """Simulate on the analysis queue; when the facts move meanwhile, what runs is cancelled."""
    running = asyncio.ensure_future(_simulate(at, stepping))
    while True:
        await workflow.wait_condition(lambda: running.done() or doorbell.rang)
        if running.done():
            return await running
        seen = await look()
        if (seen.state, seen.revision) != (at.state, at.revision):
            running.cancel()
            with suppress(asyncio.CancelledError, ActivityError):
                await running
            return seen


async def _simulate(at: Progress, stepping: Stepping) -> Progress:
    step = step_input(at).alone()
    job: SimulationJob = await stepping.take(
        ChangeActivities.prepare_simulation, step, queue=ANALYSIS_QUEUE, **ANALYSIS
    )
    inputs = [
        PartInput(step=step, snapshot=job.snapshot, numbers=numbers, parts=job.parts, versions=job.versions)
        for numbers in job.groups
    ]
    parts: list[PartDone] = await asyncio.gather(
        *(stepping.take(ChangeActivities.simulate_part, part, queue=ANALYSIS_QUEUE, **PART) for part in inputs)
    )
    conclusion = Conclusion(step=step, snapshot=job.snapshot, parts=tuple(parts), kept=job.parts, versions=job.versions)
    done: Progress = await stepping.take(
        ChangeActivities.conclude_simulation, conclusion, queue=ANALYSIS_QUEUE, **ANALYSIS
    )
    return done
