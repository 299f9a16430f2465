"""The form of a price change: what was typed becomes a proposal, and a revision becomes a form that is filled in."""

from collections.abc import Mapping
from datetime import date as LocalDate
from datetime import time as LocalTime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import Field

from analysis.proposals import Proposal, ProposedPart
from api.parts import Whole
from domain.artifact import EVERYWHERE, Content, Entry, Operation
from domain.change import MARKET_ZONE, ChangeContent, Effective, Monitoring, Rollback
from domain.errors import Invalid
from domain.kinds.pricing_entries import Cost
from domain.money import exponent, unit_price
from web.lookups import PRICING
from web.present import DAY, HOUR, plain_price
from web.visitor import PageForm, as_typed

Text = Annotated[str, Field(max_length=8000)]
Texts = Annotated[list[Text], Field(max_length=5000)]
MOST_FIELDS = 12_000
"""A whole price book in one form: each entry is two fields."""
PLACE = ("offering", "selling_model", "market", "channel", "currency")
AMOUNTS = {"price": "unit_price_micros", "cost": "unit_cost_micros"}


class PriceForm(PageForm):
    """The form as it was filled in; nothing of it has to make sense.

    offering: the offerings that it shows; add, leave: one to show too, one to show no longer; percent: by how much
    every list price that it shows is to become dearer (`-5`: cheaper), filled in on the way. market: those that it is
    about, none for all. entry and unit_price: entries and their new amounts (blank: unchanged) in the same order;
    take_out: entries that go. new_*: prices that the book does not have yet, column by column.
    """

    csrf: Text = ""
    key: Text = ""
    offering: Texts = []
    add: Text = ""
    leave: Text = ""
    percent: Text = ""
    market: Texts = []
    entry: Texts = []
    unit_price: Texts = []
    take_out: Texts = []
    new_offering: Texts = []
    new_selling_model: Texts = []
    new_market: Texts = []
    new_channel: Texts = []
    new_currency: Texts = []
    new_price: Texts = []
    title: Text = ""
    objective: Text = ""
    effective_date: Text = ""
    effective_time: Text = "00:00"
    zone: Text = MARKET_ZONE
    monitoring_days: Text = "1"
    monitoring_hours: Text = "0"
    monitoring: Text = Monitoring().requirement
    least_tier: Text = "0"
    emergency_reason: Text = ""
    standard: Text = ""
    then: Literal["draft", "submit", "try", "edit"] = "draft"
    change: Text = ""
    """The change that this is a new revision of; empty for a new change."""
    version: Whole = 0

    @property
    def prices(self) -> Mapping[str, str]:
        """New amounts by entry."""
        return {
            entry: price.strip() for entry, price in zip(self.entry, self.unit_price, strict=False) if price.strip()
        }

    @property
    def added(self) -> list[dict[str, str]]:
        """Prices that the book does not have yet, as typed; rows without an amount are left."""
        names = (*PLACE, "unit_price")
        columns = (self.new_offering, self.new_selling_model, self.new_market, self.new_channel, self.new_currency)
        rows = zip(*columns, self.new_price, strict=False)
        return [dict(zip(names, map(str.strip, row), strict=True)) for row in rows if row[-1].strip()]


def proposal_of(content: Content, form: PriceForm) -> Proposal:
    """The form as a proposal on a price book. Raises Invalid("no_new_price", "bad_form", "other_market")."""
    edits = _edits(content, form)
    if not edits:
        raise Invalid("no_new_price", "Give at least one new price.")
    with as_typed():
        return Proposal(
            kind="pricing",
            title=form.title.strip(),
            objective=form.objective.strip(),
            parts=[ProposedPart(artifact=PRICING, edits=edits)],
            effective=_effective(form),
            monitoring=Monitoring(seconds=_seconds(form), requirement=form.monitoring),
            least_tier=_number(form.least_tier, "Choose the least tier from the list."),
            emergency=bool(form.emergency_reason.strip()),
            emergency_reason=form.emergency_reason.strip(),
            standard=form.standard.strip(),
        )


def fits_the_form(content: ChangeContent) -> bool:
    """Whether a change is nothing but amounts of prices and costs, at a time in minutes: all that the form can say."""
    operations = [op for part in content.parts for op in part.operations]
    plain = content.rollback == Rollback() and not content.scope.customers and content.monitoring.seconds % HOUR == 0
    plain = plain and content.effective.time == content.effective.time.replace(second=0, microsecond=0, tzinfo=None)
    return plain and [part.artifact for part in content.parts] == [PRICING] and all(map(_is_amount, operations))


