"""Rates of measured usage from the rate cards of the standard price book, with their tiers."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from connectors.revenue_cloud.books import Books
from connectors.revenue_cloud.cells import code, money, no_end, one_of
from connectors.revenue_cloud.ledger import Ledger, LeftOut, Register, collect
from connectors.revenue_cloud.products import Products
from connectors.revenue_cloud.table import Row, Table
from connectors.revenue_cloud.tiers import ADJUSTMENTS, Step, in_order, step_of, tiers_of, without_overlaps
from domain.kinds.pricing import Rate, Tier

CARD, PRODUCT, UNIT = "RateCard.$$Name$Type", "Product.StockKeepingUnit", "RateUnitOfMeasure.UnitCode"
RESOURCE, QUANTITY_UNIT, TIER_UNIT = "UsageResource.Code", "DefaultUnitOfMeasure.Name", "RateUnitOfMeasureName"
ENTRY = "RateCardEntry.$$Product.StockKeepingUnit$RateCard.Name$UsageResource.Code$RateUnitOfMeasure.UnitCode"
USED = ("Active", "Draft")
STATUSES = frozenset({"Active", "Archived", "Draft", "Inactive"})
NO_BASE = "the rate card names no rate that a percentage could come off"


def read_rates(tables: Mapping[str, Table], products: Products, books: Books, ledger: Ledger) -> Register[Rate]:
    """Base rates, and rates that are given by their tiers alone; rates in tokens have no currency and are left."""
    linked = _linked(tables["PriceBookRateCard"], books, ledger)

    def build(row: Row) -> Rate:
        if row[CARD] not in linked:
            raise LeftOut("the rate card is not one of the standard price book")
        if one_of(row, "Status", STATUSES) not in USED:
            raise LeftOut("the rate is inactive")
        no_end(row, "rate")
        if row[UNIT] not in books.currencies.found and row[UNIT] not in books.currencies.lost:
            raise LeftOut("the rate is in tokens or another unit that is no currency")
        return Rate(
            offering=products.offerings.get(row[PRODUCT], PRODUCT).id,
            resource=code(row, RESOURCE),
            unit=code(row, QUANTITY_UNIT),
            currency=books.currencies.get(row[UNIT], UNIT),
            unit_price_micros=money(row, "Rate") if row["Rate"] else 0,
        )

    rates = collect(ledger, tables["RateCardEntry"], (PRODUCT, CARD, RESOURCE, UNIT), "rate", build)
    _give_tiers(rates, _steps(tables["RateAdjustmentByTier"], rates, ledger), ledger)
    _join(rates)
    return rates


def _give_tiers(rates: Register[Rate], steps: Mapping[str, list[Step]], ledger: Ledger) -> None:
    """Give each rate its tiers; one without an amount of its own that they do not make up is left, and they with it."""
    for name, rate in list(rates.found.items()):
        kept = without_overlaps(steps.get(name, ()), ledger)
        if rates.rows[name]["Rate"]:
            rates.found[name] = rate.model_copy(update={"tiers": tiers_of(kept)})
        elif reason := _unfounded(kept):
            for row in (rates.drop(name, reason), *(step.row for step in kept)):
                ledger.leave(row, reason)
        else:
            first, *rest = (step.tier for step in kept)
            update = {"unit_price_micros": first.unit_price_micros, "tiers": tuple(rest)}
            rates.found[name] = rate.model_copy(update=update)


def _unfounded(steps: Sequence[Step]) -> str:
    """Why rising tiers are no rate by themselves, empty where they are: each unit from the first on has an amount."""
    if not steps or steps[0].tier.from_quantity != 1:
        return NO_BASE
    gap = any(step.last is None or then.tier.from_quantity > step.last + 1 for step, then in pairwise(steps))
    return "the tiers of the rate leave a gap" if gap else ""


def _join(rates: Register[Rate]) -> None:
    """A rate that one card gives plainly, without tiers, and another by tiers is one rate with those tiers."""
    plain = {rate.key: name for name, rate in rates.found.items() if rates.rows[name]["Rate"] and not rate.tiers}
    for name, rate in list(rates.found.items()):
        if not rates.rows[name]["Rate"] and rate.key in plain:
            first = Tier(from_quantity=1, unit_price_micros=rate.unit_price_micros)
            base = plain[rate.key]
            rates.found[base] = rates.found[base].model_copy(update={"tiers": (first, *rate.tiers)})
            del rates.found[name]


def _linked(table: Table, books: Books, ledger: Ledger) -> set[str]:
    """The rate cards of the standard price book."""

    def build(row: Row) -> str:
        if f"{row['PriceBook.Name']};true" not in books.prices.found:
            raise LeftOut("the rate card is not one of the standard price book")
        return row[CARD]

    found = collect(ledger, table, ("PriceBook.Name", CARD), "which rates are taken over", build)
    return set(found.found.values())


def _entry(row: Row) -> str:
    card = row[CARD].partition(";")[0]
    return ";".join((row[PRODUCT], card, row[RESOURCE], row[UNIT]))


def _steps(table: Table, rates: Register[Rate], ledger: Ledger) -> dict[str, list[Step]]:
    """The tiers of each entry of a rate card, rising, by its key."""
    names = {_entry(row): name for name, row in rates.rows.items()}

    def build(row: Row) -> Step:
        name = names.get(row[ENTRY], row[ENTRY])
        rates.get(name, ENTRY)
        no_end(row, "tier")
        if one_of(row, "AdjustmentType", ADJUSTMENTS) == "Percentage" and not rates.rows[name]["Rate"]:
            raise LeftOut(NO_BASE)
        return step_of(row, name, "AdjustmentValue")

    return in_order(collect(ledger, table, (ENTRY, "LowerBound", "UpperBound"), "rate.tiers", build).found.values())
