"""What was taken from others is exactly what was taken: scripts and styles match their recorded digests, with licences."""

import hashlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = {
    "web/static": {"htmx.min.js", "htmx.LICENSE", "pico.classless.min.css", "pico.LICENSE.md"},
    "tests/web/vendor": {"axe.min.js", "axe.LICENSE"},
}


@pytest.mark.parametrize("folder", FOLDERS)
def test_files_match_their_digests(folder: str) -> None:
    lines = (ROOT / folder / "SHA256SUMS").read_text().splitlines()
    recorded = {name: digest for digest, name in (line.split() for line in lines)}
    assert set(recorded) == FOLDERS[folder]
    found = {name: hashlib.sha256((ROOT / folder / name).read_bytes()).hexdigest() for name in recorded}
    assert found == recorded


def test_pages_load_nothing_from_elsewhere() -> None:
    for template in (ROOT / "web/templates").iterdir():
        text = template.read_text()
        assert "://" not in text.replace("{{ temporal_url }}", ""), template.name
        assert "onclick" not in text and "style=" not in text and "|safe" not in text, template.name
