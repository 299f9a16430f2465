"""The facts from which a change is tiered and planned: found, never asked of the requester (R-3.2, R-3.3).

`FACTS` declares each with its type and domain; policies are analysed over these domains and evaluated on these facts.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from domain.artifact import Operation
from domain.change import ChangeContent
from domain.impact import Impact
from domain.kinds import kinds
from domain.model import Model

NEW_PRICE_PERCENT = 100
SUMMED_OVER = timedelta(days=30)
"""How long a change that has taken effect still counts into the sums of the next one."""


class Fact(Model):
    """A column that rules may use: its name, what people call it, its type, and every value that it can take.

    whole: whole numbers from `least` to `most` (None: no bound); text: one of `values`; truth: true or false.
    """

    name: str
    title: str
    type: Literal["whole", "text", "truth"]
    least: int | None = None
    most: int | None = None
    values: tuple[str, ...] = ()


FACTS = (
    Fact(name="kind", title="Kind of change", type="text", values=tuple(kinds())),
    Fact(name="largest_increase_percent", title="Largest price increase in percent", type="whole", least=-100),
    Fact(name="summed_increase_percent", title="The same, with recent and open changes", type="whole", least=-100),
    Fact(name="affected_quotes", title="Open quotes affected", type="whole", least=0),
    Fact(name="summed_affected_quotes", title="The same, with other changes of the requester", type="whole", least=0),
    Fact(name="internal_only", title="Only texts that no customer reads move", type="truth"),
    Fact(name="wording_only", title="Only names and descriptions move", type="truth"),
    Fact(name="new_regulated_product", title="Something that a law governs becomes sellable", type="truth"),
    Fact(name="regulated", title="Something that a law governs moves", type="truth"),
    Fact(name="billing_model", title="How something is charged moves", type="truth"),
    Fact(name="quarter_close", title="Takes effect while a quarter closes", type="truth"),
    Fact(name="emergency", title="Asked for as an emergency", type="truth"),
)
"""Every fact of a change, in the order in which tables show them."""

TIER = Fact(name="tier", title="Tier", type="whole", least=0, most=4)


class Earlier(Model):
    """What recent and open changes besides this one have moved already, so that splitting lowers nothing (R-3.3).

    prices: by entry, the price (millionths) before the earliest of them; quotes: affected by the requester's others.
    """

    prices: Mapping[str, int] = {}
    quotes: Annotated[int, Field(ge=0)] = 0


NOTHING_EARLIER = Earlier()


def tiering_facts(
    content: ChangeContent, impact: Impact, earlier: Earlier = NOTHING_EARLIER, quarter_close: bool = False
) -> Mapping[str, object]:
    """Every fact of `FACTS` for a change: from its content, its impact, what went before it, and the calendar."""
    operations = [op for part in content.parts for op in part.operations]
    own, summed = _rises(operations, {}), _rises(operations, earlier.prices)
    return {
        "kind": content.kind,
        "largest_increase_percent": max(own, default=0),
        "summed_increase_percent": max([*own, *summed], default=0),
        "affected_quotes": impact.quotes,
        "summed_affected_quotes": impact.quotes + earlier.quotes,
        "internal_only": all(_internal(op) for op in operations) and bool(operations),
        "wording_only": all(_moved(op) <= WORDS for op in operations) and bool(operations),
        "new_regulated_product": any(_newly_regulated(op) for op in operations),
        "regulated": any((entry or {}).get("regulated") for op in operations for entry in (op.before, op.after)),
        "billing_model": any(_billing(op) for op in operations),
        "quarter_close": quarter_close,
        "emergency": content.emergency,
    }


WORDS = frozenset({"name", "description", "text"})


def _rises(operations: Iterable[Operation], starts: Mapping[str, int]) -> list[int]:
    """By how many percent each list price rises, rounded up; from `starts` where an earlier price is known there."""
    moves = _moves(operations, starts)
    return [-(-(new - old) * 100 // old) if old > 0 else NEW_PRICE_PERCENT for old, new in moves]


def summed_fall(content: ChangeContent, earlier: Earlier) -> int:
    """By how many percent, rounded up, the price falls that falls most; with recent and open changes (R-3.3)."""
    operations = [op for part in content.parts for op in part.operations]
    moves = [*_moves(operations, {}), *_moves(operations, earlier.prices)]
    return max((-((new - old) * 100 // old) for old, new in moves if 0 <= new < old), default=0)


def _moves(operations: Iterable[Operation], starts: Mapping[str, int]) -> list[tuple[int, int]]:
    """Each list price before and after; from `starts` where an earlier price is known there."""
    found = []
    for op in operations:
        old = starts.get(op.entry, (op.before or {}).get("unit_price_micros"))
        new = (op.after or {}).get("unit_price_micros")
        if old is not None and new is not None:
            found.append((old, new))
    return found


def _moved(op: Operation) -> set[str]:
    """The fields that an operation moves; an added or removed entry moves all of its fields."""
    before, after = op.before or {}, op.after or {}
    return {field for field in before.keys() | after.keys() if before.get(field) != after.get(field)}


def _internal(op: Operation) -> bool:
    entries = [entry for entry in (op.before, op.after) if entry]
    return all(entry.get("audience") == "internal" for entry in entries)


def _newly_regulated(op: Operation) -> bool:
    """An offering that a law governs is added, or one that is sold becomes such."""
    after = op.after or {}
    was = (op.before or {}).get("regulated", False) and (op.before or {}).get("sellable", False)
    return after.get("type") == "offering" and after.get("regulated", False) and after["sellable"] and not was


def _billing(op: Operation) -> bool:
    """The charges of an offering, the task that starts billing, or how a promotion is billed, move."""
    fields: Mapping[str, Sequence[str]] = {"offering": ("selling_models",), "promotion": ("billing", "refund")}
    entries: tuple[dict[str, Any], ...] = tuple(entry for entry in (op.before, op.after) if entry)
    kind = entries[0]["type"] if entries else ""
    if kind == "task":
        return any(entry["milestone"] == "billing_start" for entry in entries)
    return op.action == "change" and bool(_moved(op) & set(fields.get(kind, ())))
