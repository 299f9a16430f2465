"""What a price book holds (R-10.2): prices and rates with tiers, contracts, bundles, promotions, floors, costs.

Fields that came later are stored only where they say something, so that entries written before them keep their bytes.
"""

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field, SerializerFunctionWrapHandler, StrictInt, model_serializer

from domain.artifact import EVERYWHERE, entry_id
from domain.certification import Answered
from domain.given import WrittenDay
from domain.model import Model

Word = Annotated[str, Field(min_length=1, max_length=120)]
CurrencyCode = Annotated[str, Field(pattern="^[A-Z]{3}$")]
Points = Annotated[StrictInt, Field(ge=0, le=10_000)]
Amount = Annotated[StrictInt, Field(ge=0)]
Charge = Literal["one_time", "recurring", "usage"]
TierMode = Literal["slab", "graduated"]
TierBasis = Literal["line", "quote"]


class Tier(Model):
    """From this quantity on another unit price, or basis points off the list price."""

    from_quantity: Annotated[StrictInt, Field(ge=1)]
    unit_price_micros: StrictInt | None = None
    off_basis_points: Points | None = None


class Tiered(Model):
    """An amount a unit with tiers.

    tier_mode: slab, the tier reached holds for the whole quantity; graduated, each unit has the price of its own tier.
    tier_basis: what reaches a slab: the quantity of the line, or that of the offering in the whole quote (volume).
    """

    LATER: ClassVar[frozenset[str]] = frozenset({"tier_mode", "tier_basis", "charge"})

    unit_price_micros: StrictInt
    tiers: tuple[Tier, ...] = ()
    tier_mode: TierMode = "slab"
    tier_basis: TierBasis = "line"

    @model_serializer(mode="wrap")
    def _stored(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = handler(self)
        defaults = {name: type(self).model_fields[name].default for name in self.LATER & fields.keys()}
        return {name: value for name, value in fields.items() if name not in defaults or value != defaults[name]}


class Price(Tiered):
    """The list price of an offering under a selling model, for a market and channel (`*`: every one), in a currency."""

    type: Literal["price"] = "price"
    offering: Word
    selling_model: Word
    market: Word = EVERYWHERE
    channel: Word = EVERYWHERE
    currency: CurrencyCode
    charge: Charge | None = None

    @property
    def key(self) -> str:
        return entry_id("price", self.offering, self.selling_model, self.market, self.channel, self.currency)


class Rate(Tiered):
    """What a unit of measured usage costs: a line whose selling model is the resource is priced by it."""

    LATER: ClassVar[frozenset[str]] = frozenset()

    type: Literal["rate"] = "rate"
    offering: Word
    resource: Word
    unit: Word
    market: Word = EVERYWHERE
    channel: Word = EVERYWHERE
    currency: CurrencyCode

    @property
    def key(self) -> str:
        return entry_id("rate", self.offering, self.resource, self.market, self.channel, self.currency)


class Cost(Model):
    """The unit cost of an offering in one currency."""

    type: Literal["cost"] = "cost"
    offering: Word
    currency: CurrencyCode
    unit_cost_micros: StrictInt

    @property
    def key(self) -> str:
        return entry_id("cost", self.offering, self.currency)


class Contract(Model):
    """What a customer has agreed: it takes the place of list price and tiers, and no promotion comes on top."""

    type: Literal["contract"] = "contract"
    customer: Word
    offering: Word
    selling_model: Word
    currency: CurrencyCode
    unit_price_micros: Amount

    @property
    def key(self) -> str:
        return entry_id("contract", self.customer, self.offering, self.selling_model, self.currency)


class BundlePrice(Model):
    """Basis points off an offering in a quote that has the bundle too; of several bundles the largest counts."""

    type: Literal["bundle"] = "bundle"
    bundle: Word
    offering: Word
    selling_model: Word
    currency: CurrencyCode
    off_basis_points: Points

    @property
    def key(self) -> str:
        return entry_id("bundle", self.bundle, self.offering, self.selling_model, self.currency)


class Promotion(Answered):
    """Basis points or an amount a unit off, for quotes made from `since` on and before `until`; `*` is any.

    An amount needs a currency. An exclusive promotion applies alone: of several the one with the lowest priority, then
    the first by id. All others stack: their basis points add up to at most everything, then their amounts come off.
    """

    type: Literal["promotion"] = "promotion"
    code: Word
    offering: Word
    market: Word = EVERYWHERE
    channel: Word = EVERYWHERE
    segment: Word = EVERYWHERE
    currency: Annotated[str, Field(pattern=r"^([A-Z]{3}|\*)$")] = EVERYWHERE
    since: WrittenDay
    until: WrittenDay
    off_basis_points: Points = 0
    off_micros: Amount = 0
    exclusive: bool = False
    priority: Amount = 0

    @property
    def key(self) -> str:
        place = (self.market, self.channel, self.segment, self.currency)
        return entry_id("promotion", self.code, self.offering, *place)


class Floor(Answered):
    """What promotions and discounts may not push the unit price below; a price that is lower already stays."""

    type: Literal["floor"] = "floor"
    offering: Word
    selling_model: Word
    currency: CurrencyCode
    unit_floor_micros: Amount

    @property
    def key(self) -> str:
        return entry_id("floor", self.offering, self.selling_model, self.currency)


class Rounding(Answered):
    """How amounts of a currency are rounded: to a multiple of `step` minor units; up is away from zero."""

    type: Literal["rounding"] = "rounding"
    currency: CurrencyCode
    step: Annotated[StrictInt, Field(ge=1, le=1_000_000)] = 1
    mode: Literal["half_up", "half_even", "up", "down"] = "half_up"

    @property
    def key(self) -> str:
        return entry_id("rounding", self.currency)


class Golden(Model):
    """A golden scenario: a line with the net that the book must give it, in minor units (R-6.1, R-10.1)."""

    type: Literal["golden"] = "golden"
    name: Word
    offering: Word
    selling_model: Word
    market: Word
    channel: Word
    segment: Word
    currency: CurrencyCode
    customer: Word = "golden"
    quantity: Annotated[StrictInt, Field(ge=1)] = 1
    discount_basis_points: Points = 0
    on: WrittenDay
    net_minor: StrictInt

    @property
    def key(self) -> str:
        return entry_id("golden", self.name)


Rule: TypeAlias = Rate | Contract | BundlePrice | Promotion | Floor | Rounding | Golden
PriceEntry: TypeAlias = Price | Cost | Rule
