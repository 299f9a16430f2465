"""Reductions of products within bundles, from schedules of bundle-based adjustments."""

from collections.abc import Mapping

from connectors.revenue_cloud.books import Books
from connectors.revenue_cloud.cells import basis_points, no_end, one_of, yes
from connectors.revenue_cloud.layout import BOOK, MODEL
from connectors.revenue_cloud.ledger import Ledger, LeftOut, Register, collect
from connectors.revenue_cloud.products import Products
from connectors.revenue_cloud.table import Row, Table
from connectors.revenue_cloud.tiers import ADJUSTMENTS, SCHEDULE
from domain.kinds.pricing import BundlePrice

PRODUCT, BUNDLE, PARENT = "Product.StockKeepingUnit", "RootBundle.StockKeepingUnit", "ParentProduct.StockKeepingUnit"
SOLD_AS = "RootProductSellingModel.$$Name$SellingModelType"
KEY = (SCHEDULE, PRODUCT, PARENT, BUNDLE, SOLD_AS, MODEL, "CurrencyIsoCode")


def read_adjustments(
    tables: Mapping[str, Table], products: Products, books: Books, ledger: Ledger
) -> Register[BundlePrice]:
    """Percentages off a product in a quote that has the bundle too."""
    active = {
        row["Name"]
        for row in tables["PriceAdjustmentSchedule"].rows
        if row["ScheduleType"] == "Bundle" and yes(row, "IsActive") and row[BOOK] in books.prices.found
    }

    def build(row: Row) -> BundlePrice:
        if row[SCHEDULE] not in active:
            raise LeftOut("the schedule of price adjustments is inactive or of another price book")
        if row[PARENT] != row[BUNDLE]:
            raise LeftOut("the product is not directly in the bundle; which bundle counts cannot be said")
        if row[SOLD_AS]:
            raise LeftOut("the reduction depends on how the bundle itself is sold, reductions here do not")
        if one_of(row, "AdjustmentType", ADJUSTMENTS) != "Percentage":
            raise LeftOut("only a percentage off is supported for a product in a bundle")
        no_end(row, "adjustment")
        return BundlePrice(
            bundle=products.offerings.get(row[BUNDLE], BUNDLE).id,
            offering=products.offerings.get(row[PRODUCT], PRODUCT).id,
            selling_model=products.models.get(row[MODEL], MODEL),
            currency=books.currencies.get(row["CurrencyIsoCode"], "CurrencyIsoCode"),
            off_basis_points=basis_points(row, "AdjustmentValue"),
        )

    return collect(ledger, tables["BundleBasedAdjustment"], KEY, "bundle price", build)
