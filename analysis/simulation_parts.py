"""Effects on quotes as columns, and what is summed up of them: parts merge in any grouping to the same whole (D14a)."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from analysis.columns import logical_digest, ordered, split
from domain.canonical import digest
from domain.money import BASIS_POINTS
from domain.simulation import STEPS, Bar, QuoteEffect, Share

EXAMPLES, LARGEST, TOP = 10, 25, 100
WORDS = ("quote", "market", "channel", "segment", "currency")
COUNTS = ("lines", "faulty", "unpriced", "negative", "thin", "uncosted")
AMOUNTS = ("old_minor", "new_minor", "old_cost", "new_cost")
DIGESTED = (*WORDS, *COUNTS, *AMOUNTS)
"""What the digest is of: what every edition knew, so that evidence of an earlier one is still found again."""
FAILING = ("unpriced", "negative", "thin")
FAILING_LINES = tuple(f"{name}_lines" for name in FAILING)
SCHEMA = pa.schema(
    [(name, pa.string() if name in WORDS else pa.int64()) for name in (*WORDS, *COUNTS, *FAILING_LINES, *AMOUNTS)]
)
"""A row a quote: affected lines, how many are faulty or have no cost, the first line without price, below zero, or
under the margin floor (null: none) and how many such lines there are, and the totals in minor units (null: a price or
cost is missing)."""
FEW_VALUES = [*WORDS[1:], *COUNTS, *FAILING_LINES]
"""The columns that are worth a dictionary when they are written."""
BOUNDS = (None, *STEPS, None)
MOST_IN_64_BITS = 2**49
"""How far a price may move, in minor units, so that this in basis points of anything fits into 64 bits."""


@dataclass(frozen=True)
class Part:
    """The sums of some quotes. `digests` are of the ordered rows of each partition of quotes.

    unpriced, negative, thin: how many lines have no price, one below zero, or fall under the margin floor.
    """

    quotes: int = 0
    lines: int = 0
    priced: int = 0
    uncosted: int = 0
    faulty: int = 0
    unpriced: int = 0
    negative: int = 0
    thin: int = 0
    margins_moved: int = 0
    margins_unknown: int = 0
    bars: tuple[int, ...] = (0,) * (len(STEPS) + 1)
    same: int = 0
    shares: Mapping[tuple[str, str, str], tuple[int, int, int, int, int]] = field(default_factory=dict)
    largest: tuple[QuoteEffect, ...] = ()
    largest_margins: tuple[QuoteEffect, ...] = ()
    top: tuple[QuoteEffect, ...] = ()
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    digests: Mapping[int, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The digest of all rows: over the digests of the partitions, by number."""
        return digest({"schema": "simulation/1", "parts": [[n, value] for n, value in sorted(self.digests.items())]})


def part_of(effects: pa.Table, partitions: Mapping[int, pa.Table] | None = None) -> Part:
    """The sums over effects. `partitions` are their rows by partition, ordered by quote, where that is known."""
    delta = pc.subtract(effects["new_minor"], effects["old_minor"])
    margin = pc.subtract(delta, pc.subtract(effects["new_cost"], effects["old_cost"]))
    found = effects.append_column("delta", delta).append_column("margin", margin)
    if partitions is None:
        partitions = {place: ordered(rows, ("quote",)) for place, rows in split(effects, "quote")}
    moved = found.filter(pc.not_equal(delta, 0))
    margins = found.filter(pc.not_equal(margin, 0))
    return Part(
        quotes=found.num_rows,
        lines=_sum(found["lines"]),
        uncosted=_sum(found["uncosted"]),
        faulty=_sum(found["faulty"]),
        unpriced=_sum(found["unpriced_lines"]),
        negative=_sum(found["negative_lines"]),
        thin=_sum(found["thin_lines"]),
        priced=_count(pc.is_valid(delta)),
        margins_moved=margins.num_rows,
        margins_unknown=margin.null_count,
        bars=_bars(found),
        same=_count(pc.equal(delta, 0)),
        shares=_shares(found),
        largest=_first(moved, pc.negate(pc.abs(moved["delta"])), LARGEST),
        largest_margins=_first(margins, pc.negate(pc.abs(margins["margin"])), LARGEST),
        top=_first(found, pc.negate(pc.fill_null(found["old_minor"], 0)), TOP),
        examples={name: _examples(found, name) for name in (*FAILING, "faulty")},
        digests={n: logical_digest(rows.select(DIGESTED)) for n, rows in partitions.items() if rows.num_rows},
    )


