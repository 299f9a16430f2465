"""What a right export becomes, and the account of what is left out."""

import shutil
from pathlib import Path

import pytest

from connectors.revenue_cloud import ImportReport, read_revenue_cloud, render_report
from tests.importing.shop import SHOP, append, assert_contents_are_valid, assert_rows_add_up, replace_on_line

PRICE = "price/{}/{}/*/*/{}"


def test_counts_and_validity() -> None:
    result = read_revenue_cloud(SHOP)
    assert result.problems == ()
    assert result.report.accepted
    assert result.report.entries == {
        "offering": 7,
        "category": 2,
        "attribute": 4,
        "group": 4,
        "component": 5,
        "price": 6,
        "cost": 2,
    }
    assert_contents_are_valid(result)
    assert_rows_add_up(result)


def test_an_offering_with_all_that_it_has() -> None:
    assert read_revenue_cloud(SHOP).catalog["offering/R-500"] == {
        "type": "offering",
        "id": "R-500",
        "name": "Router 500",
        "description": 'A router\nwith two lines of "text"',
        "family": "Hardware",
        "lifecycle": "active",
        "regulated": False,
        "sellable": True,
        "specification": "ROUTER",
        "unit": "each",
        "selling_models": ["One-Time", "Term Monthly"],
        "categories": ["ROUTERS", "NET"],
        "attributes": ["COLOUR", "RACK", "PORTS", "NOTE"],
    }


@pytest.mark.parametrize(
    ("sku", "sellable"),
    [
        pytest.param("R-500", True, id="active and priced"),
        pytest.param("CABLE", False, id="priced, but only sold with other products"),
        pytest.param("OFFICE", False, id="its only price is inactive"),
        pytest.param("SUPPORT", False, id="its only price is derived"),
        pytest.param("CARE", False, id="its only price is under an inactive selling model"),
    ],
)
def test_sellable_takes_a_price(sku: str, sellable: bool) -> None:
    assert read_revenue_cloud(SHOP).catalog[f"offering/{sku}"]["sellable"] is sellable


def test_units_specifications_and_old_one_time_prices() -> None:
    catalog = read_revenue_cloud(SHOP).catalog
    assert catalog["offering/INSTALL"]["unit"] == "hour"
    assert catalog["offering/INSTALL"]["selling_models"] == ["One Time"]
    assert catalog["offering/CARE"]["specification"] == ""
    assert catalog["offering/CABLE"]["attributes"] == ["COLOUR"]
    assert "offering/R-100" not in catalog


def test_attributes_have_active_picklist_values_in_order() -> None:
    catalog = read_revenue_cloud(SHOP).catalog
    colour, ports = catalog["attribute/COLOUR"], catalog["attribute/PORTS"]
    assert (colour["values"], colour["default"], colour["data_type"]) == (["white", "black"], "white", "text")
    assert (ports["values"], ports["default"], ports["data_type"]) == (["4", "8"], "8", "number")
    assert catalog["attribute/RACK"]["data_type"] == "boolean"
    assert "attribute/OLD" not in catalog


def test_a_default_that_is_left_out_goes_with_its_reason(shop: Path) -> None:
    replace_on_line(shop, "shop-pcm/AttributePicklistValue.csv", 6, "Active", "Inactive")
    result = read_revenue_cloud(shop)
    assert (result.problems, result.catalog["attribute/PORTS"]["default"]) == ((), "")
    attributes = next(file for file in result.report.files if file.file.endswith("/AttributeDefinition.csv"))
    assert ("DefaultValue", 1, "the value is left out") in {(c.column, c.filled, c.reason) for c in attributes.columns}


def test_bundles_keep_their_cardinality() -> None:
    catalog = read_revenue_cloud(SHOP).catalog
    group = catalog["group/SET/SET-HW"]
    assert (group["minimum"], group["maximum"]) == (1, 2)
    router = catalog["component/SET/SET-HW/R-500"]
    assert (router["required"], router["default"], router["minimum"], router["maximum"]) == (True, True, 1, 2)
    cable = catalog["component/SET/SET-HW/CABLE"]
    assert (cable["required"], cable["quantity"], cable["minimum"], cable["maximum"]) == (False, 2, 0, 8)
    assert catalog["component/SET/SET-SRV/INSTALL"]["quantity"] == 1
    assert "component/SET/SET-HW/R-100" not in catalog


