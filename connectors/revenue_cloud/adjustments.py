"""Reductions of products within bundles, from schedules of bundle-based adjustments."""

from connectors.revenue_cloud.books import Books
from connectors.revenue_cloud.cells import basis_points, no_end, one_of
from connectors.revenue_cloud.layout import MODEL
from connectors.revenue_cloud.ledger import Ledger, LeftOut, Register, collect
from connectors.revenue_cloud.products import Products
from connectors.revenue_cloud.table import Row, Table
from connectors.revenue_cloud.tiers import ADJUSTMENTS, BUNDLE, SCHEDULE, Schedule
from domain.kinds.pricing import BundlePrice

PRODUCT, ROOT, PARENT = "Product.StockKeepingUnit", "RootBundle.StockKeepingUnit", "ParentProduct.StockKeepingUnit"
SOLD_AS = "RootProductSellingModel.$$Name$SellingModelType"
KEY = (SCHEDULE, PRODUCT, PARENT, ROOT, SOLD_AS, MODEL, "CurrencyIsoCode")


def read_adjustments(
    table: Table, schedules: Register[Schedule], products: Products, books: Books, ledger: Ledger
) -> Register[BundlePrice]:
    """Percentages off a product in a quote that has the bundle too."""

    def build(row: Row) -> BundlePrice:
        if schedules.get(row[SCHEDULE], SCHEDULE).kind != BUNDLE:
            raise LeftOut("the schedule is not one of products within bundles")
        if row[PARENT] != row[ROOT]:
            raise LeftOut("the product is not directly in the bundle; which bundle counts cannot be said")
        if row[SOLD_AS]:
            raise LeftOut("the reduction depends on how the bundle itself is sold, reductions here do not")
        if one_of(row, "AdjustmentType", ADJUSTMENTS) != "Percentage":
            raise LeftOut("only a percentage off is supported for a product in a bundle")
        no_end(row, "adjustment")
        return BundlePrice(
            bundle=products.offerings.get(row[ROOT], ROOT).id,
            offering=products.offerings.get(row[PRODUCT], PRODUCT).id,
            selling_model=products.models.get(row[MODEL], MODEL),
            currency=books.currencies.get(row["CurrencyIsoCode"], "CurrencyIsoCode"),
            off_basis_points=basis_points(row, "AdjustmentValue"),
        )

    return collect(ledger, table, KEY, "bundle price", build)