def counted(effects: pa.Table) -> pa.Table:
    """Effects with the counts of failing lines; where an earlier release counted none, one for each quote with any."""
    if effects.schema.equals(SCHEMA):
        return effects
    for name, lines in zip(FAILING, FAILING_LINES, strict=True):
        effects = effects.append_column(lines, pc.is_valid(effects[name]).cast(pa.int64()))
    return effects.select(SCHEMA.names)


def merged(parts: Iterable[Part]) -> Part:
    """The whole of parts of different partitions; how they are grouped makes no difference."""
    return reduce(_merge, parts, Part())


def _merge(one: Part, other: Part) -> Part:
    return Part(
        **{name: getattr(one, name) + getattr(other, name) for name in SUMS},
        bars=tuple(a + b for a, b in zip(one.bars, other.bars, strict=True)),
        shares={key: _added(one.shares.get(key), other.shares.get(key)) for key in {*one.shares, *other.shares}},
        largest=in_turn((*one.largest, *other.largest), by_delta, LARGEST),
        largest_margins=in_turn((*one.largest_margins, *other.largest_margins), by_margin, LARGEST),
        top=in_turn((*one.top, *other.top), by_amount, TOP),
        examples={
            name: tuple(sorted((*one.examples.get(name, ()), *other.examples.get(name, ())))[:EXAMPLES])
            for name in {*one.examples, *other.examples}
        },
        digests={**one.digests, **other.digests},
    )


SUMS = ("quotes", "lines", "priced", "uncosted", "faulty", *FAILING, "margins_moved", "margins_unknown", "same")
SHARED = ("quotes", "dearer", "cheaper", "delta", "margin")
"""What is counted and summed by market, channel and currency."""


def _added(one: tuple[int, ...] | None, other: tuple[int, ...] | None) -> Any:
    return tuple(a + b for a, b in zip(one or (0,) * 5, other or (0,) * 5, strict=True))


def by_delta(effect: QuoteEffect) -> tuple[int, str]:
    """Largest move first."""
    return -abs((effect.new_minor or 0) - (effect.old_minor or 0)), effect.quote


def by_margin(effect: QuoteEffect) -> tuple[int, str]:
    """Largest move of the margin first."""
    return -abs((effect.new_margin_minor or 0) - (effect.old_margin_minor or 0)), effect.quote


def by_amount(effect: QuoteEffect) -> tuple[int, str]:
    """Largest amount first."""
    return -(effect.old_minor or 0), effect.quote


def in_turn(
    effects: Sequence[QuoteEffect], by: Callable[[QuoteEffect], tuple[int, str]], most: int
) -> tuple[QuoteEffect, ...]:
    """The first effects of each currency, one currency after the other: amounts of two of them cannot be compared."""
    return tuple(effects[place] for place in _turns([(*by(effect), effect.currency) for effect in effects], most))


def _turns(keys: Sequence[tuple[int, str, str]], most: int) -> list[int]:
    """The places of the first keys of each currency in turn. What is worth nothing, or nobody knows what, comes last.

    Any part of the keys has the first ones of the whole among its own first ones, so it makes no difference in which
    parts they are looked at.
    """
    turns, seen = list[tuple[bool, int, str, int]](), Counter[str]()
    for place in sorted(range(len(keys)), key=keys.__getitem__):
        key, _, currency = keys[place]
        turns.append((key >= 0, seen[currency], currency, place))
        seen[currency] += 1
    return [place for *_, place in sorted(turns)[:most]]


def _sum(column: pa.ChunkedArray) -> int:
    return pc.sum(column).as_py() or 0


def _count(mask: pa.ChunkedArray) -> int:
    return pc.sum(mask).as_py() or 0


def _bars(found: pa.Table) -> tuple[int, ...]:
    """Quotes by how far their price moves, in basis points rounded towards zero; those that stay are not counted."""
    moved = found.filter(pc.and_(pc.greater(found["old_minor"], 0), pc.not_equal(found["delta"], 0)))
    beyond = pc.greater(pc.abs(moved["delta"]), MOST_IN_64_BITS)
    near = moved.filter(pc.invert(beyond))
    points = pc.divide(pc.multiply(near["delta"], BASIS_POINTS), near["old_minor"])
    below = [_reaching(points, near["delta"], bound) for bound in STEPS]
    bars = [high - low for low, high in pairwise((0, *below, near.num_rows))]
    for row in moved.filter(beyond).select(["delta", "old_minor"]).to_pylist():
        bars[bar_of(row["delta"], row["old_minor"])] += 1
    return tuple(bars)