def test_a_component_without_group_gets_one_and_a_group_of_groups_goes() -> None:
    catalog = read_revenue_cloud(SHOP).catalog
    assert catalog["component/OFFICE/ungrouped/CABLE"]["group"] == "ungrouped"
    assert catalog["group/OFFICE/ungrouped"]["maximum"] is None
    assert "group/OFFICE/OFFICE-ALL" not in catalog


def test_prices_and_costs_in_millionths() -> None:
    pricing = read_revenue_cloud(SHOP).pricing
    assert pricing[PRICE.format("R-500", "Term Monthly", "EUR")]["unit_price_micros"] == 9_123_456
    assert pricing[PRICE.format("R-500", "One-Time", "JPY")]["unit_price_micros"] == 32_000_000_000
    assert pricing[PRICE.format("INSTALL", "One Time", "EUR")]["unit_price_micros"] == 80_000_000
    assert pricing["cost/R-500/EUR"]["unit_cost_micros"] == 99_990_000
    assert not any("AUD" in key or "R-100" in key for key in pricing)


def test_the_list_price_comes_back_in_a_gap_and_after_the_last_tier() -> None:
    pricing = read_revenue_cloud(SHOP).pricing
    tiers = pricing[PRICE.format("R-500", "One-Time", "EUR")]["tiers"]
    assert [(t["from_quantity"], t["off_basis_points"], t["unit_price_micros"]) for t in tiers] == [
        (5, 1000, None),
        (10, 1250, None),
        (50, None, 149_500_000),
        (100, 0, None),
    ]


def test_a_gap_between_tiers(shop: Path) -> None:
    replace_on_line(shop, "shop-pricing/PriceAdjustmentTier.csv", 2, "10,9", "10,7")
    tiers = read_revenue_cloud(shop).pricing[PRICE.format("R-500", "One-Time", "EUR")]["tiers"]
    assert [(t["from_quantity"], t["off_basis_points"]) for t in tiers[:3]] == [(5, 1000), (8, 0), (10, 1250)]


def test_an_upper_bound_that_is_the_next_lower_bound(shop: Path) -> None:
    replace_on_line(shop, "shop-pricing/PriceAdjustmentTier.csv", 2, "10,9", "10,10")
    result = read_revenue_cloud(shop)
    assert result.problems == ()
    tiers = result.pricing[PRICE.format("R-500", "One-Time", "EUR")]["tiers"]
    assert [t["from_quantity"] for t in tiers] == [5, 10, 50, 100]


def test_an_ended_tier_makes_room_for_the_next() -> None:
    pricing = read_revenue_cloud(SHOP).pricing
    tiers = pricing[PRICE.format("R-500", "One-Time", "JPY")]["tiers"]
    assert [(t["from_quantity"], t["off_basis_points"]) for t in tiers] == [(5, 2000)]


def test_selling_models_of_one_name_are_told_apart(shop: Path) -> None:
    append(shop, "shop-pcm/ProductSellingModel.csv", "One-Time;Evergreen,One-Time,,Evergreen,Active")
    result = read_revenue_cloud(shop)
    assert result.problems == ()
    assert result.catalog["offering/R-500"]["selling_models"] == ["One-Time (OneTime)", "Term Monthly"]
    assert PRICE.format("R-500", "One-Time %28OneTime%29", "EUR") in result.pricing


