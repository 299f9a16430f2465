from pathlib import Path

import pytest

from cli.proposals import from_file, price_change
from domain.errors import Invalid

YAML = """
kind: pricing
title: 2027
effective: {date: 2026-12-01, time: 10:30}
monitoring: {seconds: 3600}
parts:
  - artifact: pricing/standard
    edits: [{edit: set_price, unit_price: 42.90, tiers: null, sold: true}]
"""
JSON = '{"parts": [{"edits": [{"unit_price": 42.90, "quantity": 3}]}]}'


def test_yaml_keeps_prices_dates_and_times_as_they_are_written(tmp_path: Path) -> None:
    file = tmp_path / "change.yaml"
    file.write_text(YAML)
    found = from_file(file)
    assert found["effective"] == {"date": "2026-12-01", "time": "10:30"}
    assert found["parts"][0]["edits"][0] == {"edit": "set_price", "unit_price": "42.90", "tiers": None, "sold": True}
    assert (found["monitoring"]["seconds"], found["title"]) == (3600, 2027)


def test_json_keeps_prices_as_they_are_written(tmp_path: Path) -> None:
    file = tmp_path / "change.json"
    file.write_text(JSON)
    assert from_file(file)["parts"][0]["edits"][0] == {"unit_price": "42.90", "quantity": 3}


@pytest.mark.parametrize("text", ["- a list", "kind: [unclosed", "!!python/object/apply:os.getcwd []", ""])
def test_a_file_that_is_no_change_is_refused_by_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "change.yaml"
    file.write_text(text)
    with pytest.raises(Invalid, match=r"change\.yaml") as refused:
        from_file(file)
    assert refused.value.code == "bad_file"


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="No such file"):
        from_file(tmp_path / "none.yaml")


def test_a_price_by_options_names_where_it_holds() -> None:
    place = {"offering": "FIBRE-500", "selling_model": "monthly", "market": "DE", "channel": "*", "currency": "EUR"}
    found = price_change(place, "42.90", effective="2026-12-01")
    assert found["title"] == "FIBRE-500, monthly, DE: 42.90 EUR"
    assert found["effective"] == {"date": "2026-12-01"}
    assert found["parts"][0]["edits"] == [{"edit": "set_price", **place, "unit_price": "42.90"}]
