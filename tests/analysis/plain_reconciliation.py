"""Reconciliation as a person would do it, record by record: the reference that the engine has to agree with."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from domain.reconciliation import ComparedField, KeyPart, Kind, Pair, Side

Record = Mapping[str, Any]
Key = tuple[Any, ...]
INTEGER = re.compile(r"[+-]?[0-9]+([.]0+)?")
LARGEST = 2**63
UNREADABLE = object()


@dataclass
class Found:
    """What was found: of each side how many records in each class, and the differences as (kind, key, fields)."""

    left: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    right: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    differences: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)


@dataclass
class Held:
    """The readable records of one key on one side, combined: values, number of records, torn fields, when due."""

    values: dict[str, Any]
    records: int
    torn: set[str]
    due: datetime | None


def reconcile(pair: Pair, left: Sequence[Record], right: Sequence[Record], as_of: datetime) -> Found:
    """Reconcile records that carry `excluded` (a reason or None) and `due_at` beside keys and fields."""
    found = Found()
    sides = [
        _take(pair, pair.left, left, found.left, found.differences, Kind.UNREADABLE_LEFT),
        _take(pair, pair.right, right, found.right, found.differences, Kind.UNREADABLE_RIGHT),
    ]
    for key in sorted({*sides[0], *sides[1]}, key=repr):
        _judge(pair, key, sides[0].get(key, []), sides[1].get(key, []), as_of, found)
    found.differences.sort()
    return found


def _take(
    pair: Pair, side: Side, records: Sequence[Record], counts: dict[str, int], bad: list[Any], kind: Kind
) -> dict[Key, list[Record]]:
    grouped: dict[Key, list[Record]] = defaultdict(list)
    for record in records:
        key = tuple(_key(part, record[part.name]) for part in pair.key)
        values = {f.name: _value(f, record[f.name]) for f in pair.fields}
        counts["population"] += 1
        if record["excluded"]:
            counts["excluded"] += 1
        elif None in key or UNREADABLE in values.values():
            counts["unreadable"] += 1
            bad.append((str(kind), _text(key), ()))
        else:
            grouped[key].append({**values, "due_at": record["due_at"]})
    return grouped


def _judge(pair: Pair, key: Key, left: list[Record], right: list[Record], as_of: datetime, found: Found) -> None:
    for side, records, kind in ((pair.left, left, Kind.REPEATED_LEFT), (pair.right, right, Kind.REPEATED_RIGHT)):
        if len(records) > 1 and not side.many:
            found.left["repeated"] += len(left)
            found.right["repeated"] += len(right)
            found.differences.append((str(kind), _text(key), ()))
            return
    one, other = _combined(pair, pair.left, left), _combined(pair, pair.right, right)
    apart = _apart(pair, one, other) if one and other else ()
    if one and other and not apart:
        found.left["agreeing"] += one.records
        found.right["agreeing"] += other.records
        return
    due = max((held.due for held in (one, other) if held and held.due), default=None)
    kind = Kind.MISSING_LEFT if not one else Kind.MISSING_RIGHT if not other else Kind.DIFFERING
    if due is not None and due > as_of:
        kind = Kind.NOT_DUE
    name = {Kind.NOT_DUE: "not_due", Kind.DIFFERING: "differing"}.get(kind, "missing")
    found.left[name] += one.records if one else 0
    found.right[name] += other.records if other else 0
    found.differences.append((str(kind), _text(key), apart))


def _combined(pair: Pair, side: Side, records: list[Record]) -> Held | None:
    if not records:
        return None
    values, torn = {}, set()
    for f in pair.fields:
        all_values = [record[f.name] for record in records]
        there = [value for value in all_values if value is not None]
        if not side.many:
            values[f.name] = all_values[0]
        elif f.combine == "same":
            values[f.name] = min(there) if there else None
            if len(set(there)) > 1 or (there and len(there) < len(all_values)):
                torn.add(f.name)
        elif f.combine in ("all", "any"):
            values[f.name] = (all if f.combine == "all" else any)(bool(value) for value in all_values)
        else:
            values[f.name] = {"sum": sum, "min": min, "max": max}[f.combine](there) if there else None
    due = max((record["due_at"] for record in records if record["due_at"]), default=None)
    return Held(values, len(records), torn if len(records) > 1 else set(), due)


def _apart(pair: Pair, one: Held, other: Held) -> tuple[str, ...]:
    return tuple(
        f.name
        for f in pair.fields
        if f.name in one.torn | other.torn or _differs(f, one.values[f.name], other.values[f.name])
    )


def _differs(f: ComparedField, one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is not other
    if isinstance(one, datetime):
        return abs((one - other).total_seconds()) > f.tolerance
    return abs(one - other) > f.tolerance if f.tolerance else bool(one != other)


def _text(key: Key) -> str:
    return " / ".join("?" if part is None else str(part) for part in key)


def _key(part: KeyPart, value: Any) -> Any:
    if part.type == "integer":
        number = _integer(value)
        return None if number is UNREADABLE else number
    text = "" if value is None else str(value).strip(" ").upper()
    return text or None


def _value(f: ComparedField, value: Any) -> Any:
    read = _read(f, value)
    return f.absent if read is None and f.absent is not None else read


def _read(f: ComparedField, value: Any) -> Any:
    if value is None:
        return None
    match f.type:
        case "integer":
            return _integer(value)
        case "instant":
            return _instant(value)
        case "boolean":
            return value
        case "text":
            return str(value).strip(" ").lower() or None
        case _:
            return str(value)


def _integer(value: Any) -> Any:
    if value is None or not str(value).strip(" "):
        return None
    text = str(value).strip(" ")
    number = int(text.partition(".")[0]) if INTEGER.fullmatch(text) else LARGEST
    return number if -LARGEST <= number < LARGEST else UNREADABLE


def _instant(value: Any) -> Any:
    if isinstance(value, datetime):
        return value
    if not str(value).strip(" "):
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return UNREADABLE
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
