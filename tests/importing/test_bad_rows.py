"""Every kind of bad row is named by file, physical line, column, value and reason, and nothing is imported."""

from pathlib import Path

import pytest

from connectors.revenue_cloud import read_revenue_cloud
from tests.importing.shop import FIXTURES, append, assert_rows_add_up, replace_on_line

PRODUCT = "shop-pcm/Product2.csv"
GROUP = "shop-pcm/ProductComponentGroup.csv"
COMPONENT = "shop-pcm/ProductRelatedComponent.csv"
PRICE = "shop-pricing/PricebookEntry.csv"
TIER = "shop-pricing/PriceAdjustmentTier.csv"
COST = "shop-pricing/CostBookEntry.csv"
BOOK = "shop-pricing/Pricebook2.csv"
MODEL = "ProductSellingModel.$$Name$SellingModelType"
PARENT_CLASS = "ParentProductClassification.Code"
CURRENCY = "shop-pricing/CurrencyType.csv"

# file, line, text on that line, what it becomes, column that is named, part of the reason
SPOILT = [
    (PRODUCT, 4, ",Cable,", ",,", "Name", "is empty"),
    (PRODUCT, 4, ",Cable,", f",{'x' * 121},", "Name", "121 characters, at most 120"),
    (PRODUCT, 4, ",Cable,", ",Cab\x07le,", "Name", "cannot be seen"),
    (PRODUCT, 4, "true,true", "yes,true", "IsActive", "true or false"),
    (PRODUCT, 4, "EACH", "BOX", "UnitOfMeasure.UnitCode", "UnitOfMeasure.csv has no BOX"),
    (PRODUCT, 4, "HARDWARE", "SOFT", "BasedOn.Code", "ProductClassification.csv has no SOFT"),
    (PRODUCT, 4, "Cable — 2 m", "Cable, 2 m", "", "11 cells, the header has 10"),
    (PRODUCT, 4, "Cable — 2 m", "x" * 2001, "Description", "2,001 characters"),
    (PRODUCT, 8, ",OFFICE,,OFFICE,", ",OFFICE,,SET,", "StockKeepingUnit", "the same key as line 7"),
    ("shop-pcm/ProductClassification.csv", 2, "Hardware,", "Hardware,ROUTER", PARENT_CLASS, "own ancestor"),
    ("shop-pcm/ProductCategory.csv", 2, "Network,", "Network,ROUTERS", "ParentCategory.Code", "its own ancestor"),
    ("shop-pcm/ProductCategory.csv", 3, "Routers,NET", "Routers,WAN", "ParentCategory.Code", "has no WAN"),
    ("shop-pcm/ProductCategoryProduct.csv", 2, "true,R-500", "true,R-501", "Product.StockKeepingUnit", "no R-501"),
    ("shop-pcm/AttributeDefinition.csv", 2, "Picklist", "Choice", "DataType", "must be one of"),
    ("shop-pcm/AttributeDefinition.csv", 3, ",8,", ",16,", "DefaultValue", "not a value of the picklist"),
    ("shop-pcm/AttributeDefinition.csv", 3, "Sizes", "Lengths", "Picklist.Name", "has no Lengths"),
    ("shop-pcm/AttributePicklistValue.csv", 2, "Active", "Actve", "Status", "must be one of"),
    ("shop-pcm/AttributePicklistValue.csv", 2, ",2,", ",second,", "Sequence", "not a plain decimal"),
    ("shop-pcm/AttributePicklistValue.csv", 2, "Colours", "Shades", "Picklist.Name", "has no Shades"),
    ("shop-pcm/ProductClassificationAttr.csv", 2, "COLOUR", "SHADE", "AttributeDefinition.Code", "has no SHADE"),
    ("shop-pcm/ProductAttributeDefinition.csv", 2, "R-500", "R-501", "Product2.StockKeepingUnit", "has no R-501"),
    ("shop-pcm/ProductSellingModel.csv", 2, ",OneTime,", ",Once,", "SellingModelType", "must be one of"),
    (GROUP, 2, "2,1,", "1,2,", "MaxBundleComponents", "below the minimum"),
    (GROUP, 2, "2,1,", "4,3,", "MinBundleComponents", "asks for 3 of 2"),
    (GROUP, 2, "2,1,", "2,1.5,", "MinBundleComponents", "a quantity is whole"),
    (GROUP, 2, "2,1,", "2,-1,", "MinBundleComponents", "negative"),
    (GROUP, 3, ",SET,", ",SAT,", "ParentProduct.StockKeepingUnit", "has no SAT"),
    (GROUP, 5, "OFFICE-ALL", "OFFICE-ANY", "ParentGroup.Code", "has no OFFICE-ANY"),
    (COMPONENT, 4, "CABLE", "ROPE", "ChildProduct.StockKeepingUnit", "Product2.csv has no ROPE"),
    (COMPONENT, 4, "SET-HW", "SET-XY", "ProductComponentGroup.Code", "has no SET-XY"),
    (COMPONENT, 4, "SET-HW", "OFFICE-SETS", "ProductComponentGroup.Code", "belongs to OFFICE"),
    (COMPONENT, 4, "In bundle", "In box", "ProductRelationshipType.Name", "has no In box"),
    (COMPONENT, 4, "2.0", "9", "Quantity", "outside"),
    (COMPONENT, 4, "2.0", "99999999999", "Quantity", "beyond"),
    (COMPONENT, 2, "2,1,", "1,2,", "MaxQuantity", "below the minimum"),
    (COMPONENT, 4, "CABLE,", "OFFICE,", "ChildProduct.StockKeepingUnit", "contains itself"),
    (PRICE, 2, "199.90", "", "UnitPrice", "is empty"),
    (PRICE, 2, "199.90", "about 200", "UnitPrice", "not a plain decimal"),
    (PRICE, 2, "199.90", "1e3", "UnitPrice", "not a plain decimal"),
    (PRICE, 2, "199.90", "NaN", "UnitPrice", "not a plain decimal"),
    (PRICE, 2, "199.90", "9e999999999", "UnitPrice", "not a plain decimal"),
    (PRICE, 2, "199.90", "9" * 5000, "UnitPrice", "not a plain decimal"),
    (PRICE, 2, "199.90", "٣", "UnitPrice", "not a plain decimal"),
    (PRICE, 2, "199.90", "999999999999", "UnitPrice", "beyond the range"),
    (PRICE, 2, "199.90", "-0.01", "UnitPrice", "negative"),
    (PRICE, 2, "199.90", "0.1234567", "UnitPrice", "more than six decimals"),
    (PRICE, 2, "EUR", "XQX", "CurrencyIsoCode", "has no XQX"),
    (PRICE, 2, "EUR", "GBP", "CurrencyIsoCode", "CurrencyType.csv has no GBP"),
    (PRICE, 2, "R-500", "R-501", "Product2.StockKeepingUnit", "Product2.csv has no R-501"),
    (PRICE, 2, "One-Time;OneTime", "Daily;Evergreen", MODEL, "has no Daily"),
    (PRICE, 6, "SET,Term Monthly;TermDefined", "SET,One-Time;OneTime", MODEL, "Option.csv has no SET"),
    (PRICE, 2, "List;true", "Lost;true", "Pricebook2.$$Name$IsStandard", "has no Lost;true"),
    (PRICE, 5, "9.123456", "9.2", "CurrencyIsoCode", "the same key as line 4"),
    (TIER, 2, "10,9", "100.01,9", "TierValue", "not between 0 and 100"),
    (TIER, 2, "10,9", "-10,9", "TierValue", "not between 0 and 100"),
    (TIER, 2, "10,9", "10.125,9", "TierValue", "more than two decimals"),
    (TIER, 2, "10,9", "10,4", "UpperBound", "below the lower bound"),
    (TIER, 3, ",10,Volume", ",,Volume", "LowerBound", "is empty"),
    (TIER, 3, ",10,Volume", ",8,Volume", "LowerBound", "overlaps the one in line 2"),
    (TIER, 3, "Percentage", "Gift", "AdjustmentType", "must be one of"),
    (TIER, 3, "Volume", "Bulk", "PriceAdjustmentSchedule.Name", "has no Bulk"),
    (TIER, 3, "One-Time;OneTime", "Term Monthly;OneTime", "Product2.StockKeepingUnit", "PricebookEntry.csv has no"),
    (TIER, 6, "2024-12-31T00:00:00.000+0000", "last year", "EffectiveTo", "not a date"),
    (COST, 2, "99.99", "-99.99", "Cost", "negative"),
    (COST, 2, "Costs", "Other costs", "CostBook.Name", "CostBook.csv has no Other costs"),
    (COST, 3, "CABLE", "R-500", "CurrencyIsoCode", "the same key as line 2"),
    (COST, 3, "2025-01-01T00:00:00.000+0000,,CABLE", "2025-02-01T00:00:00.000+0000,,R-500", "", "already makes"),
    (CURRENCY, 2, "1,2,true", "1,3,true", "DecimalPlaces", "ISO 4217"),
    (CURRENCY, 3, "JPY", "JJJ", "IsoCode", "not an ISO 4217 currency"),
    (BOOK, 3, "true,false,Partners", "true,true,Partners", "IsStandard", "another standard"),
    (BOOK, 2, "Costs", "Costing", "CostBook.Name", "has no Costing"),
    ("shop-pricing/PriceAdjustmentSchedule.csv", 2, ",true,Volume", ",maybe,Volume", "IsActive", "true or false"),
]  # fmt: skip


