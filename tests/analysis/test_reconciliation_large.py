"""A million records a side with differences of every kind, each known exactly, in a bounded part of the memory."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from analysis.engine import Limits
from analysis.reconciliation import compare
from store.files import FileStore
from tests.analysis.record_sets import pair_of

pytestmark = [pytest.mark.large, pytest.mark.timeout(900)]
COUNT = 1_000_000
AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
SOUND = {
    "name": "'K-' || i",
    "line": "'1'",
    "code": "'X'",
    "label": "'Fibre'",
    "amount": "i",
    "percent": "'5'",
    "starts": "'2026-01-01T01:00:00+01:00'",
    "finished": "true",
    "excluded": "NULL::VARCHAR",
    "due_at": "TIMESTAMPTZ '2026-01-01 00:00:00+00'",
}
WRONG = {
    "name": "CASE i % 1000 WHEN 1 THEN lower('K-' || i) WHEN 2 THEN NULL ELSE 'K-' || i END",
    "line": "CASE i % 1000 WHEN 3 THEN '001' WHEN 4 THEN 'one' ELSE '1' END",
    "code": "CASE i % 1000 WHEN 5 THEN 'Y' ELSE 'X' END",
    "label": "CASE i % 1000 WHEN 6 THEN ' FIBRE' WHEN 7 THEN 'Air' ELSE 'Fibre' END",
    "amount": "i + CASE i % 1000 WHEN 8 THEN 2 WHEN 9 THEN 3 ELSE 0 END",
    "percent": "CASE i % 1000 WHEN 10 THEN '5.0' WHEN 11 THEN NULL ELSE '5' END",
    "starts": "CASE i % 1000 WHEN 12 THEN '2026-01-01T00:01:00Z' WHEN 13 THEN '2026-01-01T00:01:01Z' "
    "ELSE '2026-01-01T00:00:00' END",
    "finished": "i % 1000 <> 14",
    "excluded": "CASE i % 1000 WHEN 15 THEN 'test_data' END",
    "due_at": "CASE i % 1000 WHEN 16 THEN TIMESTAMPTZ '2026-06-02 00:00:00+00' END",
}
PART = COUNT // 1000


def write(folder: Path, name: str, columns: dict[str, str], extra: str) -> Path:
    path = folder / f"{name}.parquet"
    listed = ", ".join(f"{expression} AS {column}" for column, expression in columns.items())
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT {listed} FROM ({extra}) t(i)) TO '{path}' (FORMAT parquet)")
    return path


def test_every_difference_is_found_and_no_other(tmp_path: Path) -> None:
    everything = f"SELECT i FROM range({COUNT}) r(i)"
    left = f"{everything} WHERE i % 1000 <> 17 UNION ALL SELECT i FROM range({COUNT}) r(i) WHERE i % 1000 = 18"
    right = (
        f"{everything} WHERE i % 1000 NOT IN (16, 19) UNION ALL SELECT i FROM range({COUNT}) r(i) WHERE i % 1000 = 20"
    )
    # What is missing on the right under 16 is due later, as its left record says.
    late = {**SOUND, "due_at": WRONG["due_at"]}
    tables = {
        "left_records": write(tmp_path, "left", late, left),
        "right_records": write(tmp_path, "right", {**WRONG, "due_at": "NULL::TIMESTAMPTZ"}, right),
    }

    found = compare(pair_of(), tables, FileStore(tmp_path / "files"), AS_OF, Limits("700MB", 2))

    assert {finding.name: finding.records for finding in found.findings} == {
        "missing_left": PART,  # 17
        "missing_right": 4 * PART,  # 2 and 4 cannot be read, 15 is excluded, 19 is not there
        "repeated_left": PART,  # 18
        "repeated_right": PART,  # 20
        "unreadable_right": 2 * PART,  # 2, 4
        "field:code": PART,
        "field:label": PART,
        "field:amount": PART,
        "field:percent": PART,
        "field:starts": PART,
        "field:finished": PART,
    }
    assert found.left.model_dump() == {
        "population": COUNT,
        "agreeing": COUNT - 14 * PART,
        "differing": 6 * PART,
        "missing": 4 * PART,
        "repeated": 3 * PART,
        "unreadable": 0,
        "not_due": PART,
        "excluded": {},
    }
    assert found.right.model_dump() == {
        "population": COUNT - PART,
        "agreeing": COUNT - 14 * PART,
        "differing": 6 * PART,
        "missing": PART,
        "repeated": 3 * PART,
        "unreadable": 2 * PART,
        "not_due": 0,
        "excluded": {"test_data": PART},
    }
    assert found.breaks == 15 * PART and found.differences == 16 * PART
