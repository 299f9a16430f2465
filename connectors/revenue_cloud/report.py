"""What an import takes over, leaves and refuses: frozen models to be kept, and the same in plain text for people."""

from collections.abc import Iterator
from typing import Any

from domain.model import Model

SHORT = 60


class RowProblem(Model):
    """One fault of the source. `line` is the physical line (header = 1), None where the whole file is meant."""

    file: str
    line: int | None = None
    column: str = ""
    value: str = ""
    reason: str


class Taken(Model):
    """Rows taken over, by what they became: an entry type (`price`) or a field of it (`offering.categories`)."""

    into: str
    rows: int


class Left(Model):
    """Rows left out on purpose, with the reason and the first few physical lines."""

    reason: str
    rows: int
    lines: tuple[int, ...]


class ColumnLeft(Model):
    """A column that is not taken over; `filled` rows have a value other than `false` in it."""

    column: str
    filled: int
    reason: str


class FileReport(Model):
    """One file. Rows read = rows taken + rows left + `bad`, unless `left_because` says why the whole file is left."""

    file: str
    rows: int
    taken: tuple[Taken, ...] = ()
    left: tuple[Left, ...] = ()
    bad: int = 0
    columns: tuple[ColumnLeft, ...] = ()
    left_because: str = ""


class FolderLeft(Model):
    """A folder that is not read at all."""

    folder: str
    files: int
    reason: str


class ImportReport(Model):
    """The whole account. `entries` counts the entries by type; they are zero when `problems` is not empty."""

    files: tuple[FileReport, ...]
    folders: tuple[FolderLeft, ...]
    notes: tuple[str, ...]
    problems: tuple[RowProblem, ...]
    entries: dict[str, int]

    @property
    def accepted(self) -> bool:
        """True when there is nothing wrong with the source; otherwise nothing of it may be imported."""
        return not self.problems


class ImportResult(Model):
    """Contents by entry id, both empty when the report has problems; `digest` covers source files and contents."""

    catalog: dict[str, dict[str, Any]]
    pricing: dict[str, dict[str, Any]]
    report: ImportReport
    digest: str

    @property
    def problems(self) -> tuple[RowProblem, ...]:
        return self.report.problems


def shown(value: str) -> str:
    """A source text that is safe to print: shortened, without control characters and lone surrogates."""
    short = value if len(value) <= SHORT else value[: SHORT - 3] + "..."
    return "".join(char if char.isprintable() else "?" for char in short)


def render_report(report: ImportReport) -> str:
    """The report as plain text: outcome, what is taken over, what is left and why, and every problem."""
    sections = (_outcome(report), _taken(report), _left(report), _columns(report), _whole(report), _problems(report))
    return "\n".join(line for section in sections for line in section) + "\n"


def _outcome(report: ImportReport) -> Iterator[str]:
    rows = sum(file.rows for file in report.files if not file.left_because)
    if report.accepted:
        kinds = ", ".join(f"{count:,} {name}" for name, count in report.entries.items())
        yield f"Can be imported: {sum(report.entries.values()):,} entries from {rows:,} rows ({kinds})."
    else:
        yield f"Refused: {len(report.problems):,} problems in {rows:,} rows. Nothing is imported."
    yield from report.notes


def _taken(report: ImportReport) -> Iterator[str]:
    yield from ("", "Taken over" if report.accepted else "Would be taken over")
    for file in report.files:
        if file.taken:
            what = ", ".join(f"{part.rows:,} into {part.into}" for part in file.taken)
            yield f"  {file.file}: {file.rows:,} rows: {what}"


def _left(report: ImportReport) -> Iterator[str]:
    yield from ("", "Rows left out")
    lines = [
        f"  {file.file}: {part.rows:,} rows (line {', '.join(map(str, part.lines))}{_more(part)}): {part.reason}"
        for file in report.files
        for part in file.left
    ]
    yield from lines or ["  none"]


def _more(part: Left) -> str:
    return " and more" if part.rows > len(part.lines) else ""


def _columns(report: ImportReport) -> Iterator[str]:
    yield from ("", "Columns left out (in brackets: rows with a value other than false)")
    for file in report.files:
        for reason in dict.fromkeys(column.reason for column in file.columns):
            names = ", ".join(f"{c.column} ({c.filled:,})" for c in file.columns if c.reason == reason)
            yield f"  {file.file}: {names}: {reason}"


def _whole(report: ImportReport) -> Iterator[str]:
    yield from ("", "Files and folders left out")
    for file in report.files:
        if file.left_because:
            yield f"  {file.file} ({file.rows:,} rows): {file.left_because}"
    for folder in report.folders:
        yield f"  {folder.folder} ({folder.files:,} files): {folder.reason}"


def _problems(report: ImportReport) -> Iterator[str]:
    if report.problems:
        yield from ("", "Problems")
    for problem in report.problems:
        place = problem.file if problem.line is None else f"{problem.file}, line {problem.line}"
        column = f", {problem.column}" if problem.column else ""
        value = f" {problem.value!r}" if problem.value else ""
        yield f"  {place}{column}{value}: {problem.reason}"
