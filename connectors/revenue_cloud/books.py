"""Currencies, the standard price book and its cost book: they decide which prices and costs are taken over."""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.revenue_cloud.cells import code, iso_currency, no_end, quantity, yes
from connectors.revenue_cloud.ledger import BAD_ROW, BadCell, Ledger, LeftOut, Register, collect
from connectors.revenue_cloud.table import Row, Table


@dataclass(frozen=True, slots=True)
class Book:
    """The standard price book and the cost book that goes with it."""

    name: str
    cost_book: str


@dataclass(frozen=True, slots=True)
class Books:
    """Currencies by ISO code, cost books by name, price books by `name;is standard`."""

    currencies: Register[str]
    costs: Register[str]
    prices: Register[Book]


def read_books(tables: Mapping[str, Table], ledger: Ledger) -> Books:
    """Read what prices and costs refer to; there is at most one standard price book."""
    currencies = collect(ledger, tables["CurrencyType"], ("IsoCode",), "which currencies are in use", _currency)
    costs = collect(ledger, tables["CostBook"], ("Name",), "which costs are taken over", _cost_book)
    return Books(currencies, costs, _price_books(tables["Pricebook2"], costs, ledger))


def _currency(row: Row) -> str:
    currency, digits = iso_currency(row, "IsoCode")
    if quantity(row, "DecimalPlaces") != digits:
        raise BadCell("DecimalPlaces", f"amounts in {currency} are rounded to {digits} decimals (ISO 4217)")
    if not yes(row, "IsActive"):
        raise LeftOut("the currency is inactive")
    return currency


def _cost_book(row: Row) -> str:
    no_end(row, "cost book")
    return code(row, "Name")


def _price_books(table: Table, cost_books: Register[str], ledger: Ledger) -> Register[Book]:
    def build(row: Row) -> Book:
        name = code(row, "Name")
        if not yes(row, "IsActive"):
            raise LeftOut("the price book is inactive")
        if not yes(row, "IsStandard"):
            raise LeftOut("the price book is not the standard one, the only one taken over")
        no_end(row, "price book", "ValidTo")
        costs = row["CostBook.Name"]
        return Book(name, (cost_books.find(costs, "CostBook.Name") or "") if costs else "")

    books = collect(ledger, table, ("Name", "IsStandard"), "which prices are taken over", build)
    for key in list(books.found)[1:]:
        row = books.drop(key, BAD_ROW)
        ledger.fault(row, BadCell("IsStandard", "there is another standard price book"))
    return books
