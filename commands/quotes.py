"""Seeding of open quotes: chunk by chunk into a batch that nobody sees, then published as a whole (D5b, D7)."""

from collections.abc import Sequence

import orjson
from sqlalchemy import select
from sqlmodel import col

from analysis.seeding import Shop, quote_id, quotes, shelves
from commands.command import Authority, Control, command
from domain.canonical import digest, digest_of
from domain.errors import Conflict, Invalid, NotFound, Refused
from domain.model import Model
from store import artifacts
from store import quotes as stored
from store.tables.installation import MarketRow
from store.tables.quote import QuoteBatchPartRow, QuoteBatchRow
from store.unit_of_work import Transaction

CHUNK = 5_000
CHANNELS = ("direct", "partner")


class Batch(Model):
    """The quotes of a seed: how many there will be, how many with how many lines are written, and whether they count.

    digest: over all their rows, None until they are published.
    """

    seed: int
    count: int
    quotes: int
    lines: int
    digest: str | None


@command(control=Control.OPERATION, authority=Authority.FREE, audited=False)
def begin_seed(tx: Transaction, seed: int, count: int, development: bool) -> Batch:
    """Open the batch of a seed, pinned to the latest versions; one that is there already is gone on with.

    Raises Refused("development_only"), Conflict("seed_used") when the seed was used with another count.
    """
    _development(development)
    row = _found(tx, seed)
    if row is None:
        versions = {name: artifacts.latest(tx.session, f"{name}/standard") for name in ("catalog", "pricing")}
        row = QuoteBatchRow(
            name=_name(seed),
            quotes=count,
            catalog_version=versions["catalog"],
            price_version=versions["pricing"],
            as_of=tx.now,
        )
        tx.add(row)
        row = _batch(tx, seed)
    if row.quotes != count:
        raise Conflict("seed_used", f"Seed {seed} was used for {row.quotes:,} quotes; choose another.", seed=seed)
    return _state(seed, row, _parts(tx, row))


@command(control=Control.OPERATION, authority=Authority.FREE, audited=False)
def seed_chunk(tx: Transaction, seed: int, first: int, development: bool) -> Batch:
    """Write quotes number `first` and following of a batch, priced by its versions; once, however often it is asked.

    Raises Refused("development_only"), NotFound("unknown_seed"), Invalid("not_a_chunk", "nothing_to_sell").
    """
    _development(development)
    row = _batch(tx, seed)
    if first % CHUNK or not 0 <= first < row.quotes:
        raise Invalid("not_a_chunk", f"Chunks start at multiples of {CHUNK:,} below {row.quotes:,}.")
    if tx.session.get(QuoteBatchPartRow, (row.id, first)) is None:
        _write(tx, row, seed, range(first, min(first + CHUNK, row.quotes)))
    return _state(seed, row, _parts(tx, row))


@command(control=Control.OPERATION, authority=Authority.FREE)
def publish_seed(tx: Transaction, seed: int, development: bool) -> Batch:
    """Let all quotes of a batch count from now on: one short transaction, one audit record with their digest.

    Raises Refused("development_only"), NotFound("unknown_seed"), Conflict("seed_incomplete").
    """
    _development(development)
    row = tx.lock(QuoteBatchRow, _batch(tx, seed).id)
    parts = _parts(tx, row)
    written = sum(part.quotes for part in parts)
    if written != row.quotes:
        raise Conflict("seed_incomplete", f"{written:,} of {row.quotes:,} quotes are written.", written=written)
    outcome = "unchanged" if row.published_at else "done"
    if row.published_at is None:
        row.published_at, row.digest = tx.now, digest([part.digest for part in parts])
        row.published_position = stored.publish(tx.session, row.id or 0, quote_id(seed, 0))
    state = _state(seed, row, parts)
    tx.record("quotes.seeded", f"quotes/{seed}", outcome, quotes=state.quotes, lines=state.lines, digest=state.digest)
    return state


def _development(development: bool) -> None:
    if not development:
        raise Refused("development_only", "Quotes are seeded in development mode only.")


def _write(tx: Transaction, row: QuoteBatchRow, seed: int, numbers: range) -> None:
    versions = (row.catalog_version, row.price_version)
    rows = list(quotes(seed, numbers, _shop(tx, row.price_version), versions, row.as_of))
    lines = stored.add(tx.session, rows, batch=row.id or 0)
    # The rows hold text, integers and instants in a fixed order, so that these bytes are canonical without a check.
    written = digest_of(orjson.dumps(rows, option=orjson.OPT_SORT_KEYS))
    tx.add(QuoteBatchPartRow(batch=row.id or 0, first=numbers.start, quotes=len(rows), lines=lines, digest=written))


SHOPS: dict[tuple[object, ...], Shop] = {}
"""The shop of the versions that were seeded from last."""


def _shop(tx: Transaction, price_version: int) -> Shop:
    """Raises Invalid("nothing_to_sell")."""
    book = artifacts.price_book(tx.session, "pricing/standard", price_version)
    markets = {row.code: row.currency for row in tx.session.execute(select(MarketRow)).scalars()}
    key = (*_priced_by(tx, price_version), *sorted(markets.items()))
    if key not in SHOPS:
        SHOPS.clear()
        SHOPS[key] = Shop(shelves(book.entries, markets, CHANNELS), book)
    if not SHOPS[key].shelves:
        raise Invalid("nothing_to_sell", "The price book has nothing for any market.")
    return SHOPS[key]


def _priced_by(tx: Transaction, price_version: int) -> list[str]:
    """The digests of all that a shop prices by: the version of the price book, and the promotions as they are now."""
    latest = artifacts.latest_numbers(tx.session)
    promotions = {name: number for name, number in latest.items() if number and name.startswith("promotion/")}
    return [*artifacts.digests(tx.session, {"pricing/standard": price_version, **promotions}).values()]


def _name(seed: int) -> str:
    return f"seed/{seed}"


def _found(tx: Transaction, seed: int) -> QuoteBatchRow | None:
    return next(iter(tx.find(QuoteBatchRow, col(QuoteBatchRow.name) == _name(seed))), None)


def _batch(tx: Transaction, seed: int) -> QuoteBatchRow:
    row = _found(tx, seed)
    if row is None:
        raise NotFound("unknown_seed", f"Seed {seed} has not been begun.", seed=seed)
    return row


def _parts(tx: Transaction, row: QuoteBatchRow) -> Sequence[QuoteBatchPartRow]:
    return sorted(tx.find(QuoteBatchPartRow, col(QuoteBatchPartRow.batch) == row.id), key=lambda part: part.first)


def _state(seed: int, row: QuoteBatchRow, parts: Sequence[QuoteBatchPartRow]) -> Batch:
    return Batch(
        seed=seed,
        count=row.quotes,
        quotes=sum(part.quotes for part in parts),
        lines=sum(part.lines for part in parts),
        digest=row.digest,
    )
