"""Seeding of orders with all that follows from them, in chunks: one transaction, one audit record each (D5b, D7)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlmodel import SQLModel

from analysis.order_seeding import Fault, Ground, Rows, Spoiling, accepted_quote_id, order_records
from analysis.seeding import shelves
from commands.command import Authority, Control, command
from commands.handoff import cached_rows, markets_of
from commands.quotes import CHANNELS
from domain.artifact import EVERYWHERE
from domain.errors import Conflict, Invalid, Refused
from domain.model import Model
from store import artifacts, where_used
from store.tables.event import CatalogCacheRow
from store.tables.installation import MarketRow
from store.tables.quote import QuoteRow
from store.unit_of_work import Transaction

CHUNK = 1_000
CATALOG, PRICING = "catalog/standard", "pricing/standard"
CACHE = "runtime-catalog"


class SeededOrders(Model):
    """How many orders a chunk wrote, how many of them are spoilt, and the rows of each table."""

    orders: int
    spoilt: int
    rows: dict[str, int]


@command(control=Control.OPERATION, authority=Authority.FREE)
def seed_orders(
    tx: Transaction, seed: int, first: int, count: int, faults: tuple[Fault, ...], rate: int, development: bool
) -> SeededOrders:
    """Write orders number `first` to `first + count - 1` of a seed with quotes, tasks, assets, billing and contracts.

    faults: what to spoil; rate: in how many of ten thousand orders. The first chunk also fills the runtime cache's
    records. Raises Refused("development_only"), Invalid("nothing_to_sell", "chunk_too_large"), Conflict("seed_used").
    """
    if not development:
        raise Refused("development_only", "Orders are seeded in development mode only.")
    if not 0 < count <= CHUNK:
        raise Invalid("chunk_too_large", f"Seed at most {CHUNK} orders at a time.")
    if tx.session.get(QuoteRow, accepted_quote_id(seed, first)) is not None:
        raise Conflict("seed_used", f"Orders of seed {seed} from number {first} on exist already.", seed=seed)
    numbers, spoiling = range(first, first + count), Spoiling(faults, rate)
    rows = _merged(list(order_records(seed, numbers, _ground(tx), spoiling)))
    if tx.session.execute(select(CatalogCacheRow).limit(1)).first() is None:
        rows["catalog_cache_entry"] = _cached(tx)
    _write(tx, rows)
    spoilt = sum(spoiling.of(seed, number) is not None for number in numbers)
    written = {table: len(found) for table, found in rows.items()}
    tx.record("orders.seeded", f"orders/{seed}", first=first, count=count, spoilt=spoilt, rows=written)
    return SeededOrders(orders=count, spoilt=spoilt, rows=written)


def _ground(tx: Transaction) -> Ground:
    versions = (artifacts.latest(tx.session, CATALOG), artifacts.latest(tx.session, PRICING))
    book = artifacts.price_book(tx.session, PRICING, versions[1])
    markets = list(tx.session.execute(select(MarketRow)).scalars())
    stock = shelves(book.entries, {row.code: row.currency for row in markets}, CHANNELS)
    if not stock:
        raise Invalid("nothing_to_sell", "The price book has nothing for any market.")
    return Ground(stock, book, versions, {row.code: row.zone for row in markets}, tx.now)


def _merged(found: Sequence[Rows]) -> Rows:
    merged: Rows = {}
    for rows in found:
        for table, some in rows.items():
            merged.setdefault(table, []).extend(some)
    return merged


def _cached(tx: Transaction) -> list[dict[str, Any]]:
    """What the runtime cache holds when it is warm: every offering of the live catalog in every market."""
    version = artifacts.latest(tx.session, CATALOG)
    return [row for market in markets_of(tx, EVERYWHERE) for row in cached_rows(tx, CACHE, market, version)]


def _write(tx: Transaction, rows: Rows) -> None:
    """Write every table's rows, the tables that others refer to first, and what the documents use."""
    for table in SQLModel.metadata.sorted_tables:
        if rows.get(table.name):
            tx.session.execute(insert(table), rows[table.name])
    quoted = where_used.line_uses(where_used.QUOTE, rows["quote"], rows["quote_line"], "quote")
    ordered = where_used.line_uses(where_used.ORDER, rows["sales_order"], rows["sales_order_line"], "sales_order")
    delivered = where_used.asset_uses(rows.get("asset", ()), ordered)
    agreed = where_used.contract_uses(rows.get("contract", ()), quoted)
    where_used.add(tx.session, [*quoted, *ordered, *delivered, *agreed])
