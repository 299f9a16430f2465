"""Kind `promotion`: time-boxed discounts with stacking, exclusivity, coupon limits and budget caps (R-10.3)."""

from collections.abc import Iterable, Mapping
from datetime import date as LocalDate
from datetime import timedelta
from itertools import combinations, product
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, TypeAdapter

from domain.artifact import EVERYWHERE, Content, Entry, Operation, Problem, entry_id
from domain.certification import Answered
from domain.given import WrittenDay
from domain.kinds.entries import (
    Code,
    Positive,
    Put,
    Remove,
    compile_entry,
    describe_entry,
    meets,
    of_type,
    period,
    unknown_offerings,
)
from domain.kinds.kind import ALWAYS, Check, Kind, Pack, Plane, Question, Touched
from domain.money import BASIS_POINTS


class Promotion(Answered):
    """A discount of offerings in a window; exactly one of `off_basis_points` and `off_micros` with its currency.

    stacking_group: of one group only the best counts, different groups add up; exclusive: never with another one.
    billing, refund, attribution: how it is charged, what a cancellation gives back, under which code it is reported.
    """

    type: Literal["promotion"] = "promotion"
    id: Code
    name: Code
    first_day: WrittenDay
    last_day: WrittenDay
    offerings: Annotated[tuple[Code, ...], Field(min_length=1)]
    market: Code = EVERYWHERE
    channel: Code = EVERYWHERE
    segment: Code = EVERYWHERE
    off_basis_points: Annotated[StrictInt, Field(gt=0, le=BASIS_POINTS)] | None = None
    off_micros: Positive | None = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    stacking_group: Code = "standard"
    exclusive: StrictBool = False
    coupon_limit: Positive | None = None
    per_customer_limit: Positive | None = None
    budget_cap_minor: Positive | None = None
    billing: Literal["discount_line", "reduced_price", "credit"] = "discount_line"
    refund: Literal["keep", "prorate", "claw_back"] = "prorate"
    attribution: Code

    @property
    def key(self) -> str:
        return entry_id("promotion", self.id)


def validate(contents: Mapping[str, Content]) -> tuple[Problem, ...]:
    """Windows, amounts, limits and offerings make sense; stacked promotions never make a price negative (R-10.3)."""
    promotions = of_type(contents.get("promotion", {}), "promotion")
    return (
        *(problem for promotion in promotions for problem in _alone(promotion, contents)),
        *_exclusive(promotions),
        *_negative(promotions, contents.get("pricing", {})),
    )


def _alone(promotion: Entry, contents: Mapping[str, Content]) -> Iterable[Problem]:
    name = promotion["name"]
    yield from unknown_offerings(name, promotion["offerings"], contents)
    if promotion["last_day"] < promotion["first_day"]:
        yield _problem("bad_window", name, "ends before it begins", "Give a last day on or after the first day.")
    if (promotion["off_basis_points"] is None) == (promotion["off_micros"] is None):
        yield _problem("bad_discount", name, "needs a percentage or an amount, not both", "Give one of the two.")
    counted_in_money = promotion["off_micros"] is not None or promotion["budget_cap_minor"] is not None
    if counted_in_money and promotion["currency"] is None:
        yield _problem("no_currency", name, "has an amount or a budget without a currency", "Name the currency.")
    if (promotion["per_customer_limit"] or 0) > (promotion["coupon_limit"] or promotion["per_customer_limit"] or 0):
        yield _problem("bad_limit", name, "allows one customer more than all together", "Lower the limit a customer.")


def _exclusive(promotions: Iterable[Entry]) -> Iterable[Problem]:
    for one, other in combinations(promotions, 2):
        if (one["exclusive"] or other["exclusive"]) and overlap(one, other):
            yield _problem(
                "exclusive_overlap",
                one["name"],
                f"and {other['name']} hold for the same offerings and days, and one of them is exclusive",
                "Separate their days, places or offerings.",
            )


