"""Governed change lifecycles against a bare workflow on the same Temporal service: rounds in turn, ratios."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

from activities.house import change_workflow_id
from bench.bare import Bare, bare_engine
from bench.content import AFFECTED
from bench.governed import Governed, governed
from bench.installation import Installation, installation
from bench.results import Measurement, compared, measured, note

BENCH = "lifecycle"
LEAST_RATIO = 0.8
MOST_LATENCY_RATIO = 1.5
MOST_EVENTS = 80
WARM_UP = 20


@dataclass(frozen=True)
class Size:
    """How much is measured: lifecycles a round, rounds, requests at once, latency samples a round."""

    count: int = 150
    rounds: int = 3
    lanes: int = 32
    samples: int = 20


@dataclass
class Rounds:
    """What the rounds gave: rates, median latencies (seconds), CPU milliseconds a lifecycle by process."""

    ours: list[float] = field(default_factory=list)
    regular: list[float] = field(default_factory=list)
    local: list[float] = field(default_factory=list)
    latency: list[float] = field(default_factory=list)
    bare_latency: list[float] = field(default_factory=list)
    cpu: list[Mapping[str, float]] = field(default_factory=list)


def run(size: Size) -> list[Measurement]:
    """Run the benchmark on an installation of its own."""
    with installation() as made:
        return asyncio.run(_measure(made, size))


async def _measure(made: Installation, size: Size) -> list[Measurement]:
    found = Rounds()
    async with bare_engine(made.temporal.address, made.namespace) as bare, governed(made) as people:
        note("warming up")
        await people.throughput(min(WARM_UP, size.count), size.lanes)
        for local in (False, True):
            await bare.throughput(min(WARM_UP, size.count), size.lanes, local)
        for number in range(size.rounds):
            await _round(made, bare, people, size, found)
            note(
                f"round {number + 1}: governed {found.ours[-1]:.1f}/s, bare {found.regular[-1]:.1f}/s, "
                f"bare with local activities {found.local[-1]:.1f}/s"
            )
        await _check(people)
        events = await _events(bare, people)
    return _results(found, events)


async def _round(made: Installation, bare: Bare, people: Governed, size: Size, found: Rounds) -> None:
    before = made.cpu_seconds()
    found.ours.append(await people.throughput(size.count, size.lanes))
    after = made.cpu_seconds()
    found.cpu.append({name: (after[name] - before[name]) / size.count * 1000 for name in before})
    found.regular.append(await bare.throughput(size.count, size.lanes, local=False))
    found.local.append(await bare.throughput(size.count, size.lanes, local=True))
    found.latency.append(median(await people.decision_to_active(size.samples)))
    found.bare_latency.append(median(await bare.signal_to_result(size.samples)))


async def _check(people: Governed) -> None:
    """The load is what the numbers say it is."""
    if (affected := await people.affected(people.changes[-1])) != AFFECTED:
        raise RuntimeError(f"A change affects {affected} quotes, not {AFFECTED}.")


async def _events(bare: Bare, people: Governed) -> list[float]:
    """History events of some of the changes."""
    counts = []
    for change in people.changes[:: max(1, len(people.changes) // 20)]:
        history = await bare.client.get_workflow_handle(change_workflow_id(change)).fetch_history()
        counts.append(float(len(history.events)))
    return counts


def _results(found: Rounds, events: list[float]) -> list[Measurement]:
    regular = zip(found.ours, found.regular, strict=True)
    local = zip(found.ours, found.local, strict=True)
    latency = [(ours * 1000, bare * 1000) for ours, bare in zip(found.latency, found.bare_latency, strict=True)]
    return [
        compared(BENCH, "lifecycles against regular activities", "1/s", list(regular), least=LEAST_RATIO),
        compared(BENCH, "lifecycles against local activities", "1/s", list(local)),
        compared(
            BENCH,
            "last decision to live, p50",
            "ms",
            latency,
            least=round(1 / MOST_LATENCY_RATIO, 3),
            lower_is_better=True,
        ),
        measured(BENCH, "history events a change", "events", events, max(events), most=MOST_EVENTS),
        *(
            measured(BENCH, f"CPU of {name} a lifecycle", "ms", [cpu[name] for cpu in found.cpu])
            for name in found.cpu[0]
        ),
    ]
