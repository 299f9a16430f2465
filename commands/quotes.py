"""Seeding of open quotes, in chunks: each chunk is one transaction with one audit record and is done once (D5b, D7)."""

from sqlalchemy import insert, select

from analysis.seeding import quote_id, quotes, shelves
from commands.command import Authority, Control, command
from domain.errors import Conflict, Invalid, Refused
from domain.model import Model
from store import artifacts
from store.tables.columns import table_of
from store.tables.installation import MarketRow
from store.tables.quote import QuoteLineRow, QuoteRow
from store.unit_of_work import Transaction

CHUNK = 5_000
CHANNELS = ("direct", "partner")


class Seeded(Model):
    """How many quotes and lines a chunk wrote."""

    quotes: int
    lines: int


@command(control=Control.OPERATION, authority=Authority.FREE)
def seed_quotes(tx: Transaction, seed: int, first: int, count: int, development: bool) -> Seeded:
    """Write open quotes number `first` to `first + count - 1` of a seed, priced by and pinned to the live versions.

    Raises Refused("development_only"), Invalid("nothing_to_sell", "chunk_too_large"), Conflict("seed_used").
    """
    if not development:
        raise Refused("development_only", "Quotes are seeded in development mode only.")
    if not 0 < count <= CHUNK:
        raise Invalid("chunk_too_large", f"Seed at most {CHUNK} quotes at a time.")
    if tx.session.get(QuoteRow, quote_id(seed, first)) is not None:
        raise Conflict("seed_used", f"Quotes of seed {seed} from number {first} on exist already.", seed=seed)
    versions = (artifacts.latest(tx.session, "catalog/standard"), artifacts.latest(tx.session, "pricing/standard"))
    book = artifacts.price_book(tx.session, "pricing/standard", versions[1])
    markets = {row.code: row.currency for row in tx.session.execute(select(MarketRow)).scalars()}
    stock = shelves(book.entries, markets, CHANNELS)
    if not stock:
        raise Invalid("nothing_to_sell", "The price book has nothing for any market.")
    rows = list(quotes(seed, range(first, first + count), stock, book, versions, tx.now))
    lines = [line for _, group in rows for line in group]
    tx.session.execute(insert(table_of(QuoteRow)), [head for head, _ in rows])
    tx.session.execute(insert(table_of(QuoteLineRow)), lines)
    tx.record("quotes.seeded", f"quotes/{seed}", first=first, count=count, lines=len(lines))
    return Seeded(quotes=len(rows), lines=len(lines))