def overlap(one: Entry, other: Entry) -> bool:
    """Whether two promotions can meet on one line: an offering, a place and a day in common."""
    (first, last), (begin, end) = (period(p["first_day"], p["last_day"]) for p in (one, other))
    places = all(meets(one[field], other[field]) for field in ("market", "channel", "segment"))
    return places and first <= end and begin <= last and bool(set(one["offerings"]) & set(other["offerings"]))


def _negative(promotions: Iterable[Entry], prices: Content) -> Iterable[Problem]:
    """For each price the most that promotions meeting on one day take off: the best of each stacking group."""
    found, listed = list(promotions), of_type(prices, "price")
    for start, segment in product(found, sorted({p["segment"] for p in found})):
        together = [p for p in found if p["segment"] in (EVERYWHERE, segment) and _begun(p, start)]
        for price in listed:
            off = _most_off(price, [p for p in together if _holds(p, price)])
            if off > price["unit_price_micros"] and start in together and _holds(start, price):
                yield _problem(
                    "negative_price",
                    start["name"],
                    f"with what it stacks with takes more than the price of {price['offering']} "
                    f"in {price['market']}, {price['channel']}",
                    "Lower the discount, make it exclusive or put it in the same stacking group.",
                )
                break


def _begun(promotion: Entry, start: Entry) -> bool:
    """Whether a promotion runs on the first day of another."""
    first, last = period(promotion["first_day"], promotion["last_day"])
    return first <= LocalDate.fromisoformat(start["first_day"]) <= last


def _holds(promotion: Entry, price: Entry) -> bool:
    places = meets(promotion["market"], price["market"]) and meets(promotion["channel"], price["channel"])
    currency = promotion["off_micros"] is None or promotion["currency"] == price["currency"]
    return places and currency and price["offering"] in promotion["offerings"]


def _most_off(price: Entry, promotions: Iterable[Entry]) -> int:
    best: dict[str, int] = {}
    for promotion in promotions:
        points = promotion["off_basis_points"]
        off = promotion["off_micros"] if points is None else price["unit_price_micros"] * points // BASIS_POINTS
        best[promotion["stacking_group"]] = max(best.get(promotion["stacking_group"], 0), off or 0)
    return sum(best.values())


def _problem(code: str, name: str, what: str, mend: str) -> Problem:
    return Problem(code=code, subject=name, message=f"Promotion {name} {what}.", mend=mend)


def place(operation: Operation) -> tuple[str, str]:
    """The market and channel of a promotion."""
    entry = operation.after or operation.before or {}
    return entry["market"], entry["channel"]


def touched(operation: Operation) -> tuple[Touched, ...]:
    """The offerings that a promotion discounts or discounted, where, for whom and when it does."""
    found = {
        Touched(
            offering=offering,
            market=entry["market"],
            channel=entry["channel"],
            segment=entry["segment"],
            period=_days(entry),
        )
        for entry in (operation.before, operation.after)
        if entry
        for offering in entry["offerings"]
    }
    return tuple(sorted(found, key=lambda item: (item.offering, item.market, item.channel, item.segment, item.period)))


def _days(promotion: Entry) -> str:
    first, last = period(promotion["first_day"], promotion["last_day"])
    return f"{first.isoformat()}/{min(last, LocalDate.max - timedelta(days=1)) + timedelta(days=1)}"


KIND = Kind(
    name="promotion",
    schema="promotion/1",
    entries=TypeAdapter(Annotated[Promotion, Field()]),
    edits=TypeAdapter(Annotated[Put[Promotion] | Remove, Field(discriminator="edit")]),
    compile=compile_entry,
    validate=validate,
    describe=describe_entry,
    risk="margin leakage, billing mismatch",
    plane=Plane.PROMOTION,
    questions=(Question.QUOTES, Question.PROMOTIONS, Question.THRESHOLDS, Question.BILLING, Question.ROLLBACK),
    packs=(Pack.GOLDEN, Pack.OPEN_QUOTES, Pack.PROMOTIONS, Pack.HIGH_RISK),
    controls=(*ALWAYS, Check.SIMULATION),
    strategy="channel by channel inside the promotion's window",
    rollback="end the promotion by publishing the earlier entries; committed uses stay counted",
    rules=("promotion",),
    place=place,
    touched=touched,
)
