"""Every engine at a million records: it finds what a person would by hand, in bounded memory, the same in any parts.

`make test-large`, minutes. The benchmarks compare each result with that of the bare engine and fail where it differs.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.simulation import conclude, simulate_many, simulate_partitions
from bench import impact, reconciling, replaying, repricing
from bench.results import Measurement
from store.files import FileStore
from store.snapshots import SnapshotFiles

pytestmark = [pytest.mark.large, pytest.mark.timeout(1800)]
COUNT = 1_000_000
MOST_MB = 2_000
ENGINES = {
    "impact and snapshots": impact.measure,
    "simulation": repricing.measure,
    "reconciliation": reconciling.measure,
    "policy replay": replaying.measure,
}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_million_records_give_what_the_bare_engine_gives(engine: str) -> None:
    measure: Callable[[int, int], list[Measurement]] = ENGINES[engine]
    found = {one.metric: one.value for one in measure(COUNT, 1)}

    memory = {metric: value for metric, value in found.items() if metric.startswith("peak memory")}
    assert memory and max(memory.values()) < MOST_MB, memory
    assert all(value == 1 for metric, value in found.items() if metric.startswith("different digests"))


def test_a_million_quotes_give_one_digest_in_one_part_and_in_sixteen(tmp_path: Path) -> None:
    snapshot, subject = repricing.make_snapshot(tmp_path / "snapshots", COUNT), repricing.subject()
    kept, files = SnapshotFiles(str(tmp_path / "snapshots")), FileStore(tmp_path / "files")
    whole = simulate_many(subject, snapshot, kept, repricing.LIMITS, files)
    numbers = sorted({partition.number for partition in snapshot.of("quote")})
    pieces = [
        piece
        for number in reversed(numbers)
        for piece in simulate_partitions(subject, snapshot, kept, repricing.LIMITS, (number,))
    ]
    parts = conclude(subject, snapshot, pieces, files)

    assert len(numbers) == 16 and whole.quotes == COUNT
    # The bytes of the file of cases follow the order in which the parts came; what they hold is what the digest says.
    assert parts.model_dump(exclude={"cases_file"}) == whole.model_dump(exclude={"cases_file"})
    assert whole.compared > 0 and not [
        c for c in whole.checks if c.name == "engine_equals_reference" and c.counter_examples
    ]
