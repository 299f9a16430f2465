"""Volume tiers of prices: from a quantity on a percentage off the list price, or another price."""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.revenue_cloud.books import Books
from connectors.revenue_cloud.cells import basis_points, code, money, no_end, one_of, quantity, yes
from connectors.revenue_cloud.layout import BOOK, MODEL
from connectors.revenue_cloud.ledger import BadCell, Ledger, LeftOut, Register, collect
from connectors.revenue_cloud.table import Row, Table
from domain.kinds.pricing import Price, Tier

SCHEDULE = "PriceAdjustmentSchedule.Name"
SCHEDULE_TYPES = frozenset({"Attribute", "Bundle", "Custom", "Term", "Volume"})
ADJUSTMENTS = frozenset({"Amount", "Override", "Percentage"})
KEY = (SCHEDULE, "Product2.StockKeepingUnit", MODEL, "CurrencyIsoCode", "EffectiveFrom", "LowerBound")


@dataclass(frozen=True, slots=True)
class Step:
    """A tier of the price `price`: it holds for quantities `tier.from_quantity` to `last` (None: no end)."""

    price: str
    tier: Tier
    last: int | None
    row: Row


def give_tiers(tables: Mapping[str, Table], prices: Register[Price], books: Books, ledger: Ledger) -> None:
    """Give prices their tiers, which must not overlap. An empty upper bound means until the next tier.

    After the last bound, and in a gap, the list price holds again.
    """
    schedules = _schedules(tables["PriceAdjustmentSchedule"], books, ledger)

    def build(row: Row) -> Step:
        book = schedules.get(row[SCHEDULE], SCHEDULE)
        key = ";".join((book, row["Product2.StockKeepingUnit"], row[MODEL], row["CurrencyIsoCode"]))
        prices.get(key, "Product2.StockKeepingUnit")
        no_end(row, "tier")
        return _step(row, key)

    steps: dict[str, list[Step]] = {}
    for step in collect(ledger, tables["PriceAdjustmentTier"], KEY, "price.tiers", build).found.values():
        steps.setdefault(step.price, []).append(step)
    for key, of_price in steps.items():
        tiers = _tiers(sorted(of_price, key=lambda step: (step.tier.from_quantity, step.row.line)), ledger)
        prices.found[key] = prices.found[key].model_copy(update={"tiers": tiers})


def _schedules(table: Table, books: Books, ledger: Ledger) -> Register[str]:
    def build(row: Row) -> str:
        code(row, "Name")
        books.prices.get(row[BOOK], BOOK)
        if one_of(row, "ScheduleType", SCHEDULE_TYPES) != "Volume":
            raise LeftOut("only schedules of volume tiers are supported")
        if not yes(row, "IsActive"):
            raise LeftOut("the schedule of price adjustments is inactive")
        no_end(row, "schedule")
        return row[BOOK]

    return collect(ledger, table, ("Name",), "which tiers are taken over", build)


def _step(row: Row, price: str) -> Step:
    lower, last = quantity(row, "LowerBound"), quantity(row, "UpperBound")
    if lower is None:
        raise BadCell("LowerBound", "the cell is empty")
    if last is not None and last < max(1, lower):
        raise BadCell("UpperBound", "the upper bound is below the lower bound")
    start = max(1, lower)
    kind = one_of(row, "AdjustmentType", ADJUSTMENTS)
    if kind == "Amount":
        raise LeftOut("an amount off the list price is not supported, only a percentage or another price")
    if kind == "Percentage":
        tier = Tier(from_quantity=start, off_basis_points=basis_points(row, "TierValue"))
    else:
        tier = Tier(from_quantity=start, unit_price_micros=money(row, "TierValue"))
    return Step(price, tier, last, row)


def _tiers(steps: list[Step], ledger: Ledger) -> tuple[Tier, ...]:
    """Tiers in rising order. Where one ends before the next begins, a tier of nothing off takes its place."""
    kept: list[Step] = []
    for step in steps:
        if kept and _overlap(kept[-1], step):
            ledger.fault(step.row, BadCell("LowerBound", f"the tier overlaps the one in line {kept[-1].row.line}"))
        else:
            kept.append(step)
    tiers: list[Tier] = []
    for step, following in zip(kept, [*kept[1:], None], strict=True):
        tiers.append(step.tier)
        if step.last is not None and (following is None or following.tier.from_quantity > step.last + 1):
            tiers.append(Tier(from_quantity=step.last + 1, off_basis_points=0))
    return tuple(tiers)


def _overlap(step: Step, following: Step) -> bool:
    """Some sources repeat the upper bound as the next lower bound: the next tier then begins there."""
    start = following.tier.from_quantity
    return start == step.tier.from_quantity or (step.last is not None and start < step.last)
