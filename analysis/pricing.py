"""All lines of all quotes priced at once, by two books side by side, as one SQL statement over compiled tables (D11).

The same integers as the reference in `domain/pricing.py`, step by step: each run compares a sample with it (R-6.3).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from analysis.pricing_cells import SIDES
from analysis.pricing_promotions import Place
from analysis.pricing_tables import Seen, Tables
from analysis.touched_sql import conditions, load
from domain.artifact import EVERYWHERE
from domain.kinds.kind import Touched
from domain.money import BASIS_POINTS
from domain.pricing import LARGEST_AMOUNT
from domain.pricing_rules import LARGEST_QUANTITY
from domain.touched import WORDS

GROUP = ("offering", "selling_model", "currency")
WIDEST = 2**62
"""Amounts beyond this bound are calculated in 128 bits."""
LEAST_SCALE = 100
"""Millionths in the minor unit of a currency with four decimals, the most that there are."""
HEAD = "place, quote, line, market, channel, segment, currency"


@dataclass(frozen=True)
class Records:
    """The SQL relations of quotes and their lines, with the columns of their tables.

    numbered: the quotes with their `place` in the order of their ids, where that is known without sorting them.
    """

    quotes: str
    lines: str
    numbered: str = ""

    @property
    def placed(self) -> str:
        """The quotes with their place: to group and to order by a number costs half of what it costs by a text."""
        return self.numbered or f"(SELECT *, row_number() OVER (ORDER BY id) AS place FROM {self.quotes})"


def look_around(connection: duckdb.DuckDBPyConnection, records: Records, touched: Sequence[Touched]) -> Seen:
    """What compiling has to know of the quotes."""
    offerings = sorted({item.offering for item in touched if item.selling_model == EVERYWHERE})
    sold: list[tuple[str, str]] = []
    if offerings:
        every = EVERYWHERE in offerings
        wanted = "" if every else "WHERE list_contains($offerings, offering)"
        query = f"SELECT DISTINCT offering, selling_model FROM {records.lines} {wanted}"
        sold = connection.execute(query, None if every else {"offerings": offerings}).fetchall()
    places = f"SELECT DISTINCT market, channel, segment, currency FROM {records.quotes}"
    found = [Place(*row) for row in connection.execute(places).fetchall() if None not in row]
    (largest,) = connection.execute(f"SELECT max(quantity) FROM {records.lines}").fetchall()[0]
    return Seen(
        sold=sorted(pair for pair in sold if None not in pair),
        currencies=sorted({place.currency for place in found}),
        places=sorted(found),
        largest_quantity=min(max(largest or 1, 1), LARGEST_QUANTITY),
    )


def load_tables(connection: duckdb.DuckDBPyConnection, tables: Tables) -> None:
    """Give the compiled tables to the engine."""
    rules = {"contract": tables.contract, "bundle": tables.bundle, "promotion": tables.promotion}
    for name, rows in {"price": tables.price, **{name: _arrow(rows) for name, rows in rules.items() if rows}}.items():
        connection.register(f"{name}_row", rows)
    if tables.only is not None:
        load(connection, tables.only)


def _arrow(rows: Sequence[Mapping[str, object]]) -> pa.Table:
    """Columns of 64-bit integers and texts; a column that is empty everywhere is one of integers."""
    table = pa.Table.from_pylist(rows)
    empty = [field.name for field in table.schema if pa.types.is_null(field.type)]
    for name in empty:
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, table[name].cast(pa.int64()))
    return table


def pricing_sql(tables: Tables, records: Records) -> str:
    """The statement that prices every touched line: one row a line, net and cost by both books, and its fault.

    Columns: place (of the quote), quote, line, market, channel, segment, currency, faulty, old_net, new_net, old_cost,
    new_cost; amounts in minor units, null where there is no price or no cost, or where the line is faulty.
    """
    return f"""
WITH dated AS (
  SELECT place, id, market, channel, segment, currency, customer,
    CAST(make_timestamp(epoch_us(created_at)) AS DATE) AS made FROM {records.placed}),
