"""How money, instants, places and texts are shown, in one place (D6c). English; instants in UTC, and they say so."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal

from domain.artifact import EVERYWHERE
from domain.blocks import block, case_words
from domain.change import MARKET_ZONE, Effective
from domain.errors import Invalid
from domain.money import amount, exponent, unit_price
from domain.pricing import Step

LOCALE = Locale.parse("en")
HOUR, DAY = 3_600, 86_400
MOST_DECIMALS = 6
DIGEST_SHOWN = 12
SELLING_MODELS = {"monthly": "per month", "one_time": "once", "yearly": "per year"}
EMPTY: tuple[object, ...] = ("", None, [], {})
LINE_CHECKS = ("every_line_priced", "not_negative", "margin_floor")
"""Checks whose counter examples are lines of quotes."""
STATES = {"awaiting_approval": "Awaiting approval", "needs_revision": "Needs revision"}
CHOICES = {"approve": "Approved", "reject": "Rejected", "request_changes": "Asked for changes"}
OUTCOMES = {"pass": "✓ passed", "fail": "✗ failed", "inconclusive": "? inconclusive"}
STEPS = {
    "list": "list price",
    "rate": "rate of the usage",
    "contract": "agreed with the customer",
    "tier": "tier",
    "graduated": "graduated tiers",
    "bundle": "in a bundle",
    "promotion": "promotion",
    "discount": "discount",
    "floor": "not below the floor",
}
TIMERS = {
    "reminder": "Approvers are reminded",
    "escalation": "Escalated: further groups may decide too",
    "expiry": "The {subject} expires",
}
FIELDS = {
    "owner": "Seller",
    "discount_basis_points": "Discount",
    "unit_price_micros": "Unit price",
    "net_minor": "Net",
    "total_minor": "Total",
    "payment_days": "Days to pay",
}
CONSEQUENCES = {
    "warn": "is a warning",
    "hold": "holds the release until the owner accepts it",
    "block": "sends the change back",
}
ACTIONS = {
    "change.created": "Draft created",
    "change.revised": "New revision written",
    "change.submitted": "Submitted",
    "change.assessment_begun": "Assessment began",
    "change.assessed": "Impact and approval plan found",
    "change.simulation_failed": "Simulation found faults",
    "change.approval_asked": "Simulated; approvers asked",
    "change.decided": "Decided",
    "change.timers": "Time passed",
    "change.comment": "Comment",
    "change.question": "Question",
    "change.answer": "Answer",
    "change.handed_on": "Decision handed on",
    "change.scheduled": "Effective instants fixed",
    "change.impact_confirmed": "Impact found again before the release",
    "change.release_blocked": "Release held back",
    "change.released": "Released",
    "change.delivered": "Delivery to targets",
    "change.monitoring": "Monitoring began",
    "change.completed": "Completed",
    "change.withdrawn": "Withdrawn",
    "change.rollback_asked": "Rollback asked for",
    "change.rollback_blocked": "Rollback held back",
    "change.rolled_back": "Earlier content released again",
    "change.rollback_finished": "Rolled back",
    "change.rollback_given_up": "Rollback given up",
    "case.opened": "A step stopped and waits",
    "case.closed": "The stopped step went on",
    "case.retried": "Another try asked for",
    "import.published": "Imported",
}


def money(minor: int | None, currency: str) -> str:
    """Minor units with the currency's own decimals: `1,234.50 EUR`, `1,234 JPY`; a dash where a record has none."""
    return "–" if minor is None else _with_currency(amount(minor, currency), currency, exponent(currency))


def money_or_plain(minor: int, currency: str) -> str:
    """Money, or for a currency that does not exist the number as it is stored."""
    try:
        return money(minor, currency)
    except Invalid:
        return f"{minor} {currency}"


def signed_money(minor: int, currency: str) -> str:
    """Money that says its direction: `+12.00 EUR`, `−3.10 EUR`, `no change`."""
    if minor == 0:
        return "no change"
    return f"{'+' if minor > 0 else '−'}{money(abs(minor), currency)}"


