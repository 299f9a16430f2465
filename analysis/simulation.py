"""Simulation: every affected quote priced by the book before and after a change, judged, and reproducible (chapter 6).

Few quotes are priced by the reference; many by the engine, partition by partition of a snapshot, in bounded memory.
Both give the same rows and the same digest, however the partitions are grouped.
"""

import io
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.engine import Limits, engine, sql_digest
from analysis.pricing import Records
from analysis.simulation_checks import case_checks
from analysis.simulation_differences import Compared, differences, rule_checks
from analysis.simulation_engine import (
    at_once,
    compare,
    compiled,
    effects_by_engine,
    effects_by_reference,
    effects_sql,
    open_records,
    sampled_partitions,
)
from analysis.simulation_few import part_of_rows
from analysis.simulation_judging import Judged, judge_contents
from analysis.simulation_packs import packs
from analysis.simulation_parts import FEW_VALUES, SCHEMA, Part, distribution, effect_of, merged, part_of, shares
from analysis.simulation_scenes import Look, nothing, stored
from analysis.simulation_subject import Subject
from domain.canonical import canonical, parse
from domain.money import sums
from domain.quote import Quote
from domain.simulation import EDITION, Simulation
from domain.snapshot import Snapshot
from store.files import FileStore
from store.snapshots import SnapshotFiles

PARQUET = b"PAR1"
WRITTEN: dict[str, Any] = {"compression": "zstd", "compression_level": 1, "use_dictionary": FEW_VALUES}
"""How effects are written."""
QUOTES_TOGETHER = 20_000
"""Quotes whose sums are found at once: fewer cost more by column, more would wait for each other."""
AHEAD = 4
"""Partitions that are priced before they are asked for; those of one statement come together."""
T = TypeVar("T")


@dataclass(frozen=True)
class Slice:
    """The effects of a partition, how many lines were compared, quotes that differ, the digest of the SQL."""

    number: int
    effects: pa.Table
    compared: int = 0
    differing: tuple[str, ...] = ()
    sql: str = ""


def simulate_few(subject: Subject, quotes: Sequence[Quote], files: FileStore, look: Look = nothing) -> Simulation:
    """Price quotes one by one with the reference; they are kept with the cases, so that it can be run again."""
    effects = effects_by_reference(subject.books, quotes)
    body = {
        "cases": [effect_of(row).model_dump(mode="json") for row in effects],
        "quotes": [quote.model_dump(mode="json") for quote in quotes],
    }
    found = _conclude(subject, part_of_rows(effects), judge_contents(subject), files, look)
    return found.model_copy(update={"cases_file": files.put(canonical(body))})


def simulate_many(
    subject: Subject,
    snapshot: Snapshot,
    snapshots: SnapshotFiles,
    limits: Limits,
    files: FileStore,
    progress: Callable[[int, int], None] = lambda done, of: None,
    look: Look = nothing,
) -> Simulation:
    """Price all open quotes of a snapshot with the engine in this process; `progress` hears of each partition."""
    numbers = partitions_of(snapshot)
    slices = simulate_partitions(subject, snapshot, snapshots, limits, numbers, progress)
    return conclude(subject, snapshot, some_ahead(slices), files, look)


def some_ahead(pieces: Generator[T, None, None]) -> Iterator[T]:
    """The same, but the next ones are being made while one is worked on, so that no core waits for the other."""
    # In the context of this thread, so that what is opened for them belongs to the same work.
    context = copy_context()

    def make() -> T | None:
        return context.run(next, pieces, None)

    with closing(pieces), ThreadPoolExecutor(1) as maker:
        coming = deque(maker.submit(make) for _ in range(AHEAD))
        try:
            while (piece := coming.popleft().result()) is not None:
                coming.append(maker.submit(make))
                yield piece
        finally:
            maker.shutdown(cancel_futures=True)


def partitions_of(snapshot: Snapshot) -> tuple[int, ...]:
    """The partition numbers that hold quotes."""
    return tuple(partition.number for partition in snapshot.of("quote"))


