"""Which list prices the story raises: those of something that open quotes use and whose rise can be approved."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from cli.client import Api
from domain.artifact import entry_id
from domain.errors import MandateError, NotFound
from domain.money import exponent, unit_price

CATALOG = "catalog/standard"
PRICES = "pricing/standard"
STEP, JUMP = 7, 30
"""Percent: a rise of every day, and one that the shipped policy puts before a governance board."""
BOARD_TIER = 3
SAMPLE = 1_000
FINEST = Decimal("0.000001")


@dataclass(frozen=True)
class Choice:
    """An offering under a selling model, its name, and the entries of the price book with their new prices."""

    offering: str
    selling_model: str
    name: str
    entries: tuple[Mapping[str, Any], ...]
    percent: int

    @property
    def title(self) -> str:
        return f"{self.name}, {self.selling_model}: list price up by {self.percent} percent"

    def raised(self, entry: Mapping[str, Any]) -> Decimal:
        """The new price of an entry."""
        return raised(entry["old"], entry["currency"], self.percent)

    def proposal(self, effective: str | None, monitoring_days: int) -> dict[str, Any]:
        """The change as the API takes it; `effective` is a local date of each market, None means on approval."""
        return {
            "kind": "pricing",
            "title": self.title,
            "objective": "Follow the higher cost of purchase.",
            "parts": [{"artifact": PRICES, "edits": [_edit(entry, self.raised(entry)) for entry in self.entries]}],
            "monitoring": {"seconds": monitoring_days * 86_400, "requirement": "Targets still hold the new price."},
            **({"effective": {"date": effective}} if effective else {}),
        }


def choose(api: Api, currencies: frozenset[str], number: int, percent: int) -> Choice:
    """The choice for the change with this number; the next number gives another one.

    percent: by how much the price rises. Raises NotFound("nothing_to_raise") when no open quote uses a price that can
    be raised.
    """
    versions = {artifact["id"]: artifact["latest"] for artifact in api.get("/api/artifacts")}
    sold = _sold(api)
    for place in range(len(sold)):
        offering, selling_model = sold[(number + place) % len(sold)]
        choice = Choice(
            offering,
            selling_model,
            _name(api, versions[CATALOG], offering),
            tuple(_entries(api, versions[PRICES], offering, selling_model, currencies)),
            percent,
        )
        if choice.entries and _can_be_approved(api, choice):
            return choice
    raise NotFound("nothing_to_raise", "No open quote uses a price that could be raised.")


def raised(old: Decimal, currency: str, percent: int) -> Decimal:
    """About so much more, at a price that people would print: tenths of the currency's unit, finer below one unit."""
    step = Decimal(1).scaleb(min(0, 1 - exponent(currency))) if old >= 1 else FINEST
    return max((old * (100 + percent) / 100).quantize(step, ROUND_HALF_UP), old + step)


def _sold(api: Api) -> list[tuple[str, str]]:
    """What open quotes use, most used first."""
    quotes: list[Any] = []
    cursor: str | None = ""
    while cursor is not None and len(quotes) < SAMPLE:
        page = api.get("/api/quotes", limit=200, cursor=cursor)
        quotes, cursor = quotes + page["items"], page["next"]
    used = Counter((line["offering"], line["selling_model"]) for quote in quotes for line in quote["lines"])
    return sorted(used, key=lambda pair: (-used[pair], pair))


def _entries(
    api: Api, version: int, offering: str, selling_model: str, currencies: frozenset[str]
) -> Iterator[Mapping[str, Any]]:
    start = entry_id("price", offering, selling_model) + "/"
    path = f"/api/artifacts/{PRICES}/versions/{version}/entries"
    for entry in api.get(path, contains=start, limit=200)["items"]:
        if entry["key"].startswith(start) and entry["currency"] in currencies and entry["unit_price_micros"] > 0:
            yield {**entry, "old": unit_price(entry["unit_price_micros"])}


def _name(api: Api, version: int, offering: str) -> str:
    key = entry_id("offering", offering)
    found = api.get(f"/api/artifacts/{CATALOG}/versions/{version}/entries", contains=key, limit=200)["items"]
    return next((str(entry["name"]) for entry in found if entry["key"] == key), offering)


def _can_be_approved(api: Api, choice: Choice) -> bool:
    try:
        found = api.post("/api/changes/dry-run", choice.proposal(None, 1))
    except MandateError:
        return False
    failed = [check for check in found["simulation"]["checks"] if check["outcome"] == "fail"]
    # What rose lately counts too: a small rise of the same price can then be one for the board.
    tier = BOARD_TIER if choice.percent == JUMP else BOARD_TIER - 1
    return found["impact"]["quotes"] > 0 and not failed and not found["unsatisfiable"] and found["tier"] == tier


def _edit(entry: Mapping[str, Any], new: Decimal) -> dict[str, Any]:
    place = {name: entry[name] for name in ("offering", "selling_model", "market", "channel", "currency")}
    return {"edit": "set_price", **place, "unit_price": f"{new:f}"}
