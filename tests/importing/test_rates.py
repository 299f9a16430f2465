"""Rates of usage and reductions in bundles: taken over where they can be, otherwise left with the reason."""

from pathlib import Path

import pytest

from connectors.revenue_cloud import ImportResult, read_revenue_cloud
from connectors.revenue_cloud.rates import NO_BASE
from tests.importing.shop import append, assert_contents_are_valid, assert_rows_add_up

CARDS = "PriceBook.Name,RateCard.$$Name$Type\nList,Base;Base\nList,Tiers;Tier\nOther,Foreign;Base\n"
ENTRY_HEAD = (
    "Product.StockKeepingUnit,RateCard.$$Name$Type,UsageResource.Code,DefaultUnitOfMeasure.Name,"
    "RateUnitOfMeasure.UnitCode,Rate,Status,EffectiveTo\n"
)
TIER_HEAD = (
    "RateCardEntry.$$Product.StockKeepingUnit$RateCard.Name$UsageResource.Code$RateUnitOfMeasure.UnitCode,"
    "LowerBound,UpperBound,AdjustmentType,AdjustmentValue,EffectiveTo\n"
)
BUNDLE_HEAD = (
    "PriceAdjustmentSchedule.Name,Product.StockKeepingUnit,ParentProduct.StockKeepingUnit,RootBundle.StockKeepingUnit,"
    "RootProductSellingModel.$$Name$SellingModelType,ProductSellingModel.$$Name$SellingModelType,CurrencyIsoCode,"
    "AdjustmentType,AdjustmentValue,EffectiveTo\n"
)


def with_rates(shop: Path, entries: str, tiers: str = "") -> Path:
    folder = shop / "shop-rates"
    folder.mkdir()
    (folder / "PriceBookRateCard.csv").write_text(CARDS)
    (folder / "RateCardEntry.csv").write_text(ENTRY_HEAD + entries)
    (folder / "RateAdjustmentByTier.csv").write_text(TIER_HEAD + tiers)
    return shop


def test_a_rate_is_taken_over_with_its_tiers(shop: Path) -> None:
    entries = "R-500,Base;Base,MINUTES,Minutes,EUR,0.0057,Draft,\nR-500,Tiers;Tier,MINUTES,Minutes,EUR,,Active,\n"
    tiers = "R-500;Tiers;MINUTES;EUR,0,1000,Override,0.005,\nR-500;Tiers;MINUTES;EUR,1000,,Override,0.004,\n"
    result = read_revenue_cloud(with_rates(shop, entries, tiers))

    assert result.problems == ()
    rate = result.pricing["rate/R-500/MINUTES/*/*/EUR"]
    assert (rate["unit_price_micros"], rate["unit"]) == (5_700, "Minutes")
    assert [(tier["from_quantity"], tier["unit_price_micros"]) for tier in rate["tiers"]] == [
        (1, 5_000),
        (1_000, 4_000),
    ]
    assert result.report.entries["rate"] == 1
    assert_contents_are_valid(result)
    assert_rows_add_up(result)


def fates(result: ImportResult, file: str) -> tuple[dict[str, int], dict[str, int]]:
    """How many rows of a file were taken into what, and left for which reason."""
    (found,) = (found for found in result.report.files if found.file.endswith(f"/{file}.csv"))
    return {part.into: part.rows for part in found.taken}, {part.reason: part.rows for part in found.left}