def simulate_partitions(
    subject: Subject,
    snapshot: Snapshot,
    snapshots: SnapshotFiles,
    limits: Limits,
    numbers: Sequence[int],
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Generator[Slice, None, None]:
    """The effects on some partitions, one by one; a sample of two partitions is compared with the reference (R-6.3)."""
    sampled = sampled_partitions(subject.seed, snapshot)
    with engine(snapshots, limits) as connection:
        tables = compiled(connection, subject.books, open_records(snapshots, snapshot, partitions_of(snapshot)))
        sql = sql_digest(effects_sql(tables, Records("quote", "quote_line"))) if tables.price else ""
        priced = (
            found
            for group in at_once(snapshot, numbers)
            for found in effects_by_engine(connection, tables, open_records(snapshots, snapshot, group), group)
        )
        for done, (number, effects) in enumerate(priced, 1):
            compared, differing = 0, tuple[str, ...]()
            records = open_records(snapshots, snapshot, (number,) if number in sampled else ())
            if records.quotes:
                compared, differing = compare(connection, subject.books, records, effects, subject.seed)
            yield Slice(number, effects, compared, differing, sql)
            progress(done, len(numbers))


def conclude(
    subject: Subject, snapshot: Snapshot, slices: Iterable[Slice], files: FileStore, look: Look = nothing
) -> Simulation:
    """Merge slices of partitions, in any order and grouping, to the result; the cases go to one file."""
    found, compared, differing, sql, buffer = Part(), 0, list[str](), "", io.BytesIO()
    with pq.ParquetWriter(buffer, SCHEMA, **WRITTEN) as writer, ThreadPoolExecutor(1) as aside:
        judged = aside.submit(judge_contents, subject)
        last: Future[Any] = judged
        for pieces in _together(slices):
            effects = pa.concat_tables([piece.effects for piece in pieces])
            last.result()
            last = aside.submit(writer.write_table, effects)
            found = merged((found, part_of(effects, {piece.number: piece.effects for piece in pieces})))
            compared += sum(piece.compared for piece in pieces)
            differing += [quote for piece in pieces for quote in piece.differing]
            sql = pieces[-1].sql
        last.result()
    result = _conclude(subject, found, judged.result(), files, look, differing, compared)
    how = {"cases_file": files.put(buffer.getvalue()), "snapshot": snapshot.digest, "sql": sql}
    return result.model_copy(update=how)


def _together(slices: Iterable[Slice]) -> Iterator[list[Slice]]:
    """Slices in groups, each of one or of so many quotes as are summed up together."""
    group, held = list[Slice](), 0
    for piece in slices:
        if group and held + piece.effects.num_rows > QUOTES_TOGETHER:
            yield group
            group, held = [], 0
        group.append(piece)
        held += piece.effects.num_rows
    if group:
        yield group


def _conclude(
    subject: Subject,
    part: Part,
    judged: Judged,
    files: FileStore,
    look: Look,
    differing: Sequence[str] = (),
    compared: int = 0,
) -> Simulation:
    """The result but for what says how it was found. The scenes are kept, so that it can be run again."""
    scenes = look(subject, [effect.quote for effect in part.top])
    found = Compared(subject, scenes)
    checks = (
        *case_checks(part, subject.books.moving, compared + judged.golden, sorted({*differing, *judged.otherwise})),
        *judged.checks,
        *rule_checks(found, part.quotes),
    )
    return Simulation(
        versions=dict(subject.versions),
        cases=part.lines,
        quotes=part.quotes,
        dearer=sum(share[1] for share in part.shares.values()),
        cheaper=sum(share[2] for share in part.shares.values()),
        delta=sums((key[2], share[3]) for key, share in sorted(part.shares.items())),
        margin_delta=sums((key[2], share[4]) for key, share in sorted(part.shares.items())),
        margins_unknown=part.margins_unknown,
        largest=part.largest,
        largest_margins=part.largest_margins,
        checks=checks,
        cases_file="",
        digest=part.digest,
        seed=subject.seed,
        compared=compared + judged.golden,
        packs=packs(part, found, checks),
        differences=differences(part, found),
        distribution=distribution(part),
        shares=shares(part),
        with_changes=subject.with_changes,
        scenes_file=files.put(stored(scenes)),
        edition=EDITION,
    )


def cases_of(data: bytes, start: int, limit: int) -> tuple[list[dict[str, Any]], int]:
    """Some cases of a file of cases, and how many it has."""
    if not data.startswith(PARQUET):
        document = parse(data)
        found = document["cases"] if isinstance(document, dict) else document
        return list(found[start : start + limit]), len(found)
    file = pq.ParquetFile(io.BytesIO(data))
    return [effect_of(row).model_dump(mode="json") for row in _rows(file, start, limit)], file.metadata.num_rows


def _rows(file: pq.ParquetFile, start: int, limit: int) -> Iterator[dict[str, Any]]:
    """Rows by number, reading only the row groups that hold them."""
    passed = 0
    for number in range(file.num_row_groups):
        rows = file.metadata.row_group(number).num_rows
        if passed + rows > start and passed < start + limit:
            first = max(start - passed, 0)
            yield from file.read_row_group(number).slice(first, min(start + limit - passed, rows) - first).to_pylist()
        passed += rows


def quotes_of(data: bytes) -> list[Quote]:
    """The quotes that a small simulation ran on."""
    document = parse(data)
    return [Quote.model_validate(quote) for quote in document["quotes"]] if isinstance(document, dict) else []
