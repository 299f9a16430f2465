"""A published demonstration catalog (Apache-2.0) of 314 products and 1,862 prices imports without a problem.

It is not part of this repository: it is looked for in a folder `shared` beside the checkout, or in MANDATE_TEST_SHARED.
"""

import os
from pathlib import Path

import pytest

from connectors.revenue_cloud import ImportResult, read_revenue_cloud, render_report
from tests.importing.shop import assert_contents_are_valid, assert_rows_add_up

BESIDE = Path(__file__).resolve().parents[2] / ".." / "shared"
CATALOG = Path(os.environ.get("MANDATE_TEST_SHARED", BESIDE)) / "data" / "revenue-cloud-qb"


@pytest.fixture(scope="module")
def result() -> ImportResult:
    if not CATALOG.is_dir():
        pytest.skip(f"THE REAL CATALOG IS NOT TESTED: there is no {CATALOG}; set MANDATE_TEST_SHARED to its folder")
    return read_revenue_cloud(CATALOG)


def test_it_imports_without_a_problem(result: ImportResult) -> None:
    assert result.problems == ()
    assert result.report.entries == {
        "offering": 314,
        "category": 18,
        "attribute": 39,
        "group": 106,
        "component": 234,
        "price": 1855,
        "cost": 616,
        "bundle": 7,
        "rate": 42,
    }
    assert_contents_are_valid(result)
    assert_rows_add_up(result)


def test_a_second_reading_gives_the_same(result: ImportResult) -> None:
    again = read_revenue_cloud(CATALOG)
    assert again.digest == result.digest
    assert again == result


def test_what_can_be_sold(result: ImportResult) -> None:
    offerings = [entry for entry in result.catalog.values() if entry["type"] == "offering"]
    priced = {entry["offering"] for entry in result.pricing.values() if entry["type"] == "price"}
    assert sum(entry["sellable"] for entry in offerings) == len(priced) == 244
    assert result.catalog["offering/QB-SUPP-2000"]["sellable"] is False


def test_known_entries(result: ImportResult) -> None:
    api = result.catalog["offering/QB-API"]
    assert (api["name"], api["specification"], api["attributes"]) == ("Additional API", "PC-QB-API", ["ATTR-QB-API"])
    assert api["selling_models"] == ["Evergreen Monthly", "Term Annual", "Term Monthly"]
    assert result.catalog["attribute/ATTR-QB-API"]["values"] == ["Flex", "Gov", "Pre-Prod", "Prod"]
    assert result.catalog["category/PC-QB-HW-MEMORY"]["name"] == "Memory"
    heatsink = result.catalog["component/QB-QRack-750/Cooling/QB-CPU-HEATSINK"]
    assert (heatsink["minimum"], heatsink["maximum"]) == (1, 2)
    group = result.catalog["group/QB-BDL-R750/PCG-QB-SRV-CPU"]
    assert (group["minimum"], group["maximum"]) == (1, 1)
    assert result.pricing["price/QB-API/Evergreen Monthly/*/*/GBP"]["unit_price_micros"] == 1_495_500_000
    assert result.pricing["cost/QB-API/USD"]["unit_cost_micros"] == 224_190_000
    assert result.pricing["bundle/QB-COMPLETE/QB-API/Term Annual/USD"]["off_basis_points"] == 500
    minutes = result.pricing["rate/QB-DB/UR-CPUTIME/*/*/AUD"]
    assert [tier["unit_price_micros"] for tier in minutes["tiers"]] == [5_700, 6_400, 7_200, 8_600]
    assert result.pricing["rate/QB-DB/UR-DATAXFR/*/*/CHF"]["unit_price_micros"] == 81_400


def test_what_is_left_is_said(result: ImportResult) -> None:
    left = {(file.file, part.reason): part.rows for file in result.report.files for part in file.left}
    assert left["qb-pricing/PricebookEntry.csv", "a derived price (computed from other prices) is not supported"] == 7
    assert left["qb-pricing/PriceAdjustmentTier.csv", "the schedule of price adjustments is inactive"] == 21
    assert left["qb-rates/RateCardEntry.csv", "the rate is in tokens or another unit that is no currency"] == 14
    # Tiers of which a first one is missing are left, with the entry of the rate card that they do not make up.
    reason = "the rate card names no rate that a percentage could come off"
    assert left["qb-rates/RateAdjustmentByTier.csv", reason] == 84
    assert sum(left.values()) == 223
    whole = {file.file: file.rows for file in result.report.files if file.left_because}
    assert whole["qb-pricing/AttributeBasedAdjustment.csv"] == 28
    assert "not part of the layout" not in render_report(result.report)
    assert {folder.folder for folder in result.report.folders} >= {"qb-rating", "qb-billing", "qb-tax"}
    assert all("neither catalog nor pricing" not in folder.reason for folder in result.report.folders)