def filled_in(change: str, version: int, content: ChangeContent) -> PriceForm:
    """A revision as a form; see `fits_the_form`."""
    operations = content.parts[0].operations
    changed = [(op.entry, op.after) for op in operations if op.after and (op.before or op.after["type"] == "cost")]
    added = [op.after for op in operations if op.after and not op.before and op.after["type"] == "price"]
    seconds = content.monitoring.seconds
    return PriceForm(
        change=change,
        version=version,
        offering=list(dict.fromkeys((op.after or op.before or {})["offering"] for op in operations)),
        entry=[entry for entry, _ in changed],
        unit_price=[amount_of(entry) for _, entry in changed],
        take_out=[op.entry for op in operations if op.after is None],
        **{f"new_{name}": [str(entry[name]) for entry in added] for name in PLACE},
        new_price=[amount_of(entry) for entry in added],
        title=content.title,
        objective=content.objective,
        effective_date=content.effective.date.isoformat() if content.effective.date else "",
        effective_time=f"{content.effective.time:%H:%M}",
        zone=content.effective.zone,
        monitoring_days=str(seconds // DAY),
        monitoring_hours=str(seconds % DAY // HOUR),
        monitoring=content.monitoring.requirement,
        least_tier=str(content.least_tier),
        emergency_reason=content.emergency_reason,
        standard=content.standard,
    )


def dearer(form: PriceForm, shown: Mapping[str, Entry]) -> PriceForm:
    """The form with a new amount for every list price that it shows, rounded to money; costs stay as they were typed.

    Raises Invalid("bad_percent").
    """
    try:
        percent = Decimal(form.percent.strip().removesuffix("%"))
    except InvalidOperation:
        raise Invalid("bad_percent", f"{form.percent.strip()!r} is no number of percent.") from None
    if not percent.is_finite() or not -100 < percent <= 1000:
        raise Invalid("bad_percent", "Prices can become up to 1,000 percent dearer and less than 100 percent cheaper.")
    prices = {key: _by_percent(entry, percent) for key, entry in shown.items() if entry["type"] == "price"}
    amounts = {**form.prices, **prices}
    return form.model_copy(update={"entry": list(amounts), "unit_price": list(amounts.values()), "percent": ""})


def _by_percent(entry: Entry, percent: Decimal) -> str:
    """What a list price comes to, in whole minor units of its currency."""
    smallest = Decimal(1).scaleb(-exponent(entry["currency"]))
    moved = unit_price(entry["unit_price_micros"]) * (100 + percent) / 100
    return f"{moved.quantize(smallest, ROUND_HALF_UP):f}"


def amount_of(entry: Entry) -> str:
    """The amount of a price or cost as one types it."""
    return plain_price(entry[AMOUNTS[entry["type"]]], entry["currency"])


def _edits(content: Content, form: PriceForm) -> list[dict[str, Any]]:
    edits = [_amount_edit(content, form, key, amount) for key, amount in form.prices.items()]
    edits += [{"edit": "remove_price", **_place(content, form, key)} for key in form.take_out]
    edits += [{"edit": "add_price", **row} for row in form.added]
    for edit in edits:
        if form.market and edit.get("market", EVERYWHERE) not in (*form.market, EVERYWHERE):
            raise Invalid("other_market", f"A price in {edit['market']} is outside the markets that you have chosen.")
    return edits


def _amount_edit(content: Content, form: PriceForm, key: str, amount: str) -> dict[str, Any]:
    if key.startswith("cost/"):
        offering, currency = _cost_place(form, key)
        return {"edit": "set_cost", "offering": offering, "currency": currency, "unit_cost": amount}
    return {"edit": "set_price", **_place(content, form, key), "unit_price": amount}


def _place(content: Content, form: PriceForm, key: str) -> dict[str, Any]:
    entry = content.get(key)
    if entry is None or entry["type"] != "price" or entry["offering"] not in form.offering:
        raise Invalid("unknown_price", f"The price book has no price {key} of {', '.join(form.offering)} any more.")
    return {name: entry[name] for name in PLACE}


def _cost_place(form: PriceForm, key: str) -> tuple[str, str]:
    """Offering and currency of a cost that was shown, whether the book has it yet or not."""
    currency = key.rpartition("/")[2]
    for offering in form.offering:
        if key == cost_key(offering, currency):
            return offering, currency
    raise Invalid("unknown_price", f"The form has no price {key} of {', '.join(form.offering)}.")


def cost_key(offering: str, currency: str) -> str:
    """The key of the cost of an offering."""
    return Cost(offering=offering, currency=currency, unit_cost_micros=0).key


def _effective(form: PriceForm) -> Effective:
    if not form.effective_date:
        return Effective()
    try:
        date, time = LocalDate.fromisoformat(form.effective_date), LocalTime.fromisoformat(form.effective_time)
    except ValueError:
        raise Invalid("bad_form", "Give the date as a day and the time as hours and minutes.") from None
    return Effective(date=date, time=time, zone=form.zone)


def _seconds(form: PriceForm) -> int:
    wrong = "Give the monitoring in whole days and hours."
    return _number(form.monitoring_days, wrong) * DAY + _number(form.monitoring_hours, wrong) * HOUR


def _number(text: str, wrong: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Invalid("bad_form", wrong) from None


def _is_amount(operation: Operation) -> bool:
    """Whether an operation sets, adds or takes out an amount, and changes nothing else of the entry."""
    entries = [entry for entry in (operation.before, operation.after) if entry is not None]
    if any(entry["type"] not in AMOUNTS for entry in entries):
        return False
    if entries[0]["type"] == "cost":
        return operation.after is not None
    rest = [{name: value for name, value in entry.items() if name != AMOUNTS["price"]} for entry in entries]
    return rest[0] == rest[-1] if operation.before else not rest[0]["tiers"] and "charge" not in rest[0]
