"""When a change takes effect: one instant per market, by each market's own zone, also on the days when clocks move."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, time
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from domain.artifact import Part
from domain.change import ChangeContent, Effective, content_inputs
from domain.errors import Invalid

ZONES = {"DE": "Europe/Berlin", "GB": "Europe/London", "US": "America/New_York"}


def instants(day: str, at: str = "00:00", zone: str = "market") -> list[str]:
    found = Effective(date=date.fromisoformat(day), time=time.fromisoformat(at), zone=zone).instants(ZONES)
    return [moment.isoformat(timespec="minutes")[:16] for moment in found.values() if moment]


def test_midnight_is_midnight_everywhere() -> None:
    assert instants("2026-01-15") == ["2026-01-14T23:00", "2026-01-15T00:00", "2026-01-15T05:00"]
    assert instants("2026-07-15") == ["2026-07-14T22:00", "2026-07-14T23:00", "2026-07-15T04:00"]


def test_a_named_zone_is_one_instant_for_all() -> None:
    assert instants("2026-07-15", "06:30", "Asia/Tokyo") == ["2026-07-14T21:30"] * 3


def test_an_hour_that_the_clocks_skip_is_the_hour_after() -> None:
    """29 March 2026, 02:30 does not exist in Berlin: it is 03:30 summer time there, which is 01:30 UTC."""
    assert instants("2026-03-29", "02:30", "Europe/Berlin") == ["2026-03-29T01:30"] * 3


def test_an_hour_that_comes_twice_is_the_first_one() -> None:
    assert instants("2026-10-25", "02:30", "Europe/Berlin") == ["2026-10-25T00:30"] * 3


def test_instants_are_aware_and_in_utc() -> None:
    found = Effective(date=date(2026, 3, 1)).instants(ZONES)

    assert all(moment is not None and moment.tzinfo is not None for moment in found.values())
    assert found["GB"] == datetime(2026, 3, 1, tzinfo=UTC)


def test_without_a_date_it_is_as_soon_as_approved() -> None:
    assert Effective().instants(ZONES) == {"DE": None, "GB": None, "US": None}


@pytest.mark.parametrize("zone", ["Europe/Bern", "../etc/passwd", "", "/etc/localtime"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(Invalid) as caught:
        Effective(date=date(2026, 1, 1), zone=zone).instants(ZONES)

    assert caught.value.code == "unknown_zone"


def content(**fields: object) -> ChangeContent:
    given = {"kind": "pricing", "title": "A title", "objective": "An objective", "parts": (), **fields}
    return ChangeContent(**given)


@pytest.mark.parametrize(
    ("moved", "names"),
    [
        ({"title": "Another title"}, {"content", "purpose"}),
        ({"parts": (Part(artifact="pricing/standard", base=1, operations=()),)}, {"content", "operations", "bases"}),
        ({"scope": {"markets": ("DE",)}}, {"scope"}),
        ({"effective": {"date": "2027-01-01"}}, {"effective"}),
        ({"rollback": {"requirement": "Call everybody."}}, {"rollback"}),
        ({"monitoring": {"seconds": 5}}, {"rollback", "monitoring"}),
    ],
)
def test_each_part_of_a_revision_moves_its_own_digest_only(moved: dict[str, object], names: set[str]) -> None:
    old, new = content_inputs(content()), content_inputs(content(**moved))

    assert {name for name in old if old[name] != new[name]} == names


@pytest.mark.parametrize("text", ["ab", "  \t ", "zero\u200bwidth", "right\u202eleft", "bell\a", "x" * 201])
def test_a_title_hides_nothing(text: str) -> None:
    with pytest.raises(ValueError, match="title"):
        content(title=text)


def test_zones_are_those_of_the_package_whatever_the_machine_has(tmp_path: Path) -> None:
    """The version of the package is kept as evidence; here the machine believes that Berlin is where Tokyo is."""
    (tmp_path / "Europe").mkdir()
    with as_file(files("tzdata.zoneinfo.Asia") / "Tokyo") as tokyo:
        shutil.copy(tokyo, tmp_path / "Europe" / "Berlin")
    asked = (
        "from datetime import datetime; from zoneinfo import ZoneInfo; ZoneInfo('Europe/Berlin'); import domain;"
        "print(datetime(2026, 1, 15, tzinfo=ZoneInfo('Europe/Berlin')).utcoffset())"
    )
    machine = {**os.environ, "PYTHONTZPATH": str(tmp_path)}
    said = subprocess.run([sys.executable, "-c", asked], env=machine, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "1:00:00"
