"""One CSV file as rows with their physical line numbers; what is wrong with it is a problem, never an exception."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from connectors.revenue_cloud.report import RowProblem, shown
from domain.canonical import digest_of

MAX_BYTES = 64 * 1024 * 1024
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Row:
    """One record: `line` is the physical line it starts on (header = 1), `cells` are stripped texts by column."""

    file: str
    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


@dataclass(frozen=True, slots=True)
class Table:
    """What a file holds. `usable` is False where the file as a whole cannot be read; `problems` says why."""

    file: str
    digest: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    records: int = 0
    problems: tuple[RowProblem, ...] = ()
    usable: bool = True


def read_table(path: Path, file: str, required: tuple[str, ...] = ()) -> Table:
    """Read comma-separated UTF-8 with any line ends, byte order mark or not; `file` is its name in reports."""
    data = _bytes(path)
    if isinstance(data, str):
        return _unusable(file, data)
    text = _text(file, data)
    if isinstance(text, RowProblem):
        return Table(file=file, digest=digest_of(data), problems=(text,), usable=False)
    return _parse(file, digest_of(data), text, required)


def _bytes(path: Path) -> bytes | str:
    try:
        if not path.is_file():
            return "the file is missing" if not path.exists() else "this is not a file"
        if path.stat().st_size > MAX_BYTES:
            return f"the file is larger than {MAX_BYTES // 1024 // 1024} MiB"
        return path.read_bytes()
    except OSError as error:
        return f"the file cannot be read: {error.strerror}"


def _text(file: str, data: bytes) -> str | RowProblem:
    if not data.removeprefix(codecs.BOM_UTF8).strip():
        return RowProblem(file=file, reason="the file is empty, without even a header")
    if data.startswith(UTF16_MARKS):
        return RowProblem(file=file, line=1, reason="the file is UTF-16; save it as UTF-8")
    if (at := data.find(b"\0")) >= 0:
        return RowProblem(file=file, line=_line_at(data, at), reason="the file is binary, it holds zero bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        value = data[error.start : error.end].hex(" ")
        return RowProblem(file=file, line=_line_at(data, error.start), value=value, reason="these bytes are not UTF-8")


def _line_at(data: bytes, position: int) -> int:
    return sum(1 for _ in LINE_END.finditer(data, 0, position)) + 1


def _parse(file: str, digest: str, text: str, required: tuple[str, ...]) -> Table:
    records, broken = _records(file, text)
    header = tuple(cell.strip() for cell in records[0][1]) if records else ()
    faults = tuple(_header_problems(file, header, required))
    if faults or broken:
        return Table(file, digest, header, problems=(*faults, *broken), usable=False)
    rows, crooked = [], []
    for line, cells in records[1:]:
        if len(cells) == len(header):
            rows.append(Row(file, line, dict(zip(header, (cell.strip() for cell in cells), strict=True))))
        else:
            reason = f"the row has {len(cells)} cells, the header has {len(header)}"
            crooked.append(RowProblem(file=file, line=line, value=shown(",".join(cells)), reason=reason))
    return Table(file, digest, header, tuple(rows), len(rows) + len(crooked), tuple(crooked))


def _records(file: str, text: str) -> tuple[list[tuple[int, list[str]]], tuple[RowProblem, ...]]:
    """Records with their first physical line. Blank lines are no records; a broken quote ends the file."""
    found: list[tuple[int, list[str]]] = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            if cells:
                found.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        return found, (RowProblem(file=file, line=line, reason=f"the row is not comma-separated text: {error}"),)
    return found, ()


def _header_problems(file: str, header: tuple[str, ...], required: tuple[str, ...]) -> Iterator[RowProblem]:
    for column in required:
        if column not in header:
            yield RowProblem(file=file, line=1, column=column, reason="the column is missing")
    for column in sorted({name for name in header if header.count(name) > 1}):
        yield RowProblem(file=file, line=1, column=shown(column), reason="the header names the column twice")


def _unusable(file: str, reason: str) -> Table:
    return Table(file=file, problems=(RowProblem(file=file, reason=reason),), usable=False)
