"""Operations on a price book in business words, from ids and amounts (R-7.1)."""

from collections.abc import Mapping
from typing import Any

from domain.artifact import EVERYWHERE, Operation
from domain.money import exponent, unit_price

PLACES = ("customer", "code", "bundle", "offering", "selling_model", "resource", "market", "channel", "segment")
NAMES = {
    "price": "",
    "cost": "cost of ",
    "rate": "rate of ",
    "contract": "contract price for ",
    "bundle": "in the bundle ",
    "promotion": "promotion ",
    "floor": "floor of ",
    "rounding": "rounding of ",
}


def describe(operation: Operation) -> str:
    """`Fibre 500, monthly, DE, partner: 39.90 EUR becomes 42.90 EUR`, from ids and amounts."""
    entry = operation.after or operation.before or {}
    if entry["type"] == "golden":
        what = f"golden scenario {entry['name']}"
    else:
        place = ", ".join(str(entry[key]) for key in PLACES if entry.get(key, EVERYWHERE) != EVERYWHERE)
        what = NAMES[entry["type"]] + (place or str(entry["currency"]))
    old, new = _shown(operation.before), _shown(operation.after)
    if old == new and entry["type"] == "price":
        old, new = (_price_tiers(version or {}) for version in (operation.before, operation.after))
    if old is None:
        return f"{what}: new at {new}"
    return f"{what}: {old} taken out" if new is None else f"{what}: {old} becomes {new}"


def _shown(entry: Mapping[str, Any] | None) -> str | None:
    if entry is None:
        return None
    match entry["type"]:
        case "promotion":
            exclusive = ", exclusive" if entry["exclusive"] else ""
            return f"{_off(entry)} from {entry['since']} until {entry['until']}{exclusive}"
        case "bundle":
            return _off(entry)
        case "rounding":
            return f"{entry['mode'].replace('_', ' ')} to {entry['step']} minor units"
        case "golden":
            return f"a net of {entry['net_minor']} minor units of {entry['currency']}"
    amounts = ("unit_price_micros", "unit_cost_micros", "unit_floor_micros")
    value = next(entry[field] for field in amounts if field in entry)
    return f"{_money(value, entry['currency'])}{_tiers(entry)}"


def _off(entry: Mapping[str, Any]) -> str:
    parts = []
    if entry["off_basis_points"] or not entry.get("off_micros"):
        whole, rest = divmod(entry["off_basis_points"], 100)
        parts.append(f"{whole}{f'.{rest:02}'.rstrip('0') if rest else ''} % off")
    if entry.get("off_micros"):
        parts.append(f"{_money(entry['off_micros'], entry['currency'])} off")
    return " and ".join(parts)


def _tiers(entry: Mapping[str, Any]) -> str:
    tiers = entry.get("tiers") or ()
    if entry["type"] == "price" or not tiers:
        return ""
    return f" with {len(tiers)} tier{'s' if len(tiers) > 1 else ''}"


def _price_tiers(entry: Mapping[str, Any]) -> str:
    """`graduated tiers: from 10 5 % off, from 50 30.00 EUR`."""
    tiers = []
    for tier in entry["tiers"]:
        unit = tier["unit_price_micros"]
        price = _off(tier) if unit is None else _money(unit, entry["currency"])
        tiers.append(f"from {tier['from_quantity']} {price}")
    whole = " over the whole quote" if entry.get("tier_basis") == "quote" else ""
    return f"{entry.get('tier_mode', 'slab')} tiers{whole}: {', '.join(tiers)}" if tiers else "no tiers"


def _money(value: int, currency: str) -> str:
    text = f"{unit_price(value):f}"
    whole, _, decimals = text.partition(".")
    kept = decimals.rstrip("0").ljust(0 if currency == EVERYWHERE else exponent(currency), "0")
    return f"{whole}.{kept} {currency}" if kept else f"{whole} {currency}"
