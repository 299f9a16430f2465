"""Several prices and costs in one form, without scripts: added, taken out, of several offerings, at a time of choice."""

import re
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import httpx
import pytest

from tests.live.platform import Platform
from tests.web.visitors import forms, visitor

NEW = "/changes/new?offering=DATA-SIM"
ENTRY = "price/DATA-SIM/monthly/{}/partner/{}"
TYPED: dict[str, Any] = {
    "offering": ["DATA-SIM", "STATIC-IP"],
    "entry": [ENTRY.format("DE", "EUR"), "cost/DATA-SIM/EUR", "price/STATIC-IP/monthly/GB/direct/GBP"],
    "unit_price": ["7.77", "2.22", "3.33"],
    "title": "Data SIM and static addresses",
    "objective": "Follow the cost of airtime.",
    "then": "draft",
}


@pytest.fixture
def mara(platform: Platform) -> Iterator[httpx.Client]:
    """A requester without scripts."""
    with visitor(platform, "mara.lindqvist") as client:
        yield client


def post(client: httpx.Client, action: str, typed: Mapping[str, Any]) -> httpx.Response:
    hidden = forms(client.get(NEW).text)["/changes/new"]
    return client.post(action, data={"csrf": hidden["csrf"], "key": hidden["key"], **typed})


def content(platform: Platform, answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 303, answer.text
    found: dict[str, Any] = platform.read(f"/api{answer.headers['location']}")["content"]
    return found


def test_prices_and_costs_of_two_offerings_are_one_change(platform: Platform, mara: httpx.Client) -> None:
    made = content(platform, post(mara, "/changes/new", TYPED))
    amounts = {op["entry"]: op["after"] for op in made["parts"][0]["operations"]}
    assert [entry.get("unit_price_micros", entry.get("unit_cost_micros")) for entry in amounts.values()] == [
        7_770_000, 2_220_000, 3_330_000
    ]  # fmt: skip
    assert made["scope"]["markets"] == ["*"], "a cost holds everywhere"


def test_a_price_is_taken_out_and_another_one_added(platform: Platform, mara: httpx.Client) -> None:
    more = {"entry": [], "unit_price": [], "take_out": ENTRY.format("CH", "CHF")}
    new = {"offering": "DATA-SIM", "selling_model": "monthly", "market": "CH", "channel": "*", "currency": "CHF"}
    added = {f"new_{name}": [value, value] for name, value in new.items()} | {"new_price": ["8.88", ""]}
    made = content(platform, post(mara, "/changes/new", {**TYPED, **more, **added}))
    operations = {op["entry"]: op["after"] for op in made["parts"][0]["operations"]}
    assert operations[ENTRY.format("CH", "CHF")] is None
    assert operations["price/DATA-SIM/monthly/CH/*/CHF"]["unit_price_micros"] == 8_880_000
    assert len(operations) == 2, "the row without an amount is left"


def test_date_time_zone_and_monitoring_are_chosen(platform: Platform, mara: httpx.Client) -> None:
    times = {"effective_date": "2099-02-01", "effective_time": "06:30", "zone": "Europe/Zurich"}
    watched = {"monitoring_days": "2", "monitoring_hours": "5", "monitoring": "Sales of data plans hold."}
    made = content(platform, post(mara, "/changes/new", {**TYPED, **times, **watched}))
    assert made["effective"] == {"date": "2099-02-01", "time": "06:30:00", "zone": "Europe/Zurich"}
    assert made["monitoring"] == {"seconds": 53 * 3600, "requirement": "Sales of data plans hold."}


def test_a_revision_shows_all_that_was_typed(platform: Platform, mara: httpx.Client) -> None:
    times = {"effective_date": "2099-02-01", "effective_time": "06:30", "zone": "UTC", "monitoring_hours": "5"}
    place = post(mara, "/changes/new", {**TYPED, **times}).headers["location"]
    assert f"{place}/revise" in mara.get(place).text, "the page of a change of a cost that is there"
    page = mara.get(f"{place}/revise").text
    for shown in ('value="7.77"', 'value="2.22"', 'value="3.33"', 'value="06:30"', "<option selected>UTC", "STATIC-IP"):
        assert shown in page
    again = {**forms(page)[f"{place}/revise"], **TYPED, **times, "unit_price": ["7.77", "2.22", "3.44"]}
    answer = mara.post(f"{place}/revise", data=again)
    assert answer.headers["location"] == place
    assert platform.read(f"/api{place}")["summary"]["revision"] == 2


def test_offerings_come_and_go_and_nothing_typed_is_lost(mara: httpx.Client) -> None:
    page = post(mara, "/changes/edit", {**TYPED, "add": "TV Plus"}).text
    assert "New prices for Data SIM" in page and "TV Plus" in page
    for shown in ('value="7.77"', 'value="2.22"', "Follow the cost of airtime."):
        assert shown in page
    page = post(mara, "/changes/edit", {**TYPED, "leave": "STATIC-IP"}).text
    assert 'value="7.77"' in page and 'value="3.33"' not in page
    page = post(mara, "/changes/edit", {**TYPED, "add": "Nothing of ours"}).text
    assert "The catalog has no offering" in page and 'value="7.77"' in page


def test_only_the_chosen_markets_are_shown_and_taken(mara: httpx.Client) -> None:
    page = post(mara, "/changes/edit", {"offering": "DATA-SIM", "market": "GB"}).text
    assert "New price in GBP, United Kingdom" in page and "New price in EUR, Germany" not in page
    answer = post(mara, "/changes/new", {**TYPED, "market": "GB"})
    assert (answer.status_code, "outside the markets that you have chosen" in answer.text) == (422, True)
    assert "New price in EUR, Germany" in answer.text, "what was typed is shown all the same"


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"effective_date": "2099-02-01", "effective_time": "noon"}, "Give the date as a day"),
        ({"effective_date": "2099-02-01", "zone": "Mars/Base"}, "is not a time zone"),
        ({"monitoring_hours": "some"}, "whole days and hours"),
        ({"take_out": ENTRY.format("DE", "EUR")}, "Two edits of the same entry"),
        ({"entry": ["cost/OTHER/EUR"], "unit_price": ["1"]}, "has no price"),
    ],
)
def test_what_makes_no_sense_is_said_and_kept(mara: httpx.Client, typed: dict[str, Any], says: str) -> None:
    answer = post(mara, "/changes/new", {**TYPED, **typed})
    assert (answer.status_code, says in answer.text) == (422, True), answer.text[:3000]
    assert "Follow the cost of airtime." in answer.text


