"""A benchmark at several sizes, each in a process of its own: ours and the bare engine in turns, and how time grows."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log
from pathlib import Path
from statistics import linear_regression
from typing import TypeVar

from bench.results import Measurement, compared, measured, note
from domain.errors import Unavailable
from store.kept import settle

T = TypeVar("T")
Measure = Callable[[int, int], list[Measurement]]
SCALES = {"s": 1.0, "ms": 1000.0}
LEAST_SECONDS = 0.1
AGAIN = "5"
"""What the kernel takes as: begin anew to watch for the peak (proc_pid_clear_refs(5))."""


@dataclass(frozen=True)
class Turns:
    """Seconds a call of ours and of the bare engine, round by round, and the most memory in MB while ours ran."""

    pairs: Sequence[tuple[float, float]]
    peak: float


def in_turns(ours: Callable[[], T], bare: Callable[[], T], rounds: int, process: int | str = "self") -> Turns:
    """Both in turns, after a round that warms up. `process`: where ours does its work.

    What takes milliseconds is called again and again until a turn lasts a tenth of a second, ours as the bare one: a
    single call of that size measures what else the machine does. Raises RuntimeError when they do not find the same.
    """
    pairs, peaks = [], []
    for number in range(rounds + 1):
        forget_peak(process)
        mine, found = _turn(ours)
        peaks.append(peak_of(process))
        other, wanted = _turn(bare)
        if found != wanted:
            raise RuntimeError(f"Ours found {found}, the bare engine {wanted}.")
        if number:
            pairs.append((mine, other))
    return Turns(pairs, max(peaks))


def _turn(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds a call, and the result."""
    taken, result = timed(work)
    calls = 1
    while taken < LEAST_SECONDS:
        more, result = timed(work)
        taken, calls = taken + more, calls + 1
    return taken / calls, result


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds that it took, and its result."""
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def rows_of(
    bench: str,
    metric: str,
    turns: Turns,
    *,
    unit: str = "s",
    least: float | None = None,
    most_memory: float | None = None,
) -> list[Measurement]:
    """Time against the bare engine, and peak memory. `metric` says what of how many: `impact few, 1,000 quotes`."""
    pairs = [(ours * SCALES[unit], bare * SCALES[unit]) for ours, bare in turns.pairs]
    return [
        compared(bench, metric, unit, pairs, least=least, lower_is_better=True),
        measured(bench, f"peak memory of {metric}", "MB", [turns.peak], most=most_memory),
    ]


def at_sizes(module: str, sizes: Sequence[int], rounds: int, most_growth: float | None = None) -> list[Measurement]:
    """What `python -m MODULE SIZE ROUNDS` prints at each size, and how all that was compared grows with size."""
    found = [_in_process(module, size, rounds) for size in sizes]
    return [*(one for several in found for one in several), *growth(sizes, found, most_growth)]


def answer(measure: Measure) -> None:
    """The other end of it: measure as the arguments say and print one JSON object a line; settled as API and worker."""
    settle()
    for measurement in measure(int(sys.argv[1]), int(sys.argv[2])):
        print(measurement.model_dump_json(), flush=True)


def _in_process(module: str, size: int, rounds: int) -> list[Measurement]:
    note(f"{module.rpartition('.')[2]}: {size:,}")
    command = [sys.executable, "-m", module, str(size), str(rounds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Unavailable("bench_failed", f"{module} at {size:,} ended with code {done.returncode}.")
    return [Measurement.model_validate_json(line) for line in done.stdout.splitlines()]


def growth(sizes: Sequence[int], found: Sequence[Sequence[Measurement]], most: float | None) -> list[Measurement]:
    """The exponent of the median time in the size: the slope of a straight line through all sizes, both as logarithms,
    by least squares. Its range is from one size to the next."""
    if len(sizes) < 2:
        return []
    results = []
    for several in zip(*([one for one in at if one.ratio is not None] for at in found), strict=True):
        medians = [one.value for one in several]
        steps = [_exponent(s, t) for s, t in zip(pairwise(sizes), pairwise(medians), strict=True)]
        metric = several[0].metric.partition(",")[0]
        name = f"growth exponent of {metric} (least squares, medians), {sizes[0]:,} to {sizes[-1]:,}"
        results.append(measured(several[0].bench, name, "exponent", steps, _exponent(sizes, medians), most=most))
    return results


def _exponent(sizes: Sequence[int], times: Sequence[float]) -> float:
    return linear_regression([log(size) for size in sizes], [log(time) for time in times]).slope


def forget_peak(process: int | str) -> None:
    (Path("/proc") / str(process) / "clear_refs").write_text(AGAIN)


def peak_of(process: int | str) -> float:
    """The peak of resident memory in MB."""
    lines = (Path("/proc") / str(process) / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
