"""The sums and digests of few effects without an engine: calling one costs more than the sums (simulation_parts.py).

The same values as over columns; a test compares both.
"""

import hashlib
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from analysis.columns import partition_of
from analysis.simulation_parts import (
    AMOUNTS,
    COUNTS,
    EXAMPLES,
    FAILING,
    LARGEST,
    TOP,
    WORDS,
    Part,
    bar_of,
    by_amount,
    by_delta,
    by_margin,
    effect_of,
    in_turn,
)
from domain.canonical import canonical
from domain.simulation import STEPS, QuoteEffect

Row = Mapping[str, Any]
DESCRIBED = [*([name, "string"] for name in WORDS), *([name, "int64"] for name in (*COUNTS, *AMOUNTS))]


def part_of_rows(rows: Sequence[Row]) -> Part:
    """The sums of rows as `simulation_parts.part_of` finds them over columns."""
    ordered = sorted(rows, key=lambda row: row["quote"].encode())
    moved = [(row, _delta(row)) for row in ordered]
    effects = [(effect_of(row), delta) for row, delta in moved]
    margins = [effect for effect, _ in effects if _margin(effect)]
    examples = {
        name: tuple(row["quote"] if name == "faulty" else f"{row['quote']}/{row[name]}" for row in ordered if row[name])
        for name in (*FAILING, "faulty")
    }
    return Part(
        quotes=len(rows),
        lines=sum(row["lines"] for row in rows),
        uncosted=sum(row["uncosted"] for row in rows),
        faulty=sum(row["faulty"] for row in rows),
        unpriced=sum(row["unpriced_lines"] for row in rows),
        negative=sum(row["negative_lines"] for row in rows),
        thin=sum(row["thin_lines"] for row in rows),
        priced=sum(delta is not None for _, delta in moved),
        margins_moved=len(margins),
        margins_unknown=sum(_margin(effect) is None for effect, _ in effects),
        bars=_bars(moved),
        same=sum(delta == 0 for _, delta in moved),
        shares=_shares(effects),
        largest=in_turn([effect for effect, delta in effects if delta], by_delta, LARGEST),
        largest_margins=in_turn(margins, by_margin, LARGEST),
        top=in_turn([effect for effect, _ in effects], by_amount, TOP),
        examples={name: found[:EXAMPLES] for name, found in examples.items()},
        digests=_digests(ordered),
    )


def _delta(row: Row) -> int | None:
    old, new = row["old_minor"], row["new_minor"]
    return None if old is None or new is None else new - old


def _margin(effect: QuoteEffect) -> int | None:
    """How far the margin moves, None where it is unknown on a side."""
    old, new = effect.old_margin_minor, effect.new_margin_minor
    return None if old is None or new is None else new - old


def _bars(moved: Sequence[tuple[Row, int | None]]) -> tuple[int, ...]:
    bars = [0] * (len(STEPS) + 1)
    for row, delta in moved:
        if delta and (row["old_minor"] or 0) > 0:
            bars[bar_of(delta, row["old_minor"])] += 1
    return tuple(bars)


def _shares(
    effects: Sequence[tuple[QuoteEffect, int | None]],
) -> dict[tuple[str, str, str], tuple[int, int, int, int, int]]:
    found: dict[tuple[str, str, str], tuple[int, int, int, int, int]] = {}
    for effect, delta in effects:
        key, change, margin = (effect.market, effect.channel, effect.currency), delta or 0, _margin(effect) or 0
        quotes, dearer, cheaper, total, left = found.get(key, (0, 0, 0, 0, 0))
        found[key] = (quotes + 1, dearer + (change > 0), cheaper + (change < 0), total + change, left + margin)
    return found


def _digests(ordered: Sequence[Row]) -> dict[int, str]:
    """The digest of the rows of each partition, as `columns.logical_digest` makes it."""
    parts: dict[int, list[Row]] = {}
    for row in ordered:
        parts.setdefault(partition_of(row["quote"]), []).append(row)
    return {number: _digest(rows) for number, rows in parts.items()}


def _digest(rows: Sequence[Row]) -> str:
    found = hashlib.sha256(canonical({"schema": "columns/1", "columns": DESCRIBED, "rows": len(rows)}))
    for name in (*WORDS, *COUNTS, *AMOUNTS):
        values = [row[name] for row in rows]
        found.update(bytes(value is None for value in values))
        if name in WORDS:
            texts = [(value or "").encode() for value in values]
            found.update(struct.pack(f"<{len(texts)}i", *map(len, texts)) + b"".join(texts))
        else:
            found.update(struct.pack(f"<{len(values)}q", *(value or 0 for value in values)))
    return f"sha256:{found.hexdigest()}"
