"""`mandate import revenue-cloud`: whole, said in full, once; or not at all."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine
from tests.cli.conftest import api_alone
from tests.importing.shop import SHOP, replace_on_line

SOFIA = ("--as", "sofia.marin")


@pytest.fixture
def mandate(tmp_path: Path) -> Iterator[CommandLine]:
    """An installation of its own for each test: an import is possible into an empty store only."""
    folder = tmp_path / "installation"
    folder.mkdir()
    with api_alone(folder, with_content=False) as found:
        yield found


IMPORTED = ("approval/standard", "catalog/standard", "pricing/standard")


def latest(mandate: CommandLine) -> dict[str, int]:
    """The latest versions of what an import and its set-up write."""
    found = {artifact["id"]: artifact["latest"] for artifact in mandate.ok("artifact", "list", *SOFIA)}
    return {artifact: found[artifact] for artifact in IMPORTED}


def test_bad_rows_are_all_named_and_nothing_is_sent(mandate: CommandLine, tmp_path: Path) -> None:
    bad = Path(shutil.copytree(SHOP, tmp_path / "bad"))
    file, lines = bad_price(bad)
    # At this address nobody listens: anything that was sent would end with another exit code.
    answer = mandate("import", "revenue-cloud", bad, "--url", "http://127.0.0.1:1", *SOFIA)
    assert answer.code == 1, answer
    for line in lines:
        assert f"{file}:{line}:UnitPrice: " in answer.err, answer.err
    assert "2 problems; nothing was imported" in answer.err
    script = mandate("import", "revenue-cloud", bad, "--json", *SOFIA)
    assert script.code == 1 and len(json.loads(script.out)["problems"]) == 2
    assert latest(mandate) == {"approval/standard": 1, "catalog/standard": 0, "pricing/standard": 0}


def bad_price(folder: Path) -> tuple[str, tuple[int, int]]:
    """Spoil two prices; returns the file and its lines."""
    file = next(path.relative_to(folder) for path in folder.rglob("PricebookEntry.csv"))
    rows = (folder / file).read_text().splitlines()
    place = rows[0].split(",").index("UnitPrice")
    for line in (2, 3):
        cells = rows[line - 1].split(",")
        replace_on_line(folder, str(file), line, rows[line - 1], ",".join([*cells[:place], "abc", *cells[place + 1 :]]))
    return str(file), (2, 3)


def test_a_folder_of_something_else_is_refused(mandate: CommandLine, tmp_path: Path) -> None:
    answer = mandate("import", "revenue-cloud", tmp_path, *SOFIA)
    assert (answer.code, answer.out) == (1, "")
    assert "error: not_a_revenue_cloud_export: " in answer.err


def test_only_those_may_import_who_may(mandate: CommandLine) -> None:
    answer = mandate("import", "revenue-cloud", SHOP, "--as", "mara.lindqvist")
    assert answer.code == 1 and "error: may_not_import: " in answer.err
    assert latest(mandate)["catalog/standard"] == 0


def test_an_import_is_live_told_and_kept_and_a_second_one_changes_nothing(mandate: CommandLine) -> None:
    first = mandate("import", "revenue-cloud", SHOP, *SOFIA)
    assert first.code == 0, first
    for part in ("Can be imported: ", "Taken over", "Rows left out", "Columns left out", "Imported and live: "):
        assert part in first.out
    before = latest(mandate)
    assert before == {"approval/standard": 1, "catalog/standard": 1, "pricing/standard": 1}
    again = mandate.ok("import", "revenue-cloud", SHOP, *SOFIA)
    assert again["unchanged"] and again["change"] in first.out
    assert latest(mandate) == before


def test_other_content_goes_through_a_change_instead(mandate: CommandLine, tmp_path: Path) -> None:
    mandate("import", "revenue-cloud", SHOP, *SOFIA)
    other = Path(shutil.copytree(SHOP, tmp_path / "other"))
    file = next(path.relative_to(other) for path in other.rglob("Product2.csv"))
    replace_on_line(other, str(file), 5, ",Installation,", ",Installation at home,")
    answer = mandate("import", "revenue-cloud", other, *SOFIA)
    assert answer.code == 1 and "error: store_not_empty: " in answer.err
