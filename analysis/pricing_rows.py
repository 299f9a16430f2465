"""The price rows of two books: each cell divided into the ranges in which both books have one unit price each (D11)."""

import duckdb
import pyarrow as pa

from analysis.pricing_cells import SIDES
from domain.money import BASIS_POINTS
from domain.pricing_rules import LARGEST_QUANTITY

ENDLESS = LARGEST_QUANTITY + 1
AXES = ("quantity", "volume")


def price_rows(connection: duckdb.DuckDBPyConnection, cells: pa.Table) -> pa.Table:
    """The rows, numbered. Ranges are of the quantity of a line, and of the volume of an offering in its quote."""
    connection.register("cell", cells)
    rows: pa.Table = connection.sql(ROWS).to_arrow_table()
    connection.unregister("cell")
    return rows


def _units(side: str) -> str:
    """From which quantities on a price has which units: the list price, then its tiers in their order."""
    price = f"{side}_price"
    unit, left = f"{price}.unit_price_micros", f"({BASIS_POINTS} - tier.off_basis_points)"
    # Whole ten-thousandths and the rest apart: the product of all with the basis points would not fit into 64 bits.
    reduced = f"{unit} // {BASIS_POINTS} * {left} + {unit} % {BASIS_POINTS} * {left} // {BASIS_POINTS}"
    return (
        f"list_concat([1], [tier.from_quantity FOR tier IN {price}.tiers]) AS {side}_starts, list_concat([{unit}], "
        f"[coalesce(tier.unit_price_micros, {reduced}, {unit}) FOR tier IN {price}.tiers]) AS {side}_units"
    )


def _tiers(side: str) -> str:
    """The same with where each ends, as later tiers beat earlier ones, and with what a graduated price adds once."""
    starts, units = f"{side}_starts", f"{side}_units"
    below = f"({units}[n]::HUGEINT - {units}[n + 1]) * ({starts}[n + 1] - 1)"
    extra = f"coalesce(list_sum([{below} FOR n IN range(1, place)]), 0)::BIGINT"
    return (
        f"[{{'since': {starts}[place], 'until': coalesce(list_min({starts}[place + 1:]), {ENDLESS}), "
        f"'unit': {units}[place], 'extra': CASE WHEN {side}_price.tier_mode = 'graduated' THEN {extra} ELSE 0 END, "
        f"'axis': CASE WHEN {side}_price.tier_basis = 'quote' THEN 'volume' ELSE 'quantity' END}} "
        f"FOR place IN range(1, len({starts}) + 1)] AS {side}_tiers"
    )


def _range(axis: str) -> str:
    """Where neither book leaves its tier."""
    ends = {
        end: ", ".join(f"CASE WHEN {side}_tier.axis = '{axis}' THEN {side}_tier.{end} END" for side in SIDES)
        for end in ("since", "until")
    }
    return f"greatest({ends['since']}, 1) AS from_{axis}, least({ends['until']}, {ENDLESS}) AS until_{axis}"


def _listed(*names: str) -> str:
    return ", ".join(f"{side}_{name}" for side in SIDES for name in names)


ROWS = f"""
WITH priced AS (SELECT *, {", ".join(map(_units, SIDES))} FROM cell),
tiered AS (SELECT * EXCLUDE ({_listed("price", "starts", "units")}), {", ".join(map(_tiers, SIDES))} FROM priced),
divided AS (SELECT * EXCLUDE (old_tiers), unnest(old_tiers) AS old_tier FROM tiered),
paired AS (SELECT * EXCLUDE (new_tiers), unnest(new_tiers) AS new_tier FROM divided),
ranged AS (
  SELECT * EXCLUDE (old_tier, new_tier), {", ".join(map(_range, AXES))},
    {", ".join(f"{side}_tier.{name} AS {side}_{name}" for side in SIDES for name in ("unit", "extra"))}
  FROM paired)
SELECT row_number() OVER () AS row, * FROM ranged
WHERE {" AND ".join(f"from_{axis} < until_{axis}" for axis in AXES)}"""