NAMES = [f"{file}: {column}: {reason}" for file, _, _, _, column, reason in SPOILT]


@pytest.mark.parametrize(("file", "line", "old", "new", "column", "reason"), SPOILT, ids=NAMES)
def test_a_bad_row_is_named(shop: Path, file: str, line: int, old: str, new: str, column: str, reason: str) -> None:
    replace_on_line(shop, file, line, old, new)
    result = read_revenue_cloud(shop)
    named = [p for p in result.problems if (p.file, p.line, p.column) == (file, line, column) and reason in p.reason]
    assert len(named) == 1, result.problems
    assert result.catalog == {}
    assert result.pricing == {}
    assert sum(result.report.entries.values()) == 0
    assert_rows_add_up(result)


def test_lines_are_counted_behind_a_text_of_several_lines(shop: Path) -> None:
    append(shop, PRODUCT, ',"one\ntwo\nthree",,true,false,Modem,M,,MODEM,', ",,,perhaps,false,Switch,S,,SWITCH,")
    (problem,) = read_revenue_cloud(shop).problems
    assert (problem.line, problem.column, problem.value) == (14, "IsActive", "perhaps")


def test_a_row_of_several_lines_is_named_by_its_first(shop: Path) -> None:
    append(shop, PRODUCT, ',"one\ntwo\nthree",,perhaps,false,Modem,M,,MODEM,')
    (problem,) = read_revenue_cloud(shop).problems
    assert problem.line == 11


