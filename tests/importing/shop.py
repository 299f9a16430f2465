"""The small export of the fixtures, and ways to spoil a copy of it."""

from pathlib import Path

from connectors.revenue_cloud import ImportResult
from domain.kinds import catalog, pricing

FIXTURES = Path(__file__).parent / "fixtures"
SHOP = FIXTURES / "shop"


def replace_on_line(folder: Path, file: str, line: int, old: str, new: str) -> None:
    """Replace text on one physical line (header = 1) of a file; fails when the line does not hold it exactly once."""
    path = folder / file
    lines = path.read_text(encoding="utf-8").split("\n")
    assert lines[line - 1].count(old) == 1, lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new)
    path.write_text("\n".join(lines), encoding="utf-8")


def append(folder: Path, file: str, *rows: str) -> None:
    """Put rows at the end of a file."""
    with (folder / file).open("a", encoding="utf-8") as stream:
        stream.writelines(f"{row}\n" for row in rows)


def assert_rows_add_up(result: ImportResult) -> None:
    """Every row that was read is taken over, left with a reason, or bad."""
    for file in result.report.files:
        if not file.left_because:
            taken = sum(part.rows for part in file.taken)
            left = sum(part.rows for part in file.left)
            assert taken + left + file.bad == file.rows, file


def assert_contents_are_valid(result: ImportResult) -> None:
    """Both kinds accept the contents as a whole, and each entry in its stored form under its own key."""
    contents = {"catalog": result.catalog, "pricing": result.pricing}
    assert catalog.KIND.validate(contents) == ()
    assert pricing.KIND.validate(contents) == ()
    for key, entry in result.catalog.items():
        assert catalog.KIND.check_entry(entry) == entry
        assert catalog.KIND.entries.validate_python(entry).key == key
    for key, entry in result.pricing.items():
        assert pricing.KIND.check_entry(entry) == entry
        assert pricing.KIND.entries.validate_python(entry).key == key
