"""Rates of measured usage from the rate cards of the standard price book, with their tiers."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from connectors.revenue_cloud.books import Books
from connectors.revenue_cloud.cells import code, money, no_end, one_of, quantity
from connectors.revenue_cloud.ledger import BadCell, Ledger, LeftOut, Register, collect
from connectors.revenue_cloud.products import Products
from connectors.revenue_cloud.table import Row, Table
from connectors.revenue_cloud.tiers import ADJUSTMENTS
from domain.kinds.pricing import Rate, Tier

CARD, PRODUCT, UNIT = "RateCard.$$Name$Type", "Product.StockKeepingUnit", "RateUnitOfMeasure.UnitCode"
RESOURCE, QUANTITY_UNIT, TIER_UNIT = "UsageResource.Code", "DefaultUnitOfMeasure.Name", "RateUnitOfMeasureName"
ENTRY = "RateCardEntry.$$Product.StockKeepingUnit$RateCard.Name$UsageResource.Code$RateUnitOfMeasure.UnitCode"
USED = ("Active", "Draft")
STATUSES = frozenset({"Active", "Archived", "Draft", "Inactive"})
NO_BASE = "the rate card names no rate that a percentage could come off"


@dataclass(frozen=True, slots=True)
class Step:
    """A price from a quantity on, up to `last` (None: without end)."""

    start: int
    last: int | None
    micros: int
    row: Row


def read_rates(tables: Mapping[str, Table], products: Products, books: Books, ledger: Ledger) -> Register[Rate]:
    """Base rates, and rates that are given by their tiers alone; rates in tokens have no currency and are left."""
    linked = _linked(tables["PriceBookRateCard"], books, ledger)
    steps = _steps(tables["RateAdjustmentByTier"], ledger)

    def build(row: Row) -> Rate:
        if row[CARD] not in linked:
            raise LeftOut("the rate card is not one of the standard price book")
        if one_of(row, "Status", STATUSES) not in USED:
            raise LeftOut("the rate is inactive")
        no_end(row, "rate")
        if row[UNIT] not in books.currencies.found and row[UNIT] not in books.currencies.lost:
            raise LeftOut("the rate is in tokens or another unit that is no currency")
        offering = products.offerings.get(row[PRODUCT], PRODUCT).id
        tiers = _tiers(steps.get(_entry(row), [])) if not row["Rate"] else ()
        if not row["Rate"] and not tiers:
            raise LeftOut(NO_BASE)
        return Rate(
            offering=offering,
            resource=code(row, RESOURCE),
            unit=code(row, QUANTITY_UNIT),
            currency=books.currencies.get(row[UNIT], UNIT),
            unit_price_micros=money(row, "Rate") if row["Rate"] else tiers[0].unit_price_micros or 0,
            tiers=tiers[1:],
        )

    rates = collect(ledger, tables["RateCardEntry"], (PRODUCT, CARD, RESOURCE, UNIT), "rate", build)
    _join(rates)
    return rates


def _join(rates: Register[Rate]) -> None:
    """A rate that one card gives plainly and another by tiers is one rate with those tiers."""
    plain = {rate.key: name for name, rate in rates.found.items() if rates.rows[name]["Rate"]}
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


def _steps(table: Table, ledger: Ledger) -> dict[str, list[Step]]:
    """The tiers of each entry of a rate card, by its key."""

    def build(row: Row) -> Step:
        no_end(row, "tier")
        if one_of(row, "AdjustmentType", ADJUSTMENTS) != "Override":
            raise LeftOut(NO_BASE)
        lower, last = quantity(row, "LowerBound"), quantity(row, "UpperBound")
        if lower is None:
            raise BadCell("LowerBound", "the cell is empty")
        return Step(max(lower, 1), last, money(row, "AdjustmentValue"), row)

    found: dict[str, list[Step]] = {}
    kept = collect(ledger, table, (ENTRY, "LowerBound", "UpperBound"), "rate.tiers", build)
    for step in sorted(kept.found.values(), key=lambda step: step.start):
        found.setdefault(step.row[ENTRY], []).append(step)
    return found


def _tiers(steps: list[Step]) -> tuple[Tier, ...]:
    """Tiers from the first unit on without gap; a source may repeat an upper bound as the next lower one."""
    if not steps or steps[0].start != 1:
        return ()
    for step, following in pairwise(steps):
        if step.last is None or following.start not in (step.last, step.last + 1):
            raise LeftOut("the tiers of the rate overlap or leave a gap")
    return tuple(Tier(from_quantity=step.start, unit_price_micros=step.micros) for step in steps)
