"""From a flow of a policy replay down to its deals: which ones go that way, and on which facts (R-8.4)."""

from collections.abc import Mapping

import duckdb

from analysis.replay import Held, Version, flows_of, judged
from domain.errors import NotFound
from domain.replay import Deal, DealPage, Flow

HEAD = ("deal", "currency", "value_minor")


def deals_of(
    connection: duckdb.DuckDBPyConnection, old: Version, new: Version, number: int, start: int, limit: int
) -> DealPage:
    """The deals of a flow, by its place among the flows of the replay, the largest of each currency in turn.

    Raises NotFound("unknown_flow"), Invalid("bad_rule", "no_quote_rule").
    """
    ways = judged(connection, old, new)
    flows = tuple(flows_of(ways.values()))
    if not 0 <= number < len(flows):
        raise NotFound("unknown_flow", f"The replay has {len(flows)} flows, the first is number 0.", flow=number)
    flow = flows[number]
    turn = "row_number() OVER (PARTITION BY currency ORDER BY value_minor DESC, deal)"
    query = f"{_chosen(ways, flow)} ORDER BY {turn}, currency LIMIT {limit} OFFSET {start}"
    found = connection.execute(query)
    names = [column[0] for column in found.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return DealPage(flow=flow, start=start, items=tuple(_deal(row) for row in rows))


def _chosen(ways: Mapping[Held, Flow], flow: Flow) -> str:
    """The SQL of all deals for which rows hold that lead them the flow's way."""
    held = [key for key, way in ways.items() if (way.old, way.new) == (flow.old, flow.new)]
    names = ", ".join(f"held{place}" for place in range(len(held[0])))
    values = ", ".join(f"({', '.join(str(mask) for mask in key)})" for key in held)
    return f"SELECT * EXCLUDE ({names}) FROM judged WHERE ({names}) IN (VALUES {values})"


def _deal(row: Mapping[str, object]) -> Deal:
    facts = {name: value for name, value in row.items() if name not in HEAD}
    return Deal.model_validate({**{name: row[name] for name in HEAD}, "facts": facts})