@pytest.mark.parametrize(
    ("file", "line", "reason"),
    [
        ("shop-pcm/Product2.csv", 9, "the product is inactive"),
        ("shop-pcm/ProductCategoryProduct.csv", 4, "the product is inactive"),
        ("shop-pcm/ProductRelatedComponent.csv", 3, "the product is inactive"),
        ("shop-pcm/ProductRelatedComponent.csv", 8, "any product of a classification"),
        ("shop-pcm/ProductRelatedComponent.csv", 9, "not one of a bundle"),
        ("shop-pcm/ProductComponentGroup.csv", 4, "only holds other groups"),
        ("shop-pcm/AttributePicklistValue.csv", 4, "Draft"),
        ("shop-pcm/ProductClassificationAttr.csv", 6, "the attribute is inactive"),
        ("shop-pricing/CurrencyType.csv", 4, "the currency is inactive"),
        ("shop-pricing/PricebookEntry.csv", 5, "repeats an earlier row"),
        ("shop-pricing/PricebookEntry.csv", 7, "the price is inactive"),
        ("shop-pricing/PricebookEntry.csv", 8, "derived"),
        ("shop-pricing/PricebookEntry.csv", 11, "the product is inactive"),
        ("shop-pricing/PricebookEntry.csv", 12, "the currency is inactive"),
        ("shop-pricing/PricebookEntry.csv", 13, "not the standard"),
        ("shop-pricing/PricebookEntry.csv", 14, "selling model is Inactive"),
        ("shop-pricing/PriceAdjustmentTier.csv", 5, "amount off"),
        ("shop-pricing/PriceAdjustmentTier.csv", 6, "ends on a date"),
        ("shop-pricing/PriceAdjustmentTier.csv", 8, "schedule of price adjustments is inactive"),
        ("shop-pricing/CostBookEntry.csv", 4, "another cost book"),
    ],
)
def test_rows_are_left_out_with_their_reason(file: str, line: int, reason: str) -> None:
    report = next(report for report in read_revenue_cloud(SHOP).report.files if report.file == file)
    assert any(reason in part.reason and line in part.lines for part in report.left), report.left


def test_files_folders_and_columns_are_left_out_with_their_reason() -> None:
    report = read_revenue_cloud(SHOP).report
    left = {file.file: (file.rows, file.left_because) for file in report.files if file.left_because}
    assert left.keys() == {"shop-pcm/ProductCatalog.csv", "shop-pricing/AttributeBasedAdjustment.csv"}
    assert left["shop-pricing/AttributeBasedAdjustment.csv"][0] == 1
    assert [(folder.folder, folder.files) for folder in report.folders] == [("shop-billing", 1)]
    components = next(file for file in report.files if file.file.endswith("ProductRelatedComponent.csv"))
    assert [(column.column, column.filled) for column in components.columns] == [("DoesBundlePriceIncludeChild", 3)]


def test_the_same_files_give_the_same_digest_wherever_they_lie(shop: Path) -> None:
    assert read_revenue_cloud(shop) == read_revenue_cloud(SHOP)
    assert read_revenue_cloud(shop).digest == read_revenue_cloud(SHOP).digest


def test_every_source_byte_counts_for_the_digest(shop: Path) -> None:
    before = read_revenue_cloud(SHOP)
    replace_on_line(shop, "shop-pcm/AttributeDefinition.csv", 2, "Colour,Colour,", "Shade,Colour,")
    after = read_revenue_cloud(shop)
    assert after.catalog == before.catalog
    assert after.digest != before.digest


def test_the_order_of_rows_does_not_change_prices(shop: Path) -> None:
    path = shop / "shop-pricing/PricebookEntry.csv"
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([header, *reversed(rows)]) + "\n", encoding="utf-8")
    assert read_revenue_cloud(shop).pricing == read_revenue_cloud(SHOP).pricing


def test_the_report_can_be_kept_and_read_back() -> None:
    report = read_revenue_cloud(SHOP).report
    assert ImportReport.model_validate(report.model_dump(mode="json")) == report


def test_the_report_in_plain_text(shop: Path) -> None:
    text = render_report(read_revenue_cloud(SHOP).report)
    assert text.startswith("Can be imported: 30 entries from 96 rows (7 offering, 2 category,")
    assert "every price holds for every market and channel (*)" in text
    assert "shop-pricing/PricebookEntry.csv: 13 rows: 6 into price" in text
    assert "shop-billing (1 files): billing treatment" in text
    replace_on_line(shop, "shop-pricing/PricebookEntry.csv", 2, "199.90", "-1")
    text = render_report(read_revenue_cloud(shop).report)
    assert text.startswith("Refused: 1 problems in 96 rows. Nothing is imported.")
    assert "shop-pricing/PricebookEntry.csv, line 2, UnitPrice '-1': the amount is negative" in text


def test_the_prefix_of_the_folders_is_free(tmp_path: Path) -> None:
    for room in ("pcm", "pricing"):
        shutil.copytree(SHOP / f"shop-{room}", tmp_path / f"q3-{room}")
    assert read_revenue_cloud(tmp_path).catalog == read_revenue_cloud(SHOP).catalog
