"""Two record sets for tests of the engine: a pair that uses every feature, and rows written as its tables."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.engine import Limits
from analysis.reconciliation import compare
from domain.reconciliation import Pair, Reconciliation
from store.files import FileStore
from tests.analysis.plain_reconciliation import Record

INSTANT = pa.timestamp("us", "UTC")
COLUMNS: dict[str, pa.DataType] = {
    "name": pa.string(),
    "line": pa.string(),
    "code": pa.string(),
    "label": pa.string(),
    "amount": pa.int64(),
    "percent": pa.string(),
    "starts": pa.string(),
    "finished": pa.bool_(),
    "excluded": pa.string(),
    "due_at": INSTANT,
}
SMALL = Limits(memory="200MB", threads=1)
CHECKED = ("population", "agreeing", "differing", "missing", "repeated", "unreadable", "not_due")


def side(name: str, many: bool, **changed: Any) -> dict[str, Any]:
    """A side whose rows are the table of its name; the reason of an exclusion is a column."""
    return {
        "name": name,
        "many": many,
        "tables": {f"{name}_records": tuple(COLUMNS)},
        "rows": f"SELECT *, name || '/' || line AS record FROM {name}_records",
        "excluded": {"test_data": "excluded = 'test_data'", "cancelled": "excluded = 'cancelled'"},
        "due": "due_at",
        **changed,
    }


def pair_of(many: tuple[bool, bool] = (False, False), **changed: Any) -> Pair:
    """A pair with every type of key and field."""
    worse = {"severity": "high", "repair": "mend"}
    fields = [
        {"name": "code", "title": "Code", **worse},
        {"name": "label", "title": "Label", "type": "text", "severity": "low", "repair": "look"},
        {"name": "amount", "title": "Amount", "type": "integer", "tolerance": 2, "combine": "sum", **worse},
        {"name": "percent", "title": "Percent", "type": "integer", "absent": 0, "combine": "max", **worse},
        {"name": "starts", "title": "Starts", "type": "instant", "tolerance": 60, **worse},
        {"name": "finished", "title": "Finished", "type": "boolean", "combine": "all", **worse},
    ]
    given: dict[str, Any] = {
        "id": "test-pair",
        "title": "Test",
        "question": "Do they agree?",
        "owner": "billing-handoff",
        "left": side("left", many[0]),
        "right": side("right", many[1]),
        "key": [{"name": "name"}, {"name": "line", "type": "integer"}],
        "fields": fields,
        **dict.fromkeys(("missing_left", "missing_right", "repeated", "unreadable"), worse),
        "repairs": {"mend": {"title": "Mend it", "safe": True}, "look": {"title": "Look at it"}},
        "deadline_hours": {"critical": 1, "high": 2, "medium": 3, "low": 4},
        "automatic_at_most": 3,
    }
    return Pair.model_validate({**given, **changed})


def write(folder: Path, name: str, rows: Sequence[Record]) -> Path:
    """Rows as the Parquet file of a side's table."""
    path = folder / f"{name}.parquet"
    columns = [pa.array([row[column] for row in rows], kind) for column, kind in COLUMNS.items()]
    pq.write_table(pa.Table.from_arrays(columns, names=list(COLUMNS)), path)
    return path


def run(
    folder: Path, pair: Pair, left: Sequence[Record], right: Sequence[Record], as_of: datetime, limits: Limits = SMALL
) -> Reconciliation:
    """The engine on these rows."""
    folder.mkdir(exist_ok=True)
    tables = {f"{name}_records": write(folder, name, rows) for name, rows in (("left", left), ("right", right))}
    return compare(pair, tables, FileStore(folder / "files"), as_of, limits)


def listed(folder: Path, result: Reconciliation) -> list[tuple[str, str, tuple[str, ...]]]:
    """The list of differences that the run kept, as the reference writes it."""
    data = FileStore(folder / "files").get(result.differences_file)
    table = pq.read_table(pa.BufferReader(data))
    rows = zip(*(table[name].to_pylist() for name in ("kind", "key", "fields")), strict=True)
    return sorted((kind, key, tuple(fields.split(",")) if fields else ()) for kind, key, fields in rows)


def record(name: str = "a", line: str | None = "1", **values: Any) -> Record:
    """A record that agrees with every other one of the same key."""
    sound = {
        "code": "X",
        "label": "Fibre",
        "amount": 100,
        "percent": "5",
        "starts": "2026-01-01T01:00:00+01:00",
        "finished": True,
        "excluded": None,
        "due_at": None,
    }
    return {"name": name, "line": line, **sound, **values}