def test_a_rate_with_its_own_amount_is_taken_over_with_its_tiers(shop: Path) -> None:
    tiers = (
        "R-500;Base;MINUTES;EUR,100,200,Override,9,\n"
        "R-500;Base;MINUTES;EUR,10,50,Percentage,12.5,\n"
        "R-500;Base;MINUTES;EUR,200,,Amount,1,\n"
    )
    result = read_revenue_cloud(with_rates(shop, "R-500,Base;Base,MINUTES,Minutes,EUR,9.99,Active,\n", tiers))

    assert result.problems == ()
    rate = result.pricing["rate/R-500/MINUTES/*/*/EUR"]
    assert rate["unit_price_micros"] == 9_990_000
    assert [(t["from_quantity"], t["unit_price_micros"], t["off_basis_points"]) for t in rate["tiers"]] == [
        (10, None, 1_250),
        (51, None, 0),
        (100, 9_000_000, None),
        (201, None, 0),
    ]
    taken, left = fates(result, "RateAdjustmentByTier")
    assert taken == {"rate.tiers": 2} and list(left.values()) == [1]
    assert_contents_are_valid(result)
    assert_rows_add_up(result)


@pytest.mark.parametrize(
    ("tier", "line", "column", "reason"),
    [
        ("NO-SUCH;Base;MINUTES;EUR,1,,Override,5,", 3, "RateCardEntry.", "RateCardEntry.csv has no NO-SUCH"),
        ("R-500;Base;MINUTES;EUR,7,,Override,5,", 3, "LowerBound", "overlaps the one in line 2"),
        ("R-500;Base;MINUTES;EUR,10,,Percentage,101,", 3, "AdjustmentValue", "not between 0 and 100"),
    ],
)
def test_a_bad_tier_of_a_rate_refuses_the_import(shop: Path, tier: str, line: int, column: str, reason: str) -> None:
    tiers = f"R-500;Base;MINUTES;EUR,5,9,Override,8,\n{tier}\n"
    result = read_revenue_cloud(with_rates(shop, "R-500,Base;Base,MINUTES,Minutes,EUR,9,Active,\n", tiers))

    (problem,) = result.problems
    assert problem.file == "shop-rates/RateAdjustmentByTier.csv" and problem.line == line
    assert problem.column.startswith(column) and reason in problem.reason
    assert result.pricing == {}
    assert_rows_add_up(result)


def test_tiers_are_taken_over_only_where_they_are_used(shop: Path) -> None:
    entry = "R-500,Tiers;Tier,MINUTES,Minutes,EUR,,Active,\nR-500,Base;Base,MINUTES,Minutes,EUR,5,Archived,\n"
    tiers = "R-500;Tiers;MINUTES;EUR,5,,Override,4,\nR-500;Base;MINUTES;EUR,5,,Override,4,\n"
    result = read_revenue_cloud(with_rates(shop, entry, tiers))

    assert result.problems == ()
    assert fates(result, "RateAdjustmentByTier") == ({}, {NO_BASE: 1, "the rate is inactive": 1})
    assert fates(result, "RateCardEntry") == ({}, {NO_BASE: 1, "the rate is inactive": 1})


@pytest.mark.parametrize(
    ("entry", "tiers", "reason"),
    [
        ("R-500,Base;Base,MINUTES,Minutes,TOKEN,5,Active,", "", "tokens"),
        ("R-500,Foreign;Base,MINUTES,Minutes,EUR,5,Active,", "", "standard price book"),
        ("R-500,Base;Base,MINUTES,Minutes,EUR,5,Archived,", "", "inactive"),
        ("R-500,Base;Base,MINUTES,Minutes,EUR,5,Active,2030-01-01T00:00:00.000+0000", "", "ends on a date"),
        ("R-500,Tiers;Tier,MINUTES,Minutes,EUR,,Active,", "", "percentage"),
        ("R-500,Tiers;Tier,MINUTES,Minutes,EUR,,Active,", "R-500;Tiers;MINUTES;EUR,0,,Percentage,5,\n", "percentage"),
        (
            "R-500,Tiers;Tier,MINUTES,Minutes,EUR,,Active,",
            "R-500;Tiers;MINUTES;EUR,0,10,Override,5,\nR-500;Tiers;MINUTES;EUR,20,,Override,4,\n",
            "gap",
        ),
    ],
)
def test_a_rate_that_cannot_be_taken_over_says_why(shop: Path, entry: str, tiers: str, reason: str) -> None:
    result = read_revenue_cloud(with_rates(shop, f"{entry}\n", tiers))

    assert result.problems == ()
    assert not [key for key in result.pricing if key.startswith("rate/")]
    left = [part.reason for file in result.report.files if "RateCardEntry" in file.file for part in file.left]
    assert len(left) == 1 and reason in left[0]
    assert_rows_add_up(result)