def test_every_price_becomes_dearer_by_percent_and_can_still_be_corrected(mara: httpx.Client) -> None:
    typed = {**TYPED, "entry": [TYPED["entry"][1]], "unit_price": ["2.22"], "percent": "12.5"}
    filled = post(mara, "/changes/edit", typed)
    assert filled.status_code == 200
    amounts = _amounts(filled.text)
    assert amounts["cost/DATA-SIM/EUR"] == "2.22", "a cost stays as it was typed"
    before = {key: value for key, value in _placeholders(filled.text).items() if key.startswith("price/")}
    assert len(before) > 2
    for key, now in before.items():
        assert amounts[key] == str((Decimal(now) * Decimal("1.125")).quantize(Decimal("0.01"), ROUND_HALF_UP)), key
    for wrong in ("much", "-100", "1e9", "NaN"):
        refused = post(mara, "/changes/edit", {**typed, "percent": wrong})
        assert refused.status_code == 422 and "percent" in refused.text
        assert _amounts(refused.text)["cost/DATA-SIM/EUR"] == "2.22"


def test_the_prices_of_all_offerings_are_one_form(mara: httpx.Client) -> None:
    assert 'href="/changes/new?all=true"' in mara.get("/changes/new").text
    form = mara.get("/changes/new?all=true").text
    shown = _placeholders(form)
    assert {"price/FIBRE-500/monthly/DE/direct/EUR", "price/DATA-SIM/monthly/DE/partner/EUR"} < set(shown)
    assert form.count(' name="') > 1_000, "more fields than the framework takes by itself"

    sent = {
        name: re.findall(rf' name="{name}" value="([^"]*)"', form)
        for name in ("offering", "entry", "unit_price", "new_offering")
    }
    blank = {
        f"new_{name}": [""] * len(sent["offering"])
        for name in ("selling_model", "market", "channel", "currency", "price")
    }
    filled = _amounts(post(mara, "/changes/edit", {**TYPED, **sent, **blank, "percent": "5"}).text)
    assert filled.keys() == shown.keys()
    assert all(bool(amount) == key.startswith("price/") for key, amount in filled.items())


def _amounts(html: str) -> dict[str, str]:
    return {key: value for key, value, _ in re.findall(ROW, html)}


def _placeholders(html: str) -> dict[str, str]:
    return {key: now for key, _, now in re.findall(ROW, html)}


ROW = r'name="entry" value="([^"]+)"><input type="text" inputmode="decimal" name="unit_price" value="([^"]*)"(?: placeholder="([^"]*)")?'
