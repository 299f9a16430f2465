"""Many open changes that wait: what they cost while nothing happens, how soon a decision works after a restart."""

import asyncio
import time
from dataclasses import dataclass

from bench.content import PLACES
from bench.governed import BEFORE_PEOPLE, Governed, governed
from bench.installation import Installation, installation
from bench.lanes import in_lanes
from bench.results import Measurement, measured, note, percentile, rounded

BENCH = "waiting"
BARE_BYTES = 22_000
"""What one cached bare workflow keeps in a worker."""
MOST_SECONDS = 5.0
WARM_UP = 50
SETTLE = 3.0


@dataclass(frozen=True)
class Size:
    """How many changes wait, how long idleness is measured (seconds), how many are decided after the restart."""

    count: int = 1000
    idle: float = 20.0
    decisions: int = 40
    lanes: int = 32


def run(size: Size) -> list[Measurement]:
    """Run the benchmark on an installation of its own."""
    with installation() as made:
        return asyncio.run(_measure(made, size))


async def _measure(made: Installation, size: Size) -> list[Measurement]:
    async with governed(made) as people:
        note("warming up")
        await people.throughput(min(WARM_UP, size.count), size.lanes)
        before = made.memory("worker")
        note(f"opening {size.count} changes")
        first = people.proposed
        opened = await _open(people, size)
        await asyncio.sleep(SETTLE)
        grown = made.memory("worker") - before
        note(f"doing nothing for {size.idle:g} s")
        idle = await _idle(made, size.idle)
        note("restarting the worker")
        made.stop_worker()
        made.spawn_worker()
        taken = await _decide(people, opened[: size.decisions], first)
    return [*_idle_results(idle), _memory(grown / size.count), _decisions(taken)]


async def _open(people: Governed, size: Size) -> list[str]:
    """Open changes, in the order of the price book."""
    numbered: dict[int, str] = {}

    async def begin(_number: int) -> None:
        number = people.proposed
        numbered[number] = await people.open()

    await in_lanes(range(size.count), size.lanes, begin)
    await people.none_in(BEFORE_PEOPLE)
    opened = [numbered[number] for number in sorted(numbered)]
    await people.require("awaiting_approval", opened)
    return opened


async def _idle(made: Installation, seconds: float) -> dict[str, float]:
    """Cores in use by each process while nobody does anything."""
    before, begun = made.cpu_seconds(), time.monotonic()
    await asyncio.sleep(seconds)
    after, taken = made.cpu_seconds(), time.monotonic() - begun
    return {name: (after[name] - before[name]) / taken for name in ("worker", "api", "temporal")}


async def _decide(people: Governed, changes: list[str], first: int) -> list[float]:
    """Approve changes from the moment that the worker is started; seconds from each last decision to its effect."""
    taken: list[float] = []

    async def decide(numbered: tuple[int, str]) -> None:
        number, change = numbered
        taken.append(await people.approve_and_watch(change, PLACES[(first + number) % len(PLACES)]))

    await in_lanes(enumerate(changes), 4, decide)
    return taken


def _idle_results(idle: dict[str, float]) -> list[Measurement]:
    return [measured(BENCH, f"idle CPU of {name}", "cores", [cores]) for name, cores in idle.items()]


def _memory(bytes_each: float) -> Measurement:
    return Measurement(
        bench=BENCH,
        metric="worker memory an open change",
        value=rounded(bytes_each),
        unit="bytes",
        reference=BARE_BYTES,
        ratio=rounded(BARE_BYTES / bytes_each) if bytes_each > 0 else None,
    )


def _decisions(taken: list[float]) -> Measurement:
    return measured(
        BENCH, "decision to effect after a restart, p95", "s", taken, percentile(taken, 95), most=MOST_SECONDS
    )
