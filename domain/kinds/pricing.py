"""Kind `pricing`: price books. Entries are list prices with quantity tiers, and unit costs (R-10.1, R-10.2)."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StrictInt, TypeAdapter

from domain.artifact import EVERYWHERE, Content, Operation, Problem, entry_id
from domain.errors import Invalid
from domain.kinds.kind import Kind, Touched
from domain.model import Model
from domain.money import exponent, micros, unit_price

Word = Annotated[str, Field(min_length=1, max_length=120)]


class Tier(Model):
    """From this quantity on another unit price (slab: for the whole quantity), or basis points off the list price."""

    from_quantity: Annotated[StrictInt, Field(ge=1)]
    unit_price_micros: StrictInt | None = None
    off_basis_points: Annotated[StrictInt, Field(ge=0, le=10_000)] | None = None


class Price(Model):
    """The list price of an offering under a selling model, for a market and channel (`*`: every one), in a currency."""

    type: Literal["price"] = "price"
    offering: Word
    selling_model: Word
    market: Word = EVERYWHERE
    channel: Word = EVERYWHERE
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    unit_price_micros: StrictInt
    tiers: tuple[Tier, ...] = ()

    @property
    def id(self) -> str:
        return entry_id("price", self.offering, self.selling_model, self.market, self.channel, self.currency)


class Cost(Model):
    """The unit cost of an offering in one currency."""

    type: Literal["cost"] = "cost"
    offering: Word
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    unit_cost_micros: StrictInt

    @property
    def id(self) -> str:
        return entry_id("cost", self.offering, self.currency)


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


class SetCost(Model):
    """Give an offering a new unit cost."""

    edit: Literal["set_cost"]
    offering: Word
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    unit_cost: Annotated[str, Field(max_length=24)]


PricingEdit: TypeAlias = SetPrice | AddPrice | RemovePrice | SetCost


def compile_edit(edit: PricingEdit, content: Content) -> Operation:
    """The operation on one entry. Raises Invalid("bad_price", "unknown_currency", "unknown_price", "price_exists")."""
    exponent(edit.currency)
    match edit:
        case SetCost():
            cost = Cost(offering=edit.offering, currency=edit.currency, unit_cost_micros=micros(edit.unit_cost))
            return _operation(cost.id, content, cost)
        case SetPrice() | AddPrice():
            return _set_price(edit, content)
        case RemovePrice():
            wanted = Price(**edit.model_dump(exclude={"edit"}), unit_price_micros=0).id
            if wanted not in content:
                raise Invalid("unknown_price", f"The price book has no price {wanted}.", entry=wanted)
            return _operation(wanted, content, None)


def _set_price(edit: SetPrice | AddPrice, content: Content) -> Operation:
    price = Price(
        **edit.model_dump(exclude={"edit", "unit_price"}),
        unit_price_micros=micros(edit.unit_price),
    )
    current = content.get(price.id)
    if current is None and isinstance(edit, SetPrice):
        raise Invalid(
            "unknown_price",
            f"{edit.offering} has no price {price.id}. Use add_price to introduce one.",
            entry=price.id,
        )
    if current is not None and isinstance(edit, AddPrice):
        raise Invalid("price_exists", f"{price.id} exists already. Use set_price to change it.", entry=price.id)
    tiers = tuple(Tier.model_validate(tier) for tier in current["tiers"]) if current else ()
    return _operation(price.id, content, price.model_copy(update={"tiers": tiers}))


def _operation(key: str, content: Content, after: Price | Cost | None) -> Operation:
    before = content.get(key)
    stored = None if after is None else after.model_dump(mode="json")
    return Operation(entry=key, before=None if before is None else dict(before), after=stored)


def validate(contents: Mapping[str, Content]) -> tuple[Problem, ...]:
    """Prices are not negative, are of offerings that exist, tiers rise, and every sellable offering has a price."""
    prices = contents.get("pricing", {})
    catalog = contents.get("catalog", {})
    offerings = {e["id"]: e for e in catalog.values() if e["type"] == "offering"}
    problems = [p for key, entry in prices.items() for p in _entry_problems(key, entry, offerings)]
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


def _entry_problems(key: str, entry: Mapping[str, object], offerings: Mapping[str, object]) -> list[Problem]:
    problems = []
    value = entry.get("unit_price_micros", entry.get("unit_cost_micros"))
    if isinstance(value, int) and value < 0:
        problems.append(
            Problem(
                code="negative_price", subject=key, message=f"{key} is negative.", mend="Give a price of zero or more."
            )
        )
    if entry["offering"] not in offerings:
        problems.append(
            Problem(
                code="unknown_offering",
                subject=key,
                message=f"The catalog has no offering {entry['offering']!r}.",
                mend="Use the id of an offering in the live catalog, or publish the offering first.",
            )
        )
    tiers = entry.get("tiers", ())
    starts = [tier["from_quantity"] for tier in tiers] if isinstance(tiers, (list, tuple)) else []
    if starts != sorted(set(starts)):
        problems.append(
            Problem(
                code="tiers_overlap", subject=key, message=f"Tiers of {key} overlap.", mend="Order tiers by quantity."
            )
        )
    return problems


def describe(operation: Operation) -> str:
    """`Fibre 500, monthly, DE, partner: 39.90 EUR becomes 42.90 EUR`, from ids and amounts."""
    entry = operation.after or operation.before or {}
    place = ", ".join(
        str(entry[key])
        for key in ("offering", "selling_model", "market", "channel")
        if entry.get(key, EVERYWHERE) != EVERYWHERE
    )
    what = "cost of " if entry["type"] == "cost" else ""
    old, new = _shown(operation.before), _shown(operation.after)
    if old is None:
        return f"{what}{place}: new at {new}"
    return f"{what}{place}: {old} taken out" if new is None else f"{what}{place}: {old} becomes {new}"


def _shown(entry: Mapping[str, object] | None) -> str | None:
    if entry is None:
        return None
    value = entry.get("unit_price_micros", entry.get("unit_cost_micros"))
    assert isinstance(value, int)
    text = f"{unit_price(value):f}"
    whole, _, decimals = text.partition(".")
    decimals = decimals.rstrip("0").ljust(exponent(str(entry["currency"])), "0")
    return f"{whole}.{decimals} {entry['currency']}" if decimals else f"{whole} {entry['currency']}"


def place(operation: Operation) -> tuple[str, str]:
    """The market and channel of a price; a cost holds everywhere."""
    entry = operation.after or operation.before or {}
    return entry.get("market", EVERYWHERE), entry.get("channel", EVERYWHERE)


def touched(operation: Operation) -> Touched:
    """The offering and where its price or cost moves."""
    entry = operation.after or operation.before or {}
    return Touched(
        offering=entry["offering"],
        selling_model=entry.get("selling_model", EVERYWHERE),
        market=entry.get("market", EVERYWHERE),
        channel=entry.get("channel", EVERYWHERE),
        currency=entry["currency"],
    )


KIND = Kind(
    name="pricing",
    schema="pricing/1",
    entries=TypeAdapter(Annotated[Price | Cost, Field(discriminator="type")]),
    edits=TypeAdapter(Annotated[SetPrice | AddPrice | RemovePrice | SetCost, Field(discriminator="edit")]),
    compile=compile_edit,
    validate=validate,
    describe=describe,
    risk="revenue leakage",
    owner_group="pricing",
    rollback="publish the earlier price book entries again",
    place=place,
    touched=touched,
)
