"""Analysis of a large decision table, and evaluation of one case, in this process; no service is needed."""

import random
from collections.abc import Callable
from functools import partial
from time import perf_counter, thread_time

from bench.results import Measurement, measured, percentile
from policies.analysis import analyze
from policies.evaluate import first_match
from policies.facts import Fact
from policies.table import Row, Table

BENCH = "policies"
CONDITIONS, ROWS = 12, 500
MOST_ANALYSIS_SECONDS, MOST_CASE_MILLISECONDS = 2.0, 1.0
CASES = 2_000
COLOURS = ("red", "green", "blue", "white", "black")


def run(rounds: int) -> list[Measurement]:
    """Measure tables of several shapes: full of conditions, half full, sparse; each with a general last row."""
    shapes = {"every cell filled": 1.0, "half of the cells filled": 0.5, "a tenth of the cells filled": 0.1}
    results = []
    for name, filled in shapes.items():
        table, facts = _table(filled)
        times = [_seconds(partial(analyze, "bench", table, facts, "nothing")) for _ in range(rounds)]
        title = f"analysis of {CONDITIONS} conditions and {ROWS} rows, {name}"
        results.append(measured(BENCH, title, "s", times, max(times), most=MOST_ANALYSIS_SECONDS))
    return [*results, one_case(BENCH, rounds)]


def one_case(bench: str, rounds: int) -> Measurement:
    """One case through the largest table, over many cases: CPU time, as the clock would tell of other processes."""
    cases = [case for _ in range(rounds) for case in _cases(*_table(1.0))]
    name, slow = "evaluation of one case, CPU time, p99", percentile(cases, 99)
    return measured(bench, name, "ms", cases, slow, most=MOST_CASE_MILLISECONDS)


def _cases(table: Table, facts: tuple[Fact, ...]) -> list[float]:
    """Milliseconds for each of many cases; the first compiles the cells and is not counted."""
    chance = random.Random(7)
    cases = [{fact.name: _value(fact, chance) for fact in facts} for _ in range(CASES)]
    first_match(table, cases[0])
    return [1000 * _seconds(partial(first_match, table, case), thread_time) for case in cases]


def _seconds(work: Callable[[], object], clock: Callable[[], float] = perf_counter) -> float:
    start = clock()
    work()
    return clock() - start


def _value(fact: Fact, chance: random.Random) -> object:
    return chance.choice(fact.values) if fact.values else chance.randrange(10_000)


def _table(filled: float) -> tuple[Table, tuple[Fact, ...]]:
    chance = random.Random(7)
    facts = tuple(
        Fact(name=f"c{n}", title=f"C{n}", type="text" if n % 3 == 0 else "whole", values=COLOURS if n % 3 == 0 else ())
        for n in range(CONDITIONS)
    )
    rows = [
        Row(
            id=f"r{n}",
            when={fact.name: _cell(fact, chance) for fact in facts if chance.random() < filled},
            then={"tier": chance.randrange(5)},
        )
        for n in range(ROWS - 1)
    ]
    last = Row(id="otherwise", when={}, then={"tier": 4})
    return Table(columns=tuple(fact.name for fact in facts), rows=(*rows, last)), facts


def _cell(fact: Fact, chance: random.Random) -> str:
    if fact.values:
        return ", ".join(f"'{colour}'" for colour in chance.sample(COLOURS, 2))
    low = chance.randrange(10_000)
    return chance.choice((f"> {low}", f"<= {low}", f"[{low}..{low + chance.randrange(5_000)}]"))
