"""Kind `pricing`: price books, the edits that people and machines propose, and what a book must not be (R-10.1)."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from domain.artifact import EVERYWHERE, Content, Entry, Operation, Problem
from domain.errors import Invalid
from domain.kinds.kind import ALWAYS, Check, Kind, Pack, Plane, Question, Touched
from domain.kinds.pricing_entries import (
    BundlePrice,
    Contract,
    Cost,
    Floor,
    Golden,
    Price,
    PriceEntry,
    Promotion,
    Rate,
    Rounding,
    Rule,
    Tier,
    TierBasis,
    TierMode,
    Word,
)
from domain.kinds.pricing_words import describe
from domain.model import Model
from domain.money import exponent, micros

AMOUNTS = ("unit_price_micros", "unit_cost_micros")


class PricePlace(Model):
    """Which list price an edit means: offering, selling model, market, channel and currency."""

    offering: Word
    selling_model: Word
    market: Word = EVERYWHERE
    channel: Word = EVERYWHERE
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]


class SetPrice(PricePlace):
    """Give an existing list price a new amount. `unit_price` is decimal text in the currency's unit."""

    edit: Literal["set_price"] = "set_price"
    unit_price: Annotated[str, Field(max_length=24)]


class AddPrice(PricePlace):
    """Introduce a list price that the book does not have yet."""

    edit: Literal["add_price"]
    unit_price: Annotated[str, Field(max_length=24)]


class RemovePrice(PricePlace):
    """Take a list price out of the book."""

    edit: Literal["remove_price"]


class SetTiers(PricePlace):
    """Give an existing list price other tiers; the list price itself stays."""

    edit: Literal["set_tiers"]
    tiers: Annotated[tuple[Tier, ...], Field(max_length=100)]
    tier_mode: TierMode = "slab"
    tier_basis: TierBasis = "line"


class SetCost(Model):
    """Give an offering a new unit cost."""

    edit: Literal["set_cost"]
    offering: Word
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    unit_cost: Annotated[str, Field(max_length=24)]


class PutRule(Model):
    """Add a rule or replace the one with the same id: rate, contract, bundle, promotion, floor, rounding, golden."""

    edit: Literal["put_rule"]
    rule: Annotated[Rule, Field(discriminator="type")]


class RemoveRule(Model):
    """Take a rule out, by the id of its entry."""

    edit: Literal["remove_rule"]
    entry: Annotated[str, Field(min_length=1, max_length=1_000)]


PricingEdit: TypeAlias = SetPrice | AddPrice | SetTiers | RemovePrice | SetCost | PutRule | RemoveRule


def compile_edit(edit: PricingEdit, content: Content) -> Operation:
    """The operation on one entry.

    Raises Invalid("bad_price", "unknown_currency", "unknown_price", "price_exists", "unknown_rule").
    """
    match edit:
        case PutRule():
            if edit.rule.currency != EVERYWHERE:
                exponent(edit.rule.currency)
            return _operation(edit.rule.key, content, edit.rule)
        case RemoveRule():
            if content.get(edit.entry, {"type": "price"})["type"] in ("price", "cost"):
                raise Invalid("unknown_rule", f"The price book has no rule {edit.entry}.", entry=edit.entry)
            return _operation(edit.entry, content, None)
    exponent(edit.currency)
    match edit:
        case SetCost():
            cost = Cost(offering=edit.offering, currency=edit.currency, unit_cost_micros=micros(edit.unit_cost))
            return _operation(cost.key, content, cost)
        case SetPrice() | AddPrice():
            return _set_price(edit, content)
        case RemovePrice():
            return _operation(_existing(edit, content), content, None)
        case SetTiers():
            current = content[_existing(edit, content)]
            tiers = edit.model_dump(include={"tiers", "tier_mode", "tier_basis"})
            price = Price.model_validate({**current, **tiers})
            return _operation(price.key, content, price)


