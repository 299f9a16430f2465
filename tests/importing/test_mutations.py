"""Whatever one cell or a few bytes become: no exception, and either a valid import or a problem at a true place."""

import csv
import io
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.revenue_cloud import ImportResult, RowProblem, read_revenue_cloud
from connectors.revenue_cloud.layout import READ
from connectors.revenue_cloud.report import shown
from tests.importing.shop import SHOP, assert_contents_are_valid, assert_rows_add_up

FILES = [f"shop-{room}/{file}.csv" for room, file in READ]
NASTY = ["", " ", "true", "false", "0", "-1", "1.5", "1e9", "NaN", "9" * 20, "\u0661", "a;b", 'a"b', "a,b", "\n"]
NASTY += ["a\r\nb", "\x01", "\ufeff", "\ud7ff", "x" * 3000, "=1+1", "../../etc", "%", "/", "*", "é", "EUR", "Draft"]
THOROUGH = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def records(folder: Path, file: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO((folder / file).read_text(encoding="utf-8"), newline="")))


def write(folder: Path, file: str, rows: list[list[str]]) -> dict[int, list[str]]:
    """Write the rows; returns them by the physical line that each begins on, counted without the reader's help."""
    lines: dict[int, list[str]] = {}
    text = ""
    for cells in rows:
        ends = text.replace("\r\n", "\n").replace("\r", "\n").count("\n")
        lines[ends + 1] = cells
        text += ",".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n"
    (folder / file).write_bytes(text.encode("utf-8"))
    return lines


def cells_of(folder: Path, file: str) -> dict[int, list[str]]:
    """Rows of an unchanged file by physical line."""
    reader = csv.reader(io.StringIO((folder / file).read_text(encoding="utf-8"), newline=""))
    found, line = {}, 1
    for cells in reader:
        found[line], line = cells, reader.line_num + 1
    return found


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(SHOP, tmp_path_factory.mktemp("spoilt") / "shop"))


def words(cells: list[str]) -> set[str]:
    return {part.strip() for cell in cells for part in (cell, *cell.split(";"))}


def assert_true_place(problem: RowProblem, header: list[str], cells: list[str]) -> None:
    """The named column of the named line holds the value that is shown."""
    if problem.column and problem.line != 1:
        assert problem.value == shown(cells[header.index(problem.column)].strip())


@given(data=st.data())
@THOROUGH
def test_one_cell_becomes_something_else(spoilt: Path, data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(FILES))
    rows = records(SHOP, file)
    row = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.integers(0, len(rows[0]) - 1))
    others = sorted({cell for cells in rows for cell in cells})
    text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
    new = data.draw(st.sampled_from(NASTY) | st.sampled_from(others) | text)
    old, rows[row][column] = rows[row][column], new
    lines = write(spoilt, file, rows)
    try:
        result = read_revenue_cloud(spoilt)
    finally:
        shutil.copyfile(SHOP / file, spoilt / file)
    changed = next(line for line, cells in lines.items() if cells is rows[row])
    if row == 0:
        assert_header_is_named(result, file, old, new)
    else:
        assert_accepted_or_named(result, file, lines, changed, (old, new))


def assert_header_is_named(result: ImportResult, file: str, old: str, new: str) -> None:
    used = {f"shop-{room}/{name}.csv": columns for (room, name), columns in READ.items()}[file]
    if old in used and new.strip() != old:
        assert any((p.file, p.line, p.column) == (file, 1, old) for p in result.problems)
    else:
        assert all((p.file, p.line) == (file, 1) for p in result.problems)


def assert_accepted_or_named(
    result: ImportResult, file: str, lines: dict[int, list[str]], changed: int, cell: tuple[str, str]
) -> None:
    assert_rows_add_up(result)
    if not result.problems:
        assert_contents_are_valid(result)
        assert result.catalog
        return
    assert (result.catalog, result.pricing) == ({}, {})
    related = words(list(cell)) | (words(lines[changed]) - {"", "true", "false"})
    causes = []
    for problem in result.problems:
        place = lines if problem.file == file else cells_of(SHOP, problem.file)
        assert problem.line is not None
        assert_true_place(problem, place[1], place[problem.line])
        itself = (problem.file, problem.line) == (file, changed)
        refers = not related.isdisjoint(words(place[problem.line])) or shown(cell[0]) in problem.reason
        follows = f"line {changed}" in problem.reason or "Left out of it" in problem.reason
        causes.append(itself or refers or follows)
    assert all(causes), result.problems


@given(data=st.data())
@THOROUGH
def test_some_bytes_become_others(spoilt: Path, data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(FILES))
    before = (SHOP / file).read_bytes()
    start = data.draw(st.integers(0, len(before)))
    length = data.draw(st.integers(0, 8))
    after = before[:start] + data.draw(st.binary(max_size=8)) + before[start + length :]
    (spoilt / file).write_bytes(after)
    try:
        result = read_revenue_cloud(spoilt)
    finally:
        shutil.copyfile(SHOP / file, spoilt / file)
    if result.problems:
        assert (result.catalog, result.pricing) == ({}, {})
    else:
        assert_contents_are_valid(result)
    assert_rows_add_up(result)