sold AS (
  SELECT q.place, l.quote, l.line, l.offering, l.selling_model, q.market, q.channel, q.segment, q.currency, q.customer,
    q.made, l.quantity, greatest(1, least(coalesce(l.quantity, 1), {LARGEST_QUANTITY})) AS reach,
    l.discount_basis_points AS discount
  FROM {records.lines} l JOIN dated q ON q.id = l.quote),
{_volume(tables, records)}{_bundled(tables, records)}
found AS (
  SELECT s.*, p.* EXCLUDE (row, offering, selling_model, market, channel, currency), {_joined_columns(tables)}
    p.unit_scale IS NULL OR s.made IS NULL
      OR coalesce(s.quantity NOT BETWEEN 1 AND {LARGEST_QUANTITY}, true)
      OR coalesce(s.discount NOT BETWEEN 0 AND {BASIS_POINTS}, true) AS faulty
  FROM sold s {_price_join(tables)}{_rule_joins(tables)}{_only(tables)}),
sound AS (SELECT *, CASE WHEN NOT faulty THEN quantity{_wide(tables)} END AS n FROM found),
{", ".join(_steps(tables))}
{_closed(tables)}"""


def _wide(tables: Tables) -> str:
    return "::HUGEINT" if tables.largest >= WIDEST else ""


def _volume(tables: Tables, records: Records) -> str:
    if not tables.volume:
        return ""
    return f"""volume AS (
  SELECT quote, offering, selling_model, greatest(1, least(sum(quantity), {LARGEST_QUANTITY}))::BIGINT AS volume
  FROM {records.lines} GROUP BY ALL),
"""


def _bundled(tables: Tables, records: Records) -> str:
    if not tables.bundle:
        return ""
    return f"""bundled AS (
  SELECT l.quote, b.offering, b.selling_model, b.currency,
    max(b.old_points) AS old_points, max(b.new_points) AS new_points
  FROM {records.lines} l JOIN bundle_row b ON b.bundle = l.offering GROUP BY ALL),