def bar_of(delta: int, old_minor: int) -> int:
    """The bar of one quote, as a place among them: by integers without a bound."""
    points, zero = abs(delta) * BASIS_POINTS // old_minor, STEPS.index(0)
    place = bisect_left(STEPS, points if delta > 0 else -points)
    return max(place, zero + 1) if delta > 0 else min(place, zero)


def _reaching(points: Any, delta: Any, bound: int) -> int:
    """How many move up to a bound, itself included; a move that rounds to zero belongs to the side of its sign."""
    return _count(pc.less_equal(points, bound) if bound else pc.less(delta, 0))


def _shares(found: pa.Table) -> dict[tuple[str, str, str], tuple[int, int, int, int, int]]:
    delta = pc.fill_null(found["delta"], 0)
    flagged = pa.table(
        {
            **{name: found[name] for name in ("market", "channel", "currency")},
            "quotes": pa.repeat(1, found.num_rows),
            "dearer": pc.greater(delta, 0).cast(pa.int64()),
            "cheaper": pc.less(delta, 0).cast(pa.int64()),
            "delta": delta,
            "margin": pc.fill_null(found["margin"], 0),
        }
    )
    grouped = flagged.group_by(["market", "channel", "currency"]).aggregate([(name, "sum") for name in SHARED])
    return {
        (row["market"], row["channel"], row["currency"]): tuple(row[f"{name}_sum"] for name in SHARED)
        for row in grouped.to_pylist()
    }


def _first(found: pa.Table, key: Any, most: int) -> tuple[QuoteEffect, ...]:
    """The first rows of each currency in turn by a key, then by quote; only rows that may be among them are copied."""
    currencies = found["currency"]
    chosen = [pc.indices_nonzero(pc.equal(currencies, currency)) for currency in pc.unique(currencies)]
    if not chosen:
        return ()
    places = pa.concat_arrays([_first_places(found["quote"], key, rows, most) for rows in chosen])
    rows, values = found.take(places), key.take(places).to_pylist()
    keys = list(zip(values, rows["quote"].to_pylist(), rows["currency"].to_pylist(), strict=True))
    return tuple(effect_of(row) for row in rows.take(pa.array(_turns(keys, most), pa.int64())).to_pylist())


def _first_places(quotes: Any, key: Any, places: Any, most: int) -> Any:
    """Which of some rows are the first; only those up to the last key that is needed are put in order."""
    keys = key.take(places)
    if len(places) > most:
        last = pc.max(keys.take(pc.select_k_unstable(keys, most, [("", "ascending")])))
        needed = pc.indices_nonzero(pc.less_equal(keys, last))
        keys, places = keys.take(needed), places.take(needed)
    by = pa.table({"key": keys, "quote": quotes.take(places)})
    order = pc.sort_indices(by, sort_keys=[("key", "ascending"), ("quote", "ascending")])
    return places.take(order.slice(0, most))


def effect_of(row: Mapping[str, Any]) -> QuoteEffect:
    """A row as people read it."""
    margins = {
        f"{side}_margin_minor": None
        if None in (row[f"{side}_minor"], row[f"{side}_cost"])
        else row[f"{side}_minor"] - row[f"{side}_cost"]
        for side in ("old", "new")
    }
    kept = {name: row[name] for name in (*WORDS, "lines", "old_minor", "new_minor")}
    return QuoteEffect(**kept, **margins)


def _examples(found: pa.Table, name: str) -> tuple[str, ...]:
    hit = found.filter(pc.greater(pc.fill_null(found[name], 0), 0))
    rows = ordered(hit.select(["quote", name]), ("quote",)).slice(0, EXAMPLES).to_pylist()
    return tuple(row["quote"] if name == "faulty" else f"{row['quote']}/{row[name]}" for row in rows)


def distribution(part: Part) -> tuple[Bar, ...]:
    """The bars from cheapest to dearest, with those that stay in the middle (above 0, up to 0)."""
    bars = [Bar(above=low, up_to=high, quotes=n) for (low, high), n in zip(pairwise(BOUNDS), part.bars, strict=True)]
    middle = next(place for place, bar in enumerate(bars) if bar.above == 0)
    return (*bars[:middle], Bar(above=0, up_to=0, quotes=part.same), *bars[middle:])


def shares(part: Part) -> tuple[Share, ...]:
    """By market, channel and currency."""
    return tuple(
        Share(market=key[0], channel=key[1], currency=key[2], **dict(zip(SHARED, values, strict=True)))
        for key, values in sorted(part.shares.items())
    )