def price(micros: int | None, currency: str) -> str:
    """A unit price given in millionths, with as many decimals as it has: `42.90 EUR`, `0.0125 EUR`; a dash for none."""
    return "–" if micros is None else _with_currency(unit_price(micros), currency, exponent(currency))


def plain_price(micros: int, currency: str) -> str:
    """A unit price as decimal text for an input field: `42.90`."""
    return _digits(unit_price(micros), exponent(currency), grouping=False)


def _with_currency(value: Decimal, currency: str, decimals: int) -> str:
    return f"{_digits(value, decimals, grouping=True)} {currency}"


def _digits(value: Decimal, decimals: int, grouping: bool) -> str:
    pattern = ("#,##0" if grouping else "0") + "." + "0" * decimals + "#" * (MOST_DECIMALS - decimals)
    return format_decimal(value, format=pattern, locale=LOCALE)


def count(number: int | None) -> str:
    """`12,345`; a dash where a record has none."""
    return "–" if number is None else format_decimal(number, locale=LOCALE)


def percent(old: int | None, new: int | None) -> str:
    """How far an amount moved: `+7.5 %`; a dash where that cannot be said."""
    if not old or new is None:
        return "–"
    moved = (Decimal(new - old) * 100 / Decimal(old)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{'+' if moved > 0 else '−' if moved < 0 else '±'}{abs(moved)} %"


def basis_points(points: int | None) -> str:
    """`250` basis points as `2.5 %`; a dash where a record has none."""
    return "–" if points is None else f"{format_decimal(Decimal(points) / 100, locale=LOCALE)} %"


def share(part: int, whole: int) -> str:
    """A part of an amount: `62.3 %`; a dash where there is no whole."""
    return f"{(Decimal(part) * 100 / whole).quantize(Decimal('0.1'), ROUND_HALF_UP)} %" if whole else "–"


def line_of(example: str, check: str) -> tuple[str, str] | None:
    """Quote and line of a counter example, None where a check is about something else: `Q-7/3` -> Q-7, 3."""
    quote, _, line = example.rpartition("/")
    return (quote, line) if check in LINE_CHECKS and quote else None


def moment(at: datetime) -> str:
    """`1 Dec 2026, 23:00 UTC`."""
    return f"{format_datetime(at.astimezone(UTC), 'd MMM y, HH:mm', locale=LOCALE)} UTC"


def precise_moment(at: datetime) -> str:
    """`1 Dec 2026, 23:00:05 UTC`."""
    return f"{format_datetime(at.astimezone(UTC), 'd MMM y, HH:mm:ss', locale=LOCALE)} UTC"


def away(at: datetime, now: datetime) -> str:
    """How far an instant is away: `in 3 days`, `2 hours ago`."""
    return format_timedelta(at - now, add_direction=True, threshold=1.5, locale=LOCALE)


def duration(seconds: float) -> str:
    """A period in its largest fitting unit: `24 hours`, `3 days`."""
    return format_timedelta(timedelta(seconds=seconds), threshold=1.5, locale=LOCALE)


def late(due: datetime, live: datetime) -> str:
    """How late something became live: `on time` within a minute, otherwise the delay."""
    behind = (live - due).total_seconds()
    return "on time" if behind < 60 else f"{duration(behind)} late"


def effective(value: Effective) -> str:
    """The effective time as it was asked for."""
    if value.date is None:
        return "as soon as it is approved"
    zone = "local time of each market" if value.zone == MARKET_ZONE else value.zone
    return f"{format_date(value.date, 'd MMM y', locale=LOCALE)} at {value.time:%H:%M}, {zone}"


def state(name: str) -> str:
    """A state of a change or of a delivery: `Awaiting approval`."""
    return STATES.get(name, name.replace("_", " ").capitalize())


def words(name: str) -> str:
    """A code or group id as words: `commercial-directors` -> `Commercial directors`."""
    return name.replace("-", " ").replace("_", " ").capitalize()


def told(value: object) -> str:
    """A value of an entry in one line, `kind 'pricing', tier >= 2`: parts of parts in brackets, nothing empty."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{words(name).lower()} {_part(part)}" for name, part in value.items() if part not in EMPTY)
    if isinstance(value, list | tuple):
        return ", ".join(map(_part, value))
    return str(value)


def _part(value: object) -> str:
    return f"({told(value)})" if isinstance(value, Mapping) else told(value)


def asked_for(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a request asks for, a line each: `total_minor` with `currency` as `Total`, `1,234.50 EUR`; nothing empty."""
    return [
        _asked(name, value, content.get("currency", ""))
        for name, value in content.items()
        if name not in ("kind", "currency") and value not in EMPTY
    ]


def _asked(name: str, value: Any, currency: str) -> tuple[str, str]:
    if currency and name.endswith("_minor"):
        return words(name.removesuffix("_minor")), money(value, currency)
    if name.endswith("_percent"):
        return words(name.removesuffix("_percent")), f"{value} %"
    return words(name), told(value)


def field_name(name: str) -> str:
    """The field of a record in words: `discount_basis_points` -> `Discount`."""
    return FIELDS.get(name, words(name))


def figure(value: str | int | None, field: str, currency: str | None) -> str:
    """What a field of a record holds, as its name says: `250` of a discount as `2.5 %`, an amount with its currency."""
    if value is None:
        return "–"
    text = str(value)
    if currency and field.endswith("_minor"):
        return money(int(text), currency)
    if currency and field.endswith("_micros"):
        return price(int(text), currency)
    if field.endswith("_basis_points"):
        return basis_points(int(text))
    return words(text) if field == "status" else text


def market(code: str) -> str:
    """`DE` -> `Germany (DE)`."""
    if code == EVERYWHERE:
        return "every market"
    name = LOCALE.territories.get(code)
    return f"{name} ({code})" if name else code


def channel(code: str) -> str:
    """`partner` -> `Partner`, `*` -> `every channel`."""
    return "every channel" if code == EVERYWHERE else words(code)


def selling_model(code: str) -> str:
    """`monthly` -> `per month`."""
    return SELLING_MODELS.get(code, code.replace("_", " "))


def choice(name: str) -> str:
    """What somebody decided."""
    return CHOICES[name]


def outcome(name: str) -> str:
    """The outcome of a check, by sign and word, so that nothing depends on colour."""
    return OUTCOMES[name]


def consequence(name: str) -> str:
    """What follows of a check that did not pass."""
    return CONSEQUENCES[name]


def timer(what: str, subject: str = "change") -> str:
    """What time will do to a subject, which is a change or a request."""
    return TIMERS[what].format(subject=subject)


def action(name: str) -> str:
    """What an audit record tells."""
    return ACTIONS.get(name, words(name.partition(".")[2]))


def price_step(step: Step) -> str:
    """A step of a price in words: `tier from 10 on`, `discount of 2.5 %`, `times 3, rounded`."""
    off = f" of {basis_points(step.points)}" if step.points else ""
    starts = f" from {count(step.quantity)} on" if step.rule in ("tier", "graduated") else ""
    if step.rule == "net":
        return f"times {count(step.quantity)}, rounded"
    return f"{STEPS[step.rule]}{starts}{off}{', the whole line' if step.per == 'line' else ''}"


def short(digest: str) -> str:
    """The first characters of a digest: enough to compare by eye."""
    return digest.removeprefix("sha256:")[:DIGEST_SHOWN]


FILTERS: Mapping[str, object] = {
    function.__name__: function
    for function in (
        money, money_or_plain, signed_money, price, plain_price, count, percent, basis_points, moment, precise_moment,
        away, duration, late, effective, state, words, market, channel, selling_model, choice, outcome, consequence,
        timer, block, case_words, action, short, price_step, line_of, share, told, asked_for, field_name,
        figure,
    )
}  # fmt: skip
