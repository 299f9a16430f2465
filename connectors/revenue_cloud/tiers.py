"""Volume tiers: from a quantity on a percentage off the price or rate, or another one; and schedules of adjustments."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.revenue_cloud.books import Books
from connectors.revenue_cloud.cells import basis_points, code, money, no_end, one_of, quantity, yes
from connectors.revenue_cloud.layout import BOOK, MODEL
from connectors.revenue_cloud.ledger import BadCell, Ledger, LeftOut, Register, collect
from connectors.revenue_cloud.table import Row, Table
from domain.kinds.pricing import Price, Tier

SCHEDULE = "PriceAdjustmentSchedule.Name"
SCHEDULE_TYPES = frozenset({"Attribute", "Bundle", "Custom", "Term", "Volume"})
VOLUME, BUNDLE = "Volume", "Bundle"
ADJUSTMENTS = frozenset({"Amount", "Override", "Percentage"})
KEY = (SCHEDULE, "Product2.StockKeepingUnit", MODEL, "CurrencyIsoCode", "EffectiveFrom", "LowerBound")


@dataclass(frozen=True, slots=True)
class Schedule:
    """An active schedule: VOLUME or BUNDLE, and the price book whose prices it adjusts."""

    kind: str
    book: str


@dataclass(frozen=True, slots=True)
class Step:
    """A tier of the price or rate `of`: it holds for quantities `tier.from_quantity` to `last` (None: no end)."""

    of: str
    tier: Tier
    last: int | None
    row: Row


def read_schedules(table: Table, books: Books, ledger: Ledger) -> Register[Schedule]:
    """The schedules of adjustments by name: those of volume tiers and those of products within bundles."""

    def build(row: Row) -> Schedule:
        code(row, "Name")
        books.prices.get(row[BOOK], BOOK)
        kind = one_of(row, "ScheduleType", SCHEDULE_TYPES)
        if kind not in (VOLUME, BUNDLE):
            raise LeftOut("only schedules of volume tiers and of products within bundles are supported")
        if not yes(row, "IsActive"):
            raise LeftOut("the schedule of price adjustments is inactive")
        no_end(row, "schedule")
        return Schedule(kind, row[BOOK])

    return collect(ledger, table, ("Name",), "which adjustments are taken over", build)


def give_tiers(table: Table, prices: Register[Price], schedules: Register[Schedule], ledger: Ledger) -> None:
    """Give prices their tiers, which must not overlap. An empty upper bound means until the next tier.

    After the last bound, and in a gap, the list price holds again.
    """

    def build(row: Row) -> Step:
        schedule = schedules.get(row[SCHEDULE], SCHEDULE)
        if schedule.kind != VOLUME:
            raise LeftOut("the schedule is not one of volume tiers")
        key = ";".join((schedule.book, row["Product2.StockKeepingUnit"], row[MODEL], row["CurrencyIsoCode"]))
        prices.get(key, "Product2.StockKeepingUnit")
        no_end(row, "tier")
        return step_of(row, key, "TierValue")

    for key, steps in in_order(collect(ledger, table, KEY, "price.tiers", build).found.values()).items():
        tiers = tiers_of(without_overlaps(steps, ledger))
        prices.found[key] = prices.found[key].model_copy(update={"tiers": tiers})


def step_of(row: Row, of: str, value: str) -> Step:
    """The tier that a row says, with its amount or percentage in the column `value`. Raises BadCell, LeftOut."""
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
        tier = Tier(from_quantity=start, off_basis_points=basis_points(row, value))
    else:
        tier = Tier(from_quantity=start, unit_price_micros=money(row, value))
    return Step(of, tier, last, row)


def in_order(steps: Iterable[Step]) -> dict[str, list[Step]]:
    """The tiers of each price or rate, rising."""
    found: dict[str, list[Step]] = {}
    for step in sorted(steps, key=lambda step: (step.tier.from_quantity, step.row.line)):
        found.setdefault(step.of, []).append(step)
    return found


def without_overlaps(steps: Sequence[Step], ledger: Ledger) -> list[Step]:
    """Rising tiers, without those that overlap the one before: their rows are bad."""
    kept: list[Step] = []
    for step in steps:
        if kept and _overlap(kept[-1], step):
            ledger.fault(step.row, BadCell("LowerBound", f"the tier overlaps the one in line {kept[-1].row.line}"))
        else:
            kept.append(step)
    return kept


def tiers_of(steps: Sequence[Step]) -> tuple[Tier, ...]:
    """Tiers in rising order. Where one ends before the next begins, a tier of nothing off takes its place."""
    tiers: list[Tier] = []
    for step, following in zip(steps, [*steps[1:], None], strict=False):
        tiers.append(step.tier)
        if step.last is not None and (following is None or following.tier.from_quantity > step.last + 1):
            tiers.append(Tier(from_quantity=step.last + 1, off_basis_points=0))
    return tuple(tiers)


def _overlap(step: Step, following: Step) -> bool:
    """Some sources repeat the upper bound as the next lower bound: the next tier then begins there."""
    start = following.tier.from_quantity
    return start == step.tier.from_quantity or (step.last is not None and start < step.last)
