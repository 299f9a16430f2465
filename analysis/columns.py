"""Rows of the database as Arrow columns, and the digest of columns: over ordered logical rows, never over a file (D11).

What a database lets in but a column cannot hold (a text where a number belongs, an instant beyond the calendar) becomes
null, so that it is found and counted as a fault and does not stop everything else.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, Table

from domain.canonical import canonical
from domain.snapshot import PARTITIONS
from store.tables.columns import Instant

INSTANT = pa.timestamp("us", "UTC")
LOCAL = pa.timestamp("us")


def schema_of(table: Table, columns: Sequence[str]) -> pa.Schema:
    """The Arrow schema of a table's columns: 64-bit integers, texts, instants, truth values, bytes."""
    return pa.schema([(name, _type(table.columns[name].type)) for name in columns])


def _type(kind: Any) -> pa.DataType:
    match kind:
        case Instant():
            return INSTANT
        case Boolean():
            return pa.bool_()
        case BigInteger() | Integer():
            return pa.int64()
        case LargeBinary():
            return pa.binary()
        case _:
            return pa.string()


def table_from(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.Table:
    """Rows as the database's driver gives them, as columns."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    arrays = [_array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    try:
        return _quick(values, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.concat_arrays([_single(value, kind) for value in values])


def _quick(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if kind == INSTANT and any(isinstance(value, str) for value in values):
        return pa.array(values, pa.string()).cast(LOCAL).cast(INSTANT)
    if kind == INSTANT and any(isinstance(value, int) for value in values):
        return pa.array(values, pa.int64()).cast(INSTANT)
    if pa.types.is_boolean(kind):
        return pa.array([None if value is None else bool(value) for value in values], kind)
    return pa.array(values, kind)


def _single(value: Any, kind: pa.DataType) -> pa.Array:
    try:
        return _quick([value], kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.nulls(1, kind)


def partition_of(document: str) -> int:
    """The partition of a document: by its id, the same on every machine and in every snapshot."""
    return zlib.crc32(document.encode()) % PARTITIONS


def split(table: pa.Table, belongs: str) -> Iterator[tuple[int, pa.Table]]:
    """The rows of each partition."""
    numbers = pa.array([partition_of(document or "") for document in table[belongs].to_pylist()], pa.int8())
    order = pc.sort_indices(numbers)
    ordered, places = table.take(order), pc.value_counts(numbers.take(order))
    start = 0
    for place in places:
        count = place["counts"].as_py()
        yield place["values"].as_py(), ordered.slice(start, count)
        start += count


def ordered(table: pa.Table, key: Sequence[str]) -> pa.Table:
    """The rows in the order of their key, bytewise for texts."""
    return table.take(pc.sort_indices(table, sort_keys=[(name, "ascending") for name in key])).combine_chunks()


def logical_digest(table: pa.Table) -> str:
    """The digest of ordered rows: names and types, then column by column which are null, and the values."""
    described = [[field.name, str(field.type)] for field in table.schema]
    found = hashlib.sha256(canonical({"schema": "columns/1", "columns": described, "rows": table.num_rows}))
    for column in table.columns:
        for part in _bytes(pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)):
            found.update(part)
    return f"sha256:{found.hexdigest()}"


def _bytes(array: pa.Array) -> Iterable[Any]:
    """A byte a row that says whether it is null, then the values; texts as their lengths and their bytes."""
    yield _fixed(pc.is_null(array).cast(pa.uint8()), 1) if array.null_count else bytes(len(array))
    if pa.types.is_string(array.type) or pa.types.is_binary(array.type):
        filled = array.fill_null("" if pa.types.is_string(array.type) else b"")
        yield _fixed(pc.binary_length(filled), 4)
        yield _text(filled)
    elif pa.types.is_boolean(array.type):
        yield _fixed(array.fill_null(False).cast(pa.uint8()), 1)
    else:
        yield _fixed(array.cast(pa.int64()).fill_null(0), 8)


def _fixed(array: pa.Array, width: int) -> memoryview:
    data = memoryview(array.buffers()[1] or b"")
    return data[array.offset * width : (array.offset + len(array)) * width]


def _text(array: pa.Array) -> memoryview:
    offsets, data = array.buffers()[1:]
    if not len(array) or data is None:
        return memoryview(b"")
    first = struct.unpack_from("<i", offsets, array.offset * 4)[0]
    last = struct.unpack_from("<i", offsets, (array.offset + len(array)) * 4)[0]
    return memoryview(data)[first:last]