"""


def _price_join(tables: Tables) -> str:
    """The most specific price row of each line. One level needs one join; more are found by their row numbers first."""
    same = _same("v", "quote", "offering", "selling_model")
    volume = f"LEFT JOIN volume v ON {same} " if tables.volume else ""
    if len(tables.levels) == 1:
        return f"{volume}JOIN price_row p ON {_matches(tables, 'p', *tables.levels[0])}"
    joins = [
        f"LEFT JOIN price_row p{number} ON {_matches(tables, f'p{number}', *level)}"
        for number, level in enumerate(tables.levels)
    ]
    first = ", ".join(f"p{number}.row" for number in range(len(joins)))
    return f"{volume}{' '.join(joins)} JOIN price_row p ON p.row = coalesce({first})"


def _matches(tables: Tables, alias: str, by_market: bool, by_channel: bool) -> str:
    conditions = [_same(alias, *GROUP)]
    for name, named in (("market", by_market), ("channel", by_channel)):
        conditions.append(f"{alias}.{name} = " + (f"s.{name}" if named else f"'{EVERYWHERE}'"))
    if tables.tiered:
        conditions.append(f"s.reach >= {alias}.from_quantity AND s.reach < {alias}.until_quantity")
    if tables.volume:
        reached = "coalesce(v.volume, s.reach)"
        conditions.append(f"{reached} >= {alias}.from_volume AND {reached} < {alias}.until_volume")
    return " AND ".join(conditions)


def _same(alias: str, *names: str) -> str:
    return " AND ".join(f"{alias}.{name} = s.{name}" for name in names)


def _joined_columns(tables: Tables) -> str:
    columns = []
    if tables.contract:
        columns += [f"c.{side}_unit AS {side}_agreed" for side in SIDES]
    if tables.bundle:
        columns += [f"coalesce(b.{side}_points, 0) AS {side}_bundle" for side in SIDES]
    if tables.promotion:
        for side in SIDES:
            columns += [
                f"coalesce(m.{side}_{what}, a.{side}_{what}, 0) AS {side}_promotion_{what}"
                for what in ("points", "micros")
            ]
    return "".join(f"{column}, " for column in columns)


def _rule_joins(tables: Tables) -> str:
    joins = []
    if tables.contract:
        joins.append(f"LEFT JOIN contract_row c ON {_same('c', 'customer', *GROUP)}")
    if tables.bundle:
        joins.append(f"LEFT JOIN bundled b ON {_same('b', 'quote', *GROUP)}")
    if tables.promotion:
        period = "s.made >= CAST({0}.since AS DATE) AND s.made < CAST({0}.until AS DATE)"
        for alias, offering in (("m", "s.offering"), ("a", f"'{EVERYWHERE}'")):
            joins.append(
                f"LEFT JOIN promotion_row {alias} ON {alias}.offering = {offering} AND {_same(alias, *Place._fields)} "
                f"AND {period.format(alias)}"
            )
    return "".join(f"\n    {join}" for join in joins)


def _only(tables: Tables) -> str:
    """For whom and when a change touches lines, where it does not touch all that have its prices."""
    if tables.only is None:
        return ""
    return f"\n  WHERE {' AND '.join(conditions(tables.only, {word: f's.{word}' for word in WORDS}, 's.made'))}"


def _less(amount: str, points: str) -> str:
    return f"({amount} * ({BASIS_POINTS} - {points})) // {BASIS_POINTS}"


def _steps(tables: Tables) -> list[str]:
    """The steps of the reference, one relation each; those that no rule asks for are not there."""
    steps = [f"based AS (SELECT *, {_both(tables, _based)} FROM sound)"]
    last = "based"
    if tables.bundle:
        last = _next(steps, last, "bundle_off", _both(tables, lambda t, side: _reduced(t, side, f"{side}_bundle")))
    if tables.floors:
        bases = ", ".join(f"{_amount(tables, side)} AS {side}_base" for side in SIDES)
        steps.append(f"priced AS (SELECT *, {bases} FROM {last})")
        last = "priced"
    if tables.promotion:
        last = _next(steps, last, "promoted", _both(tables, _promoted))
    if tables.amounts_off:
        last = _next(steps, last, "reduced", _both(tables, _amount_off))
    last = _next(steps, last, "discounted", _both(tables, lambda t, side: _reduced(t, side, "discount")))
    totals = ", ".join(f"{_floored(tables, side)} AS {side}_amount" for side in SIDES)
    return [*steps, f"floored AS (SELECT *, {totals} FROM {last})"]


def _next(steps: list[str], last: str, name: str, replaced: str) -> str:
    steps.append(f"{name} AS (SELECT * REPLACE ({replaced}) FROM {last})")
    return name


def _both(tables: Tables, columns: Callable[[Tables, str], Sequence[str]]) -> str:
    return ", ".join(column for side in SIDES for column in columns(tables, side))


def _amount(tables: Tables, side: str) -> str:
    """Millionths of the whole line."""
    return f"{side}_u * n + {side}_e" if tables.graduated else f"{side}_u * n"


def _based(tables: Tables, side: str) -> list[str]:
    """Unit and extra of a line: the contract's, or the tier's."""
    wide = _wide(tables)
    unit = f"coalesce({side}_agreed, {side}_unit)" if tables.contract else f"{side}_unit"
    columns = [f"{unit}{wide} AS {side}_u"]
    if tables.graduated:
        extra = f"CASE WHEN {side}_agreed IS NULL THEN {side}_extra ELSE 0 END" if tables.contract else f"{side}_extra"
        columns.append(f"({extra}){wide} AS {side}_e")
    return columns


def _reduced(tables: Tables, side: str, points: str) -> list[str]:
    names = ("u", "e") if tables.graduated else ("u",)
    safe = f"CASE WHEN faulty THEN 0 ELSE {points} END"
    return [f"{_less(f'{side}_{name}', safe)} AS {side}_{name}" for name in names]


def _promoted(tables: Tables, side: str) -> list[str]:
    points = f"{side}_promotion_points"
    if tables.contract:
        points = f"CASE WHEN {side}_agreed IS NULL THEN {points} ELSE 0 END"
    return _reduced(tables, side, points)


def _amount_off(tables: Tables, side: str) -> list[str]:
    """An amount a unit comes off, never below zero."""
    off = f"{side}_promotion_micros"
    if tables.contract:
        off = f"CASE WHEN {side}_agreed IS NULL THEN {off} ELSE 0 END"
    if not tables.graduated:
        return [f"CASE WHEN {side}_u > 0 THEN greatest({side}_u - ({off}), 0) ELSE {side}_u END AS {side}_u"]
    total = _amount(tables, side)
    applies, left = f"({off}) > 0 AND {total} > 0", f"greatest({total} - ({off}) * n, 0)"
    return [
        f"CASE WHEN {applies} THEN {left} // n ELSE {side}_u END AS {side}_u",
        f"CASE WHEN {applies} THEN {left} % n ELSE {side}_e END AS {side}_e",
    ]


def _floored(tables: Tables, side: str) -> str:
    """Promotions and discounts stop at the floor, or at a base that is lower already."""
    amount = _amount(tables, side)
    if not tables.floors:
        return amount
    # greatest() and least() pass nulls over: a line without a price would get its floor as a price.
    least = f"greatest({amount}, least({side}_floor * n, {side}_base))"
    return f"CASE WHEN {side}_floor IS NULL OR {side}_base IS NULL THEN {amount} ELSE {least} END"


def _closed(tables: Tables) -> str:
    """The rounded amounts; where one can be beyond the largest of a line, its line is a faulty one."""
    amounts = {name: sql for side in SIDES for name, sql in _closing(tables, side).items()}
    if tables.dearest <= LARGEST_AMOUNT * LEAST_SCALE:
        found = ", ".join(f"({sql})::BIGINT AS {name}" for name, sql in amounts.items())
        return f"SELECT {HEAD}, faulty,\n  {found}\nFROM floored"
    found = ", ".join(f"{sql} AS {name}" for name, sql in amounts.items())
    sizes = ", ".join(f"abs({name})" for name in amounts)
    kept = ", ".join(f"CASE WHEN NOT beyond THEN {name}::BIGINT END AS {name}" for name in amounts)
    return f""", rounded AS (SELECT {HEAD}, faulty,
  {found}
FROM floored),
measured AS (SELECT *, coalesce(greatest({sizes}) > {LARGEST_AMOUNT}, false) AS beyond FROM rounded)
SELECT {HEAD}, faulty OR beyond AS faulty, {kept} FROM measured"""


def _closing(tables: Tables, side: str) -> dict[str, str]:
    return {
        f"{side}_net": _rounded(tables, f"{side}_amount", *_rounding(tables, side)),
        f"{side}_cost": _rounded(tables, f"{side}_cost{_wide(tables)} * n", "unit_scale", "", None),
    }


def _rounding(tables: Tables, side: str) -> tuple[str, str, str | None]:
    """Scale, step and mode as SQL; without rules it is half up to a minor unit."""
    if not tables.rounding:
        return "unit_scale", "", None
    return f"(unit_scale * {side}_step)", f"{side}_step", f"{side}_mode"


def _rounded(tables: Tables, value: str, scale: str, step: str, mode: str | None) -> str:
    size = f"abs({value})" if tables.signed else f"({value})"
    half_up = f"({size} + {scale} // 2) // {scale}"
    whole = half_up
    if mode is not None:
        whole = (
            f"CASE {mode} WHEN 'down' THEN {size} // {scale} WHEN 'up' THEN ({size} + {scale} - 1) // {scale} "
            f"WHEN 'half_even' THEN {half_up} - CASE WHEN {size} % {scale} * 2 = {scale} "
            f"AND ({size} // {scale}) % 2 = 0 THEN 1 ELSE 0 END ELSE {half_up} END"
        )
    signed = f"sign({value}) * ({whole})" if tables.signed else f"({whole})"
    return f"{signed} * {step}" if step else signed
