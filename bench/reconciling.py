"""Reconciliation of two large record sets, whole run with its stored list, beside the bare outer join of the run."""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from analysis.engine import Limits
from analysis.reconciliation import compare
from bench.results import Measurement
from bench.sizes import answer, at_sizes, in_turns, rows_of
from domain.reconciliation import Pair
from store.files import FileStore

BENCH = "analysis"
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
FIELDS = ("offering", "quantity", "status", "currency", "charge_minor", "start_day")
LEAST = 0.4
COLUMNS = ("key", *FIELDS)
LIMITS = Limits(memory="1GB", threads=2)


def pair() -> Pair:
    """Six fields under one whole number: the shape of the comparison bench."""
    sides = {
        name: {
            "name": name,
            "tables": {f"{name}_records": COLUMNS},
            "rows": f"SELECT *, key AS record FROM {name}_records",
        }
        for name in ("left", "right")
    }
    rule = {"severity": "high", "repair": "look"}
    return Pair.model_validate(
        {
            "id": "bench",
            "title": "Bench",
            "question": "Do both sides hold the same?",
            "owner": "platform-reliability",
            **sides,
            "key": [{"name": "key", "type": "integer"}],
            "fields": [{"name": name, "title": name, "type": "integer", **rule} for name in FIELDS],
            **dict.fromkeys(("missing_left", "missing_right", "repeated", "unreadable"), rule),
            "repairs": {"look": {"title": "Look into it"}},
            "deadline_hours": {"critical": 1, "high": 1, "medium": 1, "low": 1},
        }
    )


def write_sides(folder: Path, count: int) -> dict[str, Path]:
    """Both sides as Parquet: half a percent missing on each, one percent with another charge."""
    made = {name: folder / f"{name}.parquet" for name in ("left", "right")}
    values = "hash(i) % 30000 AS offering, 1 + i % 25 AS quantity, i % 4 AS status, i % 8 AS currency"
    with duckdb.connect() as connection:
        for name, gone, charge in (("left", 0, "i * 7"), ("right", 1, "i * 7 + (i % 100 = 7)::BIGINT")):
            connection.execute(
                f"COPY (SELECT i AS key, {values}, {charge} AS charge_minor, i % 900 AS start_day\n"
                f"FROM range({count}) t(i) WHERE i % 200 <> {gone} ORDER BY hash(i + {gone}))\n"
                f"TO '{made[name]}' (FORMAT parquet)"
            )
    return {f"{name}_records": path for name, path in made.items()}


def bare_join(tables: dict[str, Path]) -> int:
    """What a person would write by hand: the outer join from the same files, its result in memory."""
    differ = " OR ".join(f"a.{name} <> b.{name}" for name in FIELDS)
    left, right = (f"read_parquet('{path}')" for path in tables.values())
    with duckdb.connect() as connection:
        connection.execute(f"SET threads = {LIMITS.threads}")
        found = connection.sql(
            f"SELECT a.key, b.key FROM {left} a FULL JOIN {right} b ON a.key = b.key\n"
            f"WHERE a.key IS NULL OR b.key IS NULL OR {differ}"
        ).to_arrow_table()
    return int(found.num_rows)


def measure(count: int, rounds: int) -> list[Measurement]:
    """A whole run with its list stored, beside the bare join."""
    with tempfile.TemporaryDirectory(prefix="mandate-bench-") as name:
        folder = Path(name)
        tables, files = write_sides(folder, count), FileStore(folder / "files")
        turns = in_turns(
            lambda: compare(pair(), tables, files, AS_OF, LIMITS).breaks, lambda: bare_join(tables), rounds
        )
    return rows_of(BENCH, f"reconciliation stored, {count:,} a side", turns, least=LEAST)


def run(sizes: Sequence[int], rounds: int) -> list[Measurement]:
    """Every size, and how time grows."""
    return at_sizes("bench.reconciling", sizes, rounds)


if __name__ == "__main__":
    answer(measure)