def _existing(place: PricePlace, content: Content) -> str:
    wanted = Price(**place.model_dump(include=set(PricePlace.model_fields)), unit_price_micros=0).key
    if wanted not in content:
        raise Invalid("unknown_price", f"The price book has no price {wanted}.", entry=wanted)
    return wanted


def _set_price(edit: SetPrice | AddPrice, content: Content) -> Operation:
    place = edit.model_dump(exclude={"edit", "unit_price"})
    price = Price(**place, unit_price_micros=micros(edit.unit_price))
    current = content.get(price.key)
    if current is None and isinstance(edit, SetPrice):
        raise Invalid(
            "unknown_price",
            f"{edit.offering} has no price {price.key}. Use add_price to introduce one.",
            entry=price.key,
        )
    if current is not None and isinstance(edit, AddPrice):
        raise Invalid("price_exists", f"{price.key} exists already. Use set_price to change it.", entry=price.key)
    kept = Price.model_validate({**current, "unit_price_micros": price.unit_price_micros}) if current else price
    return _operation(price.key, content, kept)


def _operation(key: str, content: Content, after: PriceEntry | None) -> Operation:
    before = content.get(key)
    stored = None if after is None else after.model_dump(mode="json")
    return Operation(entry=key, before=None if before is None else dict(before), after=stored)


def validate(contents: Mapping[str, Content]) -> tuple[Problem, ...]:
    """Prices are not negative, are of offerings that exist, tiers rise, and every sellable offering has a price."""
    prices = contents.get("pricing", {})
    catalog = contents.get("catalog", {})
    offerings = {e["id"]: e for e in catalog.values() if e["type"] == "offering"}
    odd = [(key, entry) for key, entry in prices.items() if not _plain(entry, offerings)]
    problems = [problem for key, entry in odd for problem in _entry_problems(key, entry, offerings)]
    priced = {entry["offering"] for entry in prices.values() if entry["type"] == "price"}
    problems += [
        Problem(
            code="offering_without_price",
            subject=code,
            message=f"{offering['name']} can be sold but has no price.",
            mend="Add a price for it, or make it not sellable in the catalog.",
        )
        for code, offering in offerings.items()
        if offering["sellable"] and offering["lifecycle"] == "active" and code not in priced
    ]
    return tuple(problems)


def _plain(entry: Mapping[str, Any], offerings: Mapping[str, object]) -> bool:
    """Whether a price or cost is like most of a book, of which nothing more has to be asked."""
    kind = entry["type"]
    if kind not in ("price", "cost") or entry["offering"] not in offerings:
        return False
    if kind == "cost":
        return bool(entry["unit_cost_micros"] >= 0)
    least, graduated = 0, entry.get("tier_mode") == "graduated"
    for tier in entry["tiers"]:
        if tier["from_quantity"] <= least:
            return False
        least = tier["from_quantity"]
    return entry["unit_price_micros"] >= 0 and not graduated


def _entry_problems(key: str, entry: Mapping[str, Any], offerings: Mapping[str, object]) -> list[Problem]:
    problems = []
    if any(entry.get(field, 0) < 0 for field in AMOUNTS):
        problems.append(
            Problem(
                code="negative_price", subject=key, message=f"{key} is negative.", mend="Give a price of zero or more."
            )
        )
    named = [entry[field] for field in ("offering", "bundle") if entry.get(field, EVERYWHERE) != EVERYWHERE]
    problems += [
        Problem(
            code="unknown_offering",
            subject=key,
            message=f"The catalog has no offering {name!r}.",
            mend="Use the id of an offering in the live catalog, or publish the offering first.",
        )
        for name in named
        if name not in offerings
    ]
    return problems + _tier_problems(key, entry) + _promotion_problems(key, entry)