def test_a_long_value_is_shortened(shop: Path) -> None:
    replace_on_line(shop, PRICE, 2, "199.90", "9" * 5000)
    (problem,) = read_revenue_cloud(shop).problems
    assert problem.value == "9" * 57 + "..."


def test_rows_that_refer_to_a_bad_row_are_not_bad_themselves(shop: Path) -> None:
    replace_on_line(shop, PRODUCT, 2, "A router", "A \x01 router")
    result = read_revenue_cloud(shop)
    assert [(p.file, p.line, p.column) for p in result.problems] == [(PRODUCT, 2, "Description")]
    prices = next(file for file in result.report.files if file.file == PRICE)
    assert any("bad row" in part.reason for part in prices.left)


def test_a_bundle_loop_over_two_bundles_names_both_rows(shop: Path) -> None:
    append(shop, COMPONENT, "OFFICE,,false,false,false,,,SET,SET-SRV,In bundle,1")
    problems = read_revenue_cloud(shop).problems
    assert [(p.line, p.value) for p in problems] == [(6, "SET"), (10, "OFFICE")]


def test_an_inactive_component_that_its_group_needs(shop: Path) -> None:
    replace_on_line(shop, GROUP, 2, "2,1,", "2,2,")
    replace_on_line(shop, PRODUCT, 4, "true,true", "false,true")
    (problem,) = read_revenue_cloud(shop).problems
    assert (problem.file, problem.line, problem.column) == (GROUP, 2, "MinBundleComponents")
    assert "Left out of it: line 3 (the product is inactive), line 4 (the product is inactive)" in problem.reason


def test_all_bad_rows_of_an_export_are_named_at_once(shop: Path) -> None:
    for path in sorted((FIXTURES / "faulty").rglob("*.csv")):
        (shop / path.relative_to(FIXTURES / "faulty")).write_bytes(path.read_bytes())
    result = read_revenue_cloud(shop)
    assert [(p.file, p.line, p.column, p.value) for p in result.problems] == [
        (COMPONENT, 3, "ChildProduct.StockKeepingUnit", "R-900"),
        (COMPONENT, 4, "", "CABLE,,true,false,true,8,,SET,SET-HW,In bundle"),
        (COMPONENT, 5, "Quantity", "two"),
        (PRICE, 3, "UnitPrice", "32,000"),
        (PRICE, 4, "UnitPrice", "-9.123456"),
        (PRICE, 5, "CurrencyIsoCode", "EURO"),
        (PRICE, 7, "IsActive", "maybe"),
        (PRICE, 9, "Product2.StockKeepingUnit", "CABLES"),
        (PRICE, 10, "CurrencyIsoCode", "EUR"),
    ]
    assert "line 8" in result.problems[-1].reason
    assert (result.catalog, result.pricing) == ({}, {})
    assert_rows_add_up(result)


def test_a_bad_component_is_not_also_a_group_without_enough(shop: Path) -> None:
    replace_on_line(shop, GROUP, 2, "2,1,", "2,2,")
    replace_on_line(shop, COMPONENT, 4, "2.0", "many")
    assert [(p.file, p.line) for p in read_revenue_cloud(shop).problems] == [(COMPONENT, 4)]


def test_a_second_schedule_for_the_same_price_overlaps(shop: Path) -> None:
    replace_on_line(shop, "shop-pricing/PriceAdjustmentSchedule.csv", 3, "false", "true")
    (problem,) = read_revenue_cloud(shop).problems
    assert (problem.file, problem.line, problem.column, problem.value) == (TIER, 8, "LowerBound", "5")
