"""Files that cannot be read as tables are problems with a place; only a folder of another layout is refused at once."""

import shutil
from pathlib import Path

import pytest

from connectors.revenue_cloud import read_revenue_cloud
from connectors.revenue_cloud.layout import READ
from connectors.revenue_cloud.table import MAX_BYTES
from domain.errors import Invalid
from tests.importing.shop import SHOP, assert_rows_add_up

PRODUCT = "shop-pcm/Product2.csv"
REQUIRED = [f"shop-{room}/{file}.csv" for room, file in READ]


@pytest.mark.parametrize("file", REQUIRED)
def test_a_missing_file(shop: Path, file: str) -> None:
    (shop / file).unlink()
    result = read_revenue_cloud(shop)
    assert [(p.file, p.line, p.reason) for p in result.problems] == [(file, None, "the file is missing")]
    assert (result.catalog, result.pricing) == ({}, {})


@pytest.mark.parametrize("file", REQUIRED)
def test_a_file_with_a_header_only_is_no_reason_to_fail(shop: Path, file: str) -> None:
    (shop / file).write_text((shop / file).read_text(encoding="utf-8").splitlines()[0], encoding="utf-8")
    result = read_revenue_cloud(shop)
    assert all(problem.file != file for problem in result.problems)
    assert_rows_add_up(result)


@pytest.mark.parametrize(("room", "file", "column"), [(*key, column) for key, all_ in READ.items() for column in all_])
def test_a_missing_column(shop: Path, room: str, file: str, column: str) -> None:
    path = shop / f"shop-{room}" / f"{file}.csv"
    header, rest = path.read_text(encoding="utf-8").split("\n", 1)
    names = ["Another" if name == column else name for name in header.split(",")]
    path.write_text(",".join(names) + "\n" + rest, encoding="utf-8")
    (problem,) = read_revenue_cloud(shop).problems
    assert (problem.file, problem.line, problem.column) == (f"shop-{room}/{file}.csv", 1, column)
    assert problem.reason == "the column is missing"


def test_a_column_that_is_there_twice(shop: Path) -> None:
    path = shop / PRODUCT
    path.write_text(path.read_text(encoding="utf-8").replace("Description", "Name", 1), encoding="utf-8")
    problems = read_revenue_cloud(shop).problems
    assert [(p.line, p.column) for p in problems] == [(1, "Description"), (1, "Name")]


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        pytest.param(b"", None, "empty", id="no bytes"),
        pytest.param(b" \r\n\n", None, "empty", id="white space"),
        pytest.param(b"\xef\xbb\xbf", None, "empty", id="only a byte order mark"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", 3, "binary", id="a picture"),
        pytest.param("Name\n".encode("utf-16"), 1, "UTF-16", id="UTF-16"),
        pytest.param("Name\nMod\xe9m\n".encode("latin-1"), 2, "not UTF-8", id="Latin-1"),
        pytest.param(b'Name\nRouter\n"Modem\nSwitch\n', 3, "not comma-separated", id="a quote without end"),
        pytest.param(b'Name\n"Modem"s\n', 2, "not comma-separated", id="text behind a quote"),
        pytest.param(b"Name\n" + b"x" * 200_000, 2, "not comma-separated", id="a cell of 200,000 characters"),
    ],
)
def test_a_file_that_is_no_table(shop: Path, data: bytes, line: int | None, reason: str) -> None:
    (shop / PRODUCT).write_bytes(data)
    result = read_revenue_cloud(shop)
    found = [p for p in result.problems if p.reason != "the column is missing"]
    assert [(p.file, p.line) for p in found] == [(PRODUCT, line)]
    assert reason in found[0].reason
    assert (result.catalog, result.pricing) == ({}, {})


def test_bytes_that_are_not_utf_8_are_shown(shop: Path) -> None:
    path = shop / PRODUCT
    path.write_bytes(path.read_bytes().replace("—".encode(), b"\x97"))
    (problem,) = read_revenue_cloud(shop).problems
    assert (problem.file, problem.line, problem.value) == (PRODUCT, 4, "97")


def test_a_file_beyond_the_size_limit_is_not_read(shop: Path) -> None:
    with (shop / PRODUCT).open("r+b") as stream:
        stream.truncate(MAX_BYTES + 1)
    (problem,) = read_revenue_cloud(shop).problems
    assert (problem.file, problem.line, problem.reason) == (PRODUCT, None, "the file is larger than 64 MiB")


def test_a_folder_in_the_place_of_a_file(shop: Path) -> None:
    (shop / PRODUCT).unlink()
    (shop / PRODUCT).mkdir()
    (problem,) = read_revenue_cloud(shop).problems
    assert (problem.file, problem.reason) == (PRODUCT, "this is not a file")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda data: b"\xef\xbb\xbf" + data, id="byte order mark"),
        pytest.param(lambda data: data.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(lambda data: data.rstrip(b"\n"), id="no line end at the end"),
        pytest.param(lambda data: data + b"\n\n", id="blank lines at the end"),
    ],
)
def test_harmless_differences_of_files(shop: Path, change) -> None:  # type: ignore[no-untyped-def]
    for path in shop.rglob("*.csv"):
        path.write_bytes(change(path.read_bytes()))
    result, plain = read_revenue_cloud(shop), read_revenue_cloud(SHOP)
    assert result.problems == ()
    assert result.report.entries == plain.report.entries
    assert result.pricing == plain.pricing
    assert result.digest != plain.digest


def test_lines_are_physical_in_a_file_with_crlf(shop: Path) -> None:
    path = shop / PRODUCT
    path.write_bytes(path.read_bytes().replace(b"EACH", b"BOX").replace(b"\n", b"\r\n"))
    (problem,) = read_revenue_cloud(shop).problems
    assert (problem.line, problem.value) == (4, "BOX")


def test_a_broken_file_that_is_left_anyway_does_no_harm(shop: Path) -> None:
    (shop / "shop-pricing/AttributeBasedAdjustment.csv").write_bytes(b"\x00\xff")
    (shop / "shop-pricing/Notes.csv").write_bytes(b"")
    result = read_revenue_cloud(shop)
    assert result.problems == ()
    left = {file.file: file.left_because for file in result.report.files if file.left_because}
    assert "not part of the layout" in left["shop-pricing/Notes.csv"]


@pytest.mark.parametrize("name", ["missing", "empty", "file", "two", "odd\0name"])
def test_a_folder_of_another_layout_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    for prefix in ("a", "b"):
        shutil.copytree(SHOP / "shop-pcm", tmp_path / "two" / f"{prefix}-pcm")
    with pytest.raises(Invalid) as refusal:
        read_revenue_cloud(tmp_path / name)
    assert refusal.value.code == "not_a_revenue_cloud_export"


def test_a_catalog_without_pricing_names_each_missing_file(shop: Path) -> None:
    shutil.rmtree(shop / "shop-pricing")
    problems = read_revenue_cloud(shop).problems
    assert {p.file for p in problems} == {file for file in REQUIRED if file.startswith("shop-pricing/")}
