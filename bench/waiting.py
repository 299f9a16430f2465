"""Many open changes that wait: what they cost while nothing happens, how soon a decision works after a restart."""

import asyncio
import time
from dataclasses import dataclass

from bench.bare import bare_engine
from bench.governed import BEFORE_PEOPLE, Governed, governed
from bench.installation import Installation, installation
from bench.lanes import in_lanes
from bench.results import Measurement, compared, measured, note, percentile

BENCH = "waiting"
LEAST_MEMORY_RATIO = 0.5
"""A change may keep twice what a bare workflow keeps in a worker."""
MOST_SECONDS = 5.0
MOST_IDLE_CORES = 0.02
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
    note(f"opening {size.count} bare workflows")
    bare = await _bare_memory(made, size.count // 2, size.lanes)
    async with governed(made) as people:
        note("warming up")
        await people.throughput(min(WARM_UP, size.count), size.lanes)
        note(f"opening {size.count} changes")
        first, half = people.proposed, size.count // 2
        opened = await _open(people, half, size.lanes)
        before = made.memory("worker")
        opened += await _open(people, size.count - half, size.lanes)
        grown = made.memory("worker") - before
        note(f"doing nothing for {size.idle:g} s")
        idle = await _idle(made, size.idle)
        note("restarting the worker")
        made.stop_worker()
        made.spawn_worker()
        taken = await _decide(people, opened[: size.decisions], first)
    return [*_idle_results(idle), _memory(grown / (size.count - half), bare), _decisions(taken)]


async def _bare_memory(made: Installation, half: int, lanes: int) -> float:
    """What a waiting bare workflow keeps in the driver, whose worker it is, measured like our own."""
    async with bare_engine(made.temporal.address, made.namespace) as bare:
        marks = []
        for _ in range(2):
            await in_lanes(range(half), lanes, lambda _number: bare.start(local=True))
            await bare.all_wait()
            await asyncio.sleep(SETTLE)
            marks.append(made.memory("driver"))
    return (marks[1] - marks[0]) / half


async def _open(people: Governed, count: int, lanes: int) -> list[str]:
    """Open changes, in the order of the price book, and let things settle."""
    numbered: dict[int, str] = {}

    async def begin(_number: int) -> None:
        number = people.proposed
        numbered[number] = await people.open()

    await in_lanes(range(count), lanes, begin)
    await people.none_in(BEFORE_PEOPLE)
    opened = [numbered[number] for number in sorted(numbered)]
    await people.require("awaiting_approval", opened)
    await asyncio.sleep(SETTLE)
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
        taken.append(await people.approve_and_watch(change, first + number))

    await in_lanes(enumerate(changes), 4, decide)
    return taken


def _idle_results(idle: dict[str, float]) -> list[Measurement]:
    ours = idle["worker"] + idle["api"]
    return [
        measured(BENCH, "idle CPU of worker and API", "cores", [ours], most=MOST_IDLE_CORES),
        *(measured(BENCH, f"idle CPU of {name}", "cores", [cores]) for name, cores in idle.items()),
    ]


def _memory(bytes_each: float, bare: float) -> Measurement:
    """What the second half of the changes added, so that what every worker needs does not count."""
    pair = (max(bytes_each, 1.0), max(bare, 1.0))
    return compared(
        BENCH, "worker memory an open change", "bytes", [pair], least=LEAST_MEMORY_RATIO, lower_is_better=True
    )


def _decisions(taken: list[float]) -> Measurement:
    return measured(
        BENCH, "decision to effect after a restart, p95", "s", taken, percentile(taken, 95), most=MOST_SECONDS
    )