def test_a_reduction_in_a_bundle_is_taken_over(shop: Path) -> None:
    schedules = shop / "shop-pricing" / "PriceAdjustmentSchedule.csv"
    schedules.write_text(schedules.read_text() + ",true,In bundles,List;true,Bundle\n")
    rows = (
        "In bundles,R-500,CABLE,CABLE,,One-Time;OneTime,EUR,Percentage,5,\n"
        "In bundles,R-500,CABLE,CABLE,One-Time;OneTime,One-Time;OneTime,EUR,Percentage,7,\n"
        "In bundles,R-500,R-500,CABLE,,One-Time;OneTime,EUR,Percentage,8,\n"
        "In bundles,R-500,CABLE,CABLE,,One-Time;OneTime,JPY,Amount,9,\n"
    )
    (shop / "shop-pricing" / "BundleBasedAdjustment.csv").write_text(BUNDLE_HEAD + rows)
    result = read_revenue_cloud(shop)

    assert result.problems == ()
    found = {key: entry["off_basis_points"] for key, entry in result.pricing.items() if entry["type"] == "bundle"}
    assert found == {"bundle/CABLE/R-500/One-Time/EUR": 500}
    assert_rows_add_up(result)


@pytest.mark.parametrize(
    ("schedule", "named", "problem"),
    [
        (",maybe,In bundles,List;true,Bundle", "In bundles", ("PriceAdjustmentSchedule", 5, "IsActive")),
        (",true,In bundles,List;true,Bundle", "In boxes", ("BundleBasedAdjustment", 2, "PriceAdjustmentSchedule.Name")),
    ],
)
def test_a_bad_schedule_of_bundles_is_named(
    shop: Path, schedule: str, named: str, problem: tuple[str, int, str]
) -> None:
    append(shop, "shop-pricing/PriceAdjustmentSchedule.csv", schedule)
    row = f"{named},R-500,CABLE,CABLE,,One-Time;OneTime,EUR,Percentage,5,\n"
    (shop / "shop-pricing" / "BundleBasedAdjustment.csv").write_text(BUNDLE_HEAD + row)
    result = read_revenue_cloud(shop)

    file, line, column = problem
    assert [(p.file, p.line, p.column) for p in result.problems] == [(f"shop-pricing/{file}.csv", line, column)]
    assert result.pricing == {}
    assert_rows_add_up(result)


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        (",false,In bundles,List;true,Bundle", "inactive"),
        ("2030-01-01T00:00:00.000+0000,true,In bundles,List;true,Bundle", "ends on a date"),
        (",true,In bundles,List;true,Volume", "not one of products within bundles"),
    ],
)
def test_a_reduction_whose_schedule_does_not_hold_is_left_with_its_reason(
    shop: Path, schedule: str, reason: str
) -> None:
    append(shop, "shop-pricing/PriceAdjustmentSchedule.csv", schedule)
    row = "In bundles,R-500,CABLE,CABLE,,One-Time;OneTime,EUR,Percentage,5,\n"
    (shop / "shop-pricing" / "BundleBasedAdjustment.csv").write_text(BUNDLE_HEAD + row)
    result = read_revenue_cloud(shop)

    taken, left = fates(result, "BundleBasedAdjustment")
    assert result.problems == () and taken == {}
    assert len(left) == 1 and reason in next(iter(left))


def test_a_bad_rate_refuses_the_import(shop: Path) -> None:
    result = read_revenue_cloud(with_rates(shop, "R-500,Base;Base,MINUTES,Minutes,EUR,-5,Active,\n"))

    assert [(problem.line, problem.column) for problem in result.problems] == [(2, "Rate")]
    assert result.pricing == {}
