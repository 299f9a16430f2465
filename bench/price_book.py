"""A price-book change over very many open quotes, as its requester meets it: from the submission to the evidence.

On the whole installation (API, worker, Temporal), with the worker's usual limits; progress is read as the page does.
"""

import asyncio
import secrets
import sqlite3
import time
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import httpx

from bench.content import CHANNELS, EXTRAS, MARKETS, OFFERINGS, PLACES, PRICE, SELLING_MODEL
from bench.governed import governed
from bench.installation import REQUESTER, Installation, installation
from bench.results import Measurement, measured, note
from bench.sizes import forget_peak, peak_of
from domain.money import MICRO

BENCH = "pricebook"
COUNT = 1_000_000
MOST_MB = 2_000
PERCENT = 5
POLL = 0.5
LIMIT = 3_600.0
AT_ONCE = 50_000
SIMULATING, READY = "simulating", "awaiting_approval"
MADE = f"""
SELECT n, 'B-' || lpad(n::VARCHAR, 9, '0') AS id, {list(MARKETS)}[1 + n % {len(MARKETS)}] AS market,
  {list(CHANNELS)}[1 + n // {len(MARKETS)} % {len(CHANNELS)}] AS channel,
  {list(MARKETS.values())}[1 + n % {len(MARKETS)}] AS currency FROM range({{count}}) t(n)"""
LINES = f"""
SELECT id AS quote, l AS line, CASE l WHEN 3 THEN '{EXTRAS[0]}' WHEN 4 THEN '{EXTRAS[1]}'
  ELSE 'plan-' || lpad((hash(n * l) % {OFFERINGS})::VARCHAR, 3, '0') END AS offering, market, channel, currency,
  1 + n % 9 AS quantity, (1 + n % 9) * {PRICE // 10_000} AS net FROM ({MADE}), range(1, 5) u(l)"""
TABLES = {
    "quote": f"""SELECT id, 'proposed', 'customer-' || n % 5000, 'seller-' || n % 60, market, channel, 'business',
  currency, 1, 1, 4 * (1 + n % 9) * {PRICE // 10_000}, '2026-06-01 00:00:00.000000', '2027-06-01 00:00:00.000000', 1, 0
  FROM ({MADE})""",
    "quote_line": f"SELECT quote, line, offering, '{SELLING_MODEL}', quantity, {PRICE}, 0, net FROM ({LINES})",
    "where_used": f"""SELECT 'offering', offering, 'quote', quote, line, '{SELLING_MODEL}', market, channel, currency,
  net FROM ({LINES}) ORDER BY offering, quote, line""",
}


@dataclass
class Journey:
    """Seconds from the submission until each state was seen, what was read of the progress, the worker's peak in MB."""

    change: str
    states: dict[str, float] = field(default_factory=dict)
    progress: list[tuple[str, int]] = field(default_factory=list)
    peak: float = 0.0

    @property
    def seconds(self) -> float:
        """Until the evidence was there."""
        return self.states[READY]


def load(database: Path, count: int) -> None:
    """Open quotes of four lines go in by SQL: they are load, no part of what is measured."""
    note(f"writing {count:,} open quotes")
    with sqlite3.connect(database) as connection, duckdb.connect() as source:
        connection.execute("PRAGMA synchronous = OFF")
        for table, sql in TABLES.items():
            found = source.execute(sql.format(count=count))
            marks = ", ".join("?" * len(found.description or ()))
            while rows := found.fetchmany(AT_ONCE):
                connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        connection.execute("ANALYZE")


def proposal() -> dict[str, Any]:
    """Every list price of the book becomes dearer."""
    edits = [
        {
            "edit": "set_price",
            "offering": place.offering,
            "selling_model": SELLING_MODEL,
            "market": place.market,
            "channel": place.channel,
            "currency": place.currency,
            "unit_price": f"{Decimal(PRICE) * (100 + PERCENT) / 100 / MICRO:.2f}",
        }
        for place in PLACES
    ]
    return {
        "kind": "pricing",
        "title": "The price book becomes dearer",
        "objective": "Follow the cost before the quarter ends.",
        "parts": [{"artifact": "pricing/standard", "edits": edits}],
        "monitoring": {"seconds": 0, "requirement": "none"},
    }


def run(count: int) -> list[Measurement]:
    """Two changes of the whole book, one after the other: the first one takes the first snapshot of all quotes."""
    with installation(lambda database: load(database, count)) as made:
        first, second = asyncio.run(_both(made, count))
    title = f"price book over {count:,} open quotes, submitted to evidence"
    return [
        measured(BENCH, f"{title}, with the first snapshot", "s", [first.seconds]),
        measured(BENCH, title, "s", [second.seconds]),
        *(measured(BENCH, f"{title}, until {state}", "s", [at]) for state, at in second.states.items()),
        measured(BENCH, f"{title}, steps of progress that the page showed", "", [len(set(second.progress))]),
        measured(BENCH, f"{title}, peak memory of the worker", "MB", [first.peak, second.peak], most=MOST_MB),
    ]


async def _both(made: Installation, count: int) -> tuple[Journey, Journey]:
    async with governed(made) as people:
        requester = people.clients[REQUESTER]
        journeys = [await _travel(requester, made.processes["worker"].pid) for _ in range(2)]
        for journey in journeys:
            found = await people.read(f"/api/changes/{journey.change}")
            if found["simulation"]["quotes"] < count or not found["simulation"]["snapshot"]:
                raise RuntimeError(f"{journey.change} is about {found['simulation']['quotes']} quotes only.")
    return journeys[0], journeys[1]


async def _travel(requester: httpx.AsyncClient, worker: int) -> Journey:
    """Propose and submit the change, and look at it until the evidence is there. Raises TimeoutError."""
    forget_peak(worker)
    change = (await _post(requester, "/api/changes", proposal()))["change"]
    begun = time.perf_counter()
    await _post(requester, f"/api/changes/{change}/submit")
    journey = Journey(change)
    note(f"{change} is submitted")
    async with asyncio.timeout(LIMIT):
        while READY not in journey.states:
            await _look(requester, journey, begun)
            await asyncio.sleep(POLL)
    journey.peak = peak_of(worker)
    note(f"{change}: {journey.states}, {len(set(journey.progress))} steps of progress, {journey.peak:.0f} MB")
    return journey


async def _look(requester: httpx.AsyncClient, journey: Journey, begun: float) -> None:
    state = (await _get(requester, f"/api/changes/{journey.change}"))["summary"]["state"]
    journey.states.setdefault(state, time.perf_counter() - begun)
    if state == SIMULATING:
        at = await _get(requester, f"/api/changes/{journey.change}/simulation/progress")
        journey.progress.append((at["stage"], at["done"]))


async def _get(client: httpx.AsyncClient, path: str) -> Any:
    return (await client.get(path)).raise_for_status().json()


async def _post(client: httpx.AsyncClient, path: str, body: dict[str, Any] | None = None) -> Any:
    key = {"Idempotency-Key": secrets.token_hex(12)}
    return (await client.post(path, json=body, headers=key)).raise_for_status().json()
