"""List prices with volume tiers, costs, reductions in bundles and rates of usage."""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.revenue_cloud.adjustments import read_adjustments
from connectors.revenue_cloud.books import Books, read_books
from connectors.revenue_cloud.cells import money, no_end, yes
from connectors.revenue_cloud.layout import BOOK, MODEL
from connectors.revenue_cloud.ledger import Ledger, LeftOut, Register, collect
from connectors.revenue_cloud.products import Products
from connectors.revenue_cloud.rates import read_rates
from connectors.revenue_cloud.table import Row, Table
from connectors.revenue_cloud.tiers import give_tiers, read_schedules
from domain.kinds.pricing import BundlePrice, Cost, Price, Rate

ONE_TIME = "One Time"
CURRENCY = "CurrencyIsoCode"


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices by `price book;product;selling model;currency`, costs by `cost book;product;from;currency`."""

    prices: Register[Price]
    costs: Register[Cost]
    bundles: Register[BundlePrice]
    rates: Register[Rate]


def read_prices(tables: Mapping[str, Table], products: Products, ledger: Ledger) -> Prices:
    """Read currencies and books, then what the standard price book, its cost book and its rate cards say."""
    books = read_books(tables, ledger)
    prices = _prices(tables["PricebookEntry"], books, products, ledger)
    schedules = read_schedules(tables["PriceAdjustmentSchedule"], books, ledger)
    give_tiers(tables["PriceAdjustmentTier"], prices, schedules, ledger)
    costs = _costs(tables["CostBookEntry"], books, products, ledger)
    bundles = read_adjustments(tables["BundleBasedAdjustment"], schedules, products, books, ledger)
    return Prices(prices, costs, bundles, read_rates(tables, products, books, ledger))


def _prices(table: Table, books: Books, products: Products, ledger: Ledger) -> Register[Price]:
    def build(row: Row) -> Price:
        books.prices.get(row[BOOK], BOOK)
        offering = products.offerings.get(row["Product2.StockKeepingUnit"], "Product2.StockKeepingUnit")
        if not yes(row, "IsActive"):
            raise LeftOut("the price is inactive")
        if yes(row, "IsDerived"):
            raise LeftOut("a derived price (computed from other prices) is not supported")
        return Price(
            offering=offering.id,
            selling_model=_selling_model(row, products),
            currency=books.currencies.get(row[CURRENCY], CURRENCY),
            unit_price_micros=money(row, "UnitPrice"),
        )

    return collect(ledger, table, (BOOK, "Product2.StockKeepingUnit", MODEL, CURRENCY), "price", build)


def _selling_model(row: Row, products: Products) -> str:
    """The model's name; it must be one that the product is offered under. Old one-time prices name none."""
    if not row[MODEL]:
        return ONE_TIME
    name = products.models.get(row[MODEL], MODEL)
    products.options.get(f"{row['Product2.StockKeepingUnit']};{row[MODEL]}", MODEL)
    return name


def _costs(table: Table, books: Books, products: Products, ledger: Ledger) -> Register[Cost]:
    wanted = {book.cost_book for book in books.prices.found.values()}

    def build(row: Row) -> Cost:
        if books.costs.get(row["CostBook.Name"], "CostBook.Name") not in wanted:
            raise LeftOut("the cost is in another cost book than that of the standard price book")
        offering = products.offerings.get(row["Product.StockKeepingUnit"], "Product.StockKeepingUnit")
        no_end(row, "cost")
        currency = books.currencies.get(row[CURRENCY], CURRENCY)
        return Cost(offering=offering.id, currency=currency, unit_cost_micros=money(row, "Cost"))

    return collect(
        ledger, table, ("CostBook.Name", "Product.StockKeepingUnit", "EffectiveFrom", CURRENCY), "cost", build
    )