def _tier_problems(key: str, entry: Mapping[str, Any]) -> list[Problem]:
    starts = [tier["from_quantity"] for tier in entry.get("tiers", ())]
    problems = []
    if starts != sorted(set(starts)):
        mend = "Order tiers by quantity."
        problems.append(Problem(code="tiers_overlap", subject=key, message=f"Tiers of {key} overlap.", mend=mend))
    if entry.get("tier_mode") == "graduated" and entry.get("tier_basis") == "quote":
        problems.append(
            Problem(
                code="graduated_volume",
                subject=key,
                message=f"{key} is graduated and counts the whole quote: then no line has a price of its own.",
                mend="Count the line's quantity, or let the tier reached hold for the whole quantity.",
            )
        )
    return problems


def _promotion_problems(key: str, entry: Mapping[str, Any]) -> list[Problem]:
    if entry["type"] != "promotion":
        return []
    problems = []
    if entry["since"] >= entry["until"]:
        mend = "Let it end after it begins."
        problems.append(Problem(code="empty_window", subject=key, message=f"{key} never holds.", mend=mend))
    if entry["off_micros"] and entry["currency"] == EVERYWHERE:
        message = f"{key} takes an amount off in no currency."
        mend = "Name the currency of the amount."
        problems.append(Problem(code="amount_without_currency", subject=key, message=message, mend=mend))
    return problems


def place(operation: Operation) -> tuple[str, str]:
    """The market and channel of a price; a cost holds everywhere."""
    entry = operation.after or operation.before or {}
    if entry.get("type") == "golden":
        return EVERYWHERE, EVERYWHERE
    return entry.get("market", EVERYWHERE), entry.get("channel", EVERYWHERE)


def touched(operation: Operation) -> tuple[Touched, ...]:
    """The offering and where, for whom and when its price or cost moves; a golden scenario moves nothing.

    A bundle's price is told apart by its offering alone: which quotes hold the bundle too is the simulation's answer.
    """
    entry = operation.after or operation.before or {}
    if entry["type"] == "golden":
        return ()
    if entry["type"] != "promotion":
        return (_touched(entry),)
    # Only its days are not part of its id: those before count and those after.
    return tuple(dict.fromkeys(_touched(one) for one in (operation.before, operation.after) if one))


def _touched(entry: Entry) -> Touched:
    return Touched(
        offering=entry.get("offering", EVERYWHERE),
        selling_model=entry.get("selling_model", entry.get("resource", EVERYWHERE)),
        market=entry.get("market", EVERYWHERE),
        channel=entry.get("channel", EVERYWHERE),
        currency=entry["currency"],
        customer=entry.get("customer", EVERYWHERE),
        segment=entry.get("segment", EVERYWHERE),
        period=f"{entry['since']}/{entry['until']}" if entry["type"] == "promotion" else EVERYWHERE,
    )


KIND = Kind(
    name="pricing",
    schema="pricing/1",
    entries=TypeAdapter(Annotated[PriceEntry, Field(discriminator="type")]),
    edits=TypeAdapter(Annotated[PricingEdit, Field(discriminator="edit")]),
    compile=compile_edit,
    validate=validate,
    describe=describe,
    risk="revenue leakage",
    plane=Plane.PRICE,
    questions=(
        Question.QUOTES,
        Question.ORDERS,
        Question.ASSETS,
        Question.PROMOTIONS,
        Question.THRESHOLDS,
        Question.ROLLBACK,
    ),
    packs=(Pack.GOLDEN, Pack.TOP_REVENUE, Pack.OPEN_QUOTES, Pack.ACCEPTED, Pack.RENEWALS, Pack.HIGH_RISK),
    controls=(*ALWAYS, Check.SIMULATION),
    strategy="market by market at the local effective time, verified in the runtime catalog",
    rollback="publish the earlier price book entries again",
    rules=("promotion", "floor", "rounding"),
    place=place,
    touched=touched,
    importable=True,
)

__all__ = [
    "KIND", "BundlePrice", "Contract", "Cost", "Floor", "Golden", "Price", "Promotion", "Rate", "Rounding", "Tier",
]  # fmt: skip
