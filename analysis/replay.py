"""Policy replay: every past deal through the old and the new quote table at once, set-based (R-8.4, D10).

A cell is asked once for each value that its column really has; the answers become small tables of bits, and a deal's
rows are the AND of its columns' bits. So a million deals cost a few joins, and no rule is understood twice: the cells
are those of the approval engine, its evaluator gives the plan of each route, and a seeded sample is compared with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from analysis.deals import SAMPLE, Disagreement
from domain.approval_plan import Plan
from domain.errors import Invalid
from domain.money import sums
from domain.ownership import OWNER
from domain.replay import Flow, GroupWork, Replay, Route, Share
from policies.evaluate import cell_holds
from policies.plan import quote_plan
from policies.table import ApprovalPolicy, Table

HOUR = 3600
BITS = 60
Held = tuple[int, ...]
"""Which rows hold, as bits: old and new, sixty rows a number."""
REFUSED = Route(stages=(), groups=(), signatures={}, hours=0)


@dataclass(frozen=True)
class Version:
    """A policy, how people call it (`version 2`, `draft`), and the group that it means by the owner of a quote."""

    policy: ApprovalPolicy
    name: str
    owner: str = OWNER

    @property
    def table(self) -> Table:
        """The table of quotes. Raises Invalid("no_quote_rule") for a policy that says nothing about quotes."""
        if self.policy.quote is None:
            raise Invalid("no_quote_rule", f"The policy, {self.name}, says nothing about quotes.")
        return self.policy.quote

    def route(self, facts: Mapping[str, object]) -> Route:
        """The route of a deal by the evaluator of the approval engine."""
        try:
            return route_of(quote_plan(self.policy, (self.name, 0), facts, self.owner))
        except Invalid as error:
            if error.code != "no_quote_rule":
                raise
            return REFUSED


def replay(
    connection: duckdb.DuckDBPyConnection,
    artifact: str,
    old: Version,
    new: Version,
    snapshot: str,
    sample: int = SAMPLE,
) -> Replay:
    """Replay the deals of the view `deal` (deal, currency, value_minor and a column for each fact).

    Raises Invalid("bad_rule", "no_quote_rule"), Disagreement("replay_disagrees").
    """
    ways = judged(connection, old, new)
    deals, readable = (_number(connection, f"SELECT count(*) FROM {name}") for name in ("deal", "readable"))
    sampled = _compare(connection, old, new, ways, sample)
    flows = tuple(flows_of(ways.values()))
    return _result(artifact, (old.name, new.name), snapshot, deals, deals - readable, sampled, flows)


def judged(connection: duckdb.DuckDBPyConnection, old: Version, new: Version) -> dict[Held, Flow]:
    """Ask both policies about the deals, which are the table `judged` then; deals by the rows that hold for them."""
    columns = tuple(dict.fromkeys((*_asked(old.table), *_asked(new.table))))
    missing = " OR ".join(f"{column} IS NULL" for column in ("currency", "value_minor", *columns))
    connection.execute(f"CREATE TEMP TABLE readable AS SELECT * FROM deal WHERE NOT ({missing})")
    masks = [*_answered(connection, "old", old.table), *_answered(connection, "new", new.table)]
    _judge(connection, masks)
    return _ways(connection, old, new, len(masks))


def route_of(plan: Plan) -> Route:
    """Whom a plan asks and how long that may take: each stage until its reminder, stages beside each other at once."""
    groups = [group for stage in plan.stages for slot in stage.slots for group in slot.groups]
    signatures = dict(sorted(sums((group, 1) for group in groups).items()))
    return Route(
        stages=tuple(stage.title for stage in plan.stages),
        groups=tuple(sorted(set(groups))),
        signatures=signatures,
        hours=max(_hours(plan).values(), default=0),
    )


def _hours(plan: Plan) -> dict[str, int]:
    """When each stage is decided, in hours, after those that it waits for."""
    done: dict[str, int] = {}
    for stage in plan.stages:
        done[stage.id] = max((done[name] for name in plan.before(stage)), default=0) + stage.remind_after // HOUR
    return done


def _asked(table: Table) -> tuple[str, ...]:
    """The columns that a table really asks about."""
    return tuple(column for column in table.columns if any(row.when.get(column, "").strip() for row in table.rows))


def _answered(connection: duckdb.DuckDBPyConnection, name: str, table: Table) -> list[str]:
    """Ask every cell once a value, keep the answers as bits. Returns the SQL of each mask of sixty rows of a deal."""
    asked = _asked(table)
    parts = [table.rows[start : start + BITS] for start in range(0, len(table.rows), BITS)]
    for column in asked:
        values = [row[0] for row in connection.execute(f"SELECT DISTINCT {column} FROM readable").fetchall()]
        answers = [(value, *(_mask(part, column, value) for part in parts)) for value in values]
        bits = ", ".join(f"m{place} BIGINT" for place in range(len(parts)))
        connection.execute(f"CREATE TEMP TABLE {name}_{column} (value {_type(connection, column)}, {bits})")
        if answers:
            marks = ", ".join("?" * (len(parts) + 1))
            connection.executemany(f"INSERT INTO {name}_{column} VALUES ({marks})", answers)
    return [
        " & ".join([str((1 << len(part)) - 1), *(f"{name}_{column}.m{place}" for column in asked)])
        for place, part in enumerate(parts)
    ]


def _mask(rows: Iterable[Any], column: str, value: object) -> int:
    """One bit a row: whether its cell of this column holds for the value."""
    return sum(1 << place for place, row in enumerate(rows) if cell_holds(row, column, value))


def _type(connection: duckdb.DuckDBPyConnection, column: str) -> str:
    described = connection.execute("DESCRIBE readable").fetchall()
    return str(next(row[1] for row in described if row[0] == column))


def _judge(connection: duckdb.DuckDBPyConnection, masks: Sequence[str]) -> None:
    """Give every deal the rows that hold for it, under both policies."""
    tables = [str(row[0]) for row in connection.execute("SHOW TABLES").fetchall()]
    joined = [name for name in tables if name.startswith(("old_", "new_"))]
    joins = " ".join(f"JOIN {name} ON {name}.value = readable.{name[4:]}" for name in joined)
    found = ", ".join(f"{mask} AS held{place}" for place, mask in enumerate(masks))
    connection.execute(f"CREATE TEMP TABLE judged AS SELECT readable.*, {found} FROM readable {joins}")


def _ways(connection: duckdb.DuckDBPyConnection, old: Version, new: Version, masks: int) -> dict[Held, Flow]:
    """Deals by the rows that hold for them; the route of each group is the evaluator's, for one of its deals."""
    held = _held(masks)
    query = f"SELECT {held}, currency, count(*), sum(value_minor), min(deal) FROM judged GROUP BY {held}, currency"
    grouped: dict[Held, list[tuple[str, int, int, str]]] = {}
    for row in connection.execute(query).fetchall():
        currency, deals, money, example = row[masks:]
        grouped.setdefault(row[:masks], []).append((currency, deals, int(money), example))
    examples = {rows_held: min(row[3] for row in rows) for rows_held, rows in grouped.items()}
    wanted = {"deals": list(examples.values())}
    known = _rows(connection, "SELECT * FROM readable WHERE deal IN (SELECT unnest($deals))", wanted)
    by_deal = {str(row["deal"]): row for row in known}
    ways = {}
    for rows_held, rows in grouped.items():
        example = examples[rows_held]
        facts = by_deal[example]
        money = sums((row[0], row[2]) for row in rows)
        deals = sum(row[1] for row in rows)
        ways[rows_held] = Flow(old=old.route(facts), new=new.route(facts), deals=deals, money=money, example=example)
    return ways


