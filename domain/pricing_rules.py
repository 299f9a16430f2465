"""The arithmetic of single price rules: tiers, bundles, promotions. Integers; a reduction rounds towards zero."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from domain.artifact import EVERYWHERE, Content, Entry, entry_id
from domain.money import BASIS_POINTS
from domain.quote import Quote, QuoteLine

LARGEST_QUANTITY = 1_000_000_000
PLACE = ("market", "channel", "segment", "currency")


def less(amount: int, points: int) -> int:
    """An amount with basis points taken off, cut to a millionth towards zero."""
    kept = abs(amount) * (BASIS_POINTS - points) // BASIS_POINTS
    return kept if amount >= 0 else -kept


def tier_units(entry: Entry) -> list[tuple[int, int, int]]:
    """Each tier as (from quantity, unit, extra): a line that reaches it costs unit times quantity plus extra.

    The first is the list price from 1 on. Extra is what the cheaper or dearer units below a graduated tier make up.
    """
    unit, extra, result = int(entry["unit_price_micros"]), 0, [(1, int(entry["unit_price_micros"]), 0)]
    graduated = entry.get("tier_mode") == "graduated"
    for tier in entry.get("tiers", ()):
        own = _tier_unit(entry, tier)
        if graduated:
            extra += (unit - own) * (tier["from_quantity"] - 1)
        unit = own
        result.append((tier["from_quantity"], unit, extra))
    return result


def _tier_unit(entry: Entry, tier: Mapping[str, Any]) -> int:
    if tier["unit_price_micros"] is not None:
        return int(tier["unit_price_micros"])
    return less(int(entry["unit_price_micros"]), int(tier["off_basis_points"] or 0))


def tiered(entry: Entry, quantity: int) -> tuple[int, int, int]:
    """Unit and extra of the highest tier that a quantity reaches, and where it starts (0: no tier is reached)."""
    found = [(start, unit, extra) for start, unit, extra in tier_units(entry)[1:] if start <= quantity]
    if not found:
        return int(entry["unit_price_micros"]), 0, 0
    start, unit, extra = found[-1]
    return unit, extra, start


def reached(entry: Entry, quote: Quote, line: QuoteLine) -> int:
    """The quantity that reaches a tier: the line's, or that of the offering in the whole quote.

    A quantity that nobody can price counts too, but the volume stays one that a line could have.
    """
    own = line.quantity or 0
    if entry.get("tier_basis", "line") == "line":
        return own
    same = (line.offering, line.selling_model)
    volume = sum(one.quantity or 0 for one in quote.lines if (one.offering, one.selling_model) == same)
    return max(1, min(volume, LARGEST_QUANTITY))


def bundle_off(rules: Sequence[tuple[str, Entry]], quote: Quote, line: QuoteLine) -> tuple[int, str]:
    """The largest reduction in basis points among the bundles that the quote has, and its entry; (0, "") for none."""
    wanted = {"offering": line.offering, "selling_model": line.selling_model, "currency": quote.currency}
    has = {other.offering for other in quote.lines}
    found = [
        (rule["off_basis_points"], key)
        for key, rule in rules
        if rule["bundle"] in has and all(rule[name] == value for name, value in wanted.items())
    ]
    return max(found, key=lambda pair: pair[0], default=(0, ""))


def promotions_for(rules: Sequence[tuple[str, Entry]], quote: Quote, line: QuoteLine) -> list[tuple[str, Entry]]:
    """The promotions that apply to a line: the first exclusive one alone, or all that stack, ordered by id."""
    if quote.created_at is None:
        return []
    place = {
        "offering": line.offering,
        "market": quote.market,
        "channel": quote.channel,
        "segment": quote.segment,
        "currency": quote.currency,
    }
    day = quote.created_at.date().isoformat()
    return chosen([pair for pair in rules if _covers(pair[1], place) and pair[1]["since"] <= day < pair[1]["until"]])


def chosen(applicable: Sequence[tuple[str, Entry]]) -> list[tuple[str, Entry]]:
    """Of promotions that hold at one place, those that apply: of a group only the best, the others add up."""
    exclusive = [pair for pair in applicable if pair[1]["exclusive"]]
    if exclusive:
        return [min(exclusive, key=lambda pair: (pair[1]["priority"], pair[0]))]
    best: dict[str, tuple[str, Entry]] = {}
    for key, rule in sorted(applicable, key=lambda pair: (_off(pair[1]), pair[0])):
        best[rule.get("group") or key] = (key, rule)
    return sorted(best.values(), key=lambda pair: pair[0])


def _off(rule: Entry) -> tuple[int, int]:
    return rule["off_basis_points"], rule["off_micros"]


def promotion_rules(artifact: str, promotions: Content) -> dict[str, Entry]:
    """The content of a promotion artifact as rules of a price book, one for each offering.

    Their ids name the artifact, so that a promotion of the same id in a price book or another artifact stays beside it.
    """
    rules = {}
    for entry in promotions.values():
        if entry["type"] == "promotion":
            for offering in entry["offerings"]:
                rule = _rule(entry, offering)
                own = (rule[name] for name in ("code", "offering", *PLACE))
                rules[entry_id("promotion", artifact, *own)] = rule
    return rules


def _rule(entry: Entry, offering: str) -> Entry:
    return {
        "type": "promotion",
        "code": entry["id"],
        "offering": offering,
        **{name: entry[name] for name in ("market", "channel", "segment", "exclusive")},
        "currency": entry["currency"] or EVERYWHERE,
        "since": entry["first_day"],
        "until": _day_after(date.fromisoformat(entry["last_day"])).isoformat(),
        "off_basis_points": entry["off_basis_points"] or 0,
        "off_micros": entry["off_micros"] or 0,
        "priority": 0,
        "group": entry["stacking_group"],
    }


def _day_after(day: date) -> date:
    """The last day of the calendar stands for no end."""
    return day + timedelta(days=1) if day < date.max else day


def _covers(rule: Entry, place: Mapping[str, str]) -> bool:
    return all(rule[name] in (EVERYWHERE, value) for name, value in place.items())