def flows_of(ways: Iterable[Flow]) -> Iterable[Flow]:
    """Deals by their old and new route, the most deals first."""
    found: dict[tuple[str, str], Flow] = {}
    for flow in ways:
        key = (flow.old.model_dump_json(), flow.new.model_dump_json())
        found[key] = _together(found[key], flow) if key in found else flow
    return sorted(found.values(), key=lambda flow: (-flow.deals, flow.example))


def _together(one: Flow, other: Flow) -> Flow:
    money = sums([*one.money.items(), *other.money.items()])
    changed = {"deals": one.deals + other.deals, "money": money, "example": min(one.example, other.example)}
    return one.model_copy(update=changed)


def _compare(
    connection: duckdb.DuckDBPyConnection, old: Version, new: Version, ways: Mapping[Held, Flow], sample: int
) -> int:
    """Compare a sample, the same on every machine, with the evaluator. Raises Disagreement("replay_disagrees")."""
    masks = len(next(iter(ways), ()))
    drawn = _rows(connection, f"SELECT * FROM judged ORDER BY md5(deal), deal LIMIT {sample}")
    for facts in drawn:
        way = ways[tuple(facts.pop(f"held{place}") for place in range(masks))]
        if (old.route(facts), new.route(facts)) != (way.old, way.new):
            detail = f"The deal {facts['deal']} goes another way than other deals for which the same rows hold."
            raise Disagreement("replay_disagrees", detail, deal=facts["deal"])
    return len(drawn)


def _held(masks: int) -> str:
    return ", ".join(f"held{place}" for place in range(masks))


def _rows(connection: duckdb.DuckDBPyConnection, query: str, wanted: Any = None) -> list[dict[str, Any]]:
    found = connection.execute(query, wanted)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _result(
    artifact: str,
    names: tuple[str, str],
    snapshot: str,
    deals: int,
    unreadable: int,
    sampled: int,
    flows: tuple[Flow, ...],
) -> Replay:
    return Replay(
        policy=artifact,
        old=names[0],
        new=names[1],
        snapshot=snapshot,
        deals=deals,
        unreadable=unreadable,
        sampled=sampled,
        flows=flows,
        under_routed=_share(flow for flow in flows if flow.under_routed),
        over_routed=_share(flow for flow in flows if flow.over_routed),
        same_people=_share(flow for flow in flows if not flow.under_routed and not flow.over_routed),
        work=tuple(_work(flows)),
        hours=(sum(flow.old.hours * flow.deals for flow in flows), sum(flow.new.hours * flow.deals for flow in flows)),
    )


def _share(flows: Iterable[Flow]) -> Share:
    chosen = list(flows)
    money = sums(item for flow in chosen for item in flow.money.items())
    return Share(deals=sum(flow.deals for flow in chosen), money=money)


def _work(flows: Sequence[Flow]) -> Iterable[GroupWork]:
    groups = sorted({group for flow in flows for route in (flow.old, flow.new) for group in route.groups})
    for group in groups:
        yield GroupWork(
            group=group,
            old_signatures=sum(flow.old.signatures.get(group, 0) * flow.deals for flow in flows),
            new_signatures=sum(flow.new.signatures.get(group, 0) * flow.deals for flow in flows),
            asked_now=sum(flow.deals for flow in flows if group in flow.asked_now),
            asked_no_longer=sum(flow.deals for flow in flows if group in flow.asked_no_longer),
        )


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])
