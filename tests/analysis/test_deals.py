"""Past deals have the facts by which they were or would be decided, to the unit, whatever their records are (R-8.4)."""

import io
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.deals import FACTS, Disagreement, Past, load_deals
from analysis.engine import Limits, engine
from domain.deal import deal_facts
from domain.kinds.pricing_entries import BundlePrice, Contract, Cost, Floor, Price, Promotion, Rounding, Tier
from domain.pricing import PriceBook
from domain.quote import USUAL_PAYMENT_DAYS, Quote, QuoteLine
from domain.snapshot import Partition, Snapshot
from store.snapshots import SnapshotFiles
from tests.analysis.books import CHANNELS, CURRENCIES, CUSTOMERS, MARKETS, OFFERINGS, SEGMENTS, book_of

VERSIONS, MODEL = 4, "monthly"
NO_LINES = pa.schema([("quote", pa.string()), ("line", pa.int64())])
Row = dict[str, Any]


def drawn_book(chance: random.Random) -> PriceBook:
    """Small prices, so that each rounding moves a margin; every kind of rule; some prices and costs are missing."""
    entries: list[Any] = [Rounding(currency="EUR", step=chance.choice([1, 5]), mode=chance.choice(["up", "half_even"]))]
    for offering, currency in ((o, c) for o in OFFERINGS for c in CURRENCIES):
        sold = {"offering": offering, "currency": currency}
        unit = chance.randrange(1, 3_000_000)
        mode, basis = chance.choice([("slab", "line"), ("slab", "quote"), ("graduated", "line")])
        tiers = (Tier(from_quantity=3, off_basis_points=777), Tier(from_quantity=20, unit_price_micros=unit // 2))
        if chance.random() < 0.9:
            ways = {"tiers": tiers, "tier_mode": mode, "tier_basis": basis}
            entries.append(Price(**sold, selling_model=MODEL, unit_price_micros=unit, **ways))
        if chance.random() < 0.95:
            entries.append(Cost(**sold, unit_cost_micros=unit * chance.randrange(40, 130) // 100))
        entries.append(Floor(**sold, selling_model=MODEL, unit_floor_micros=unit // 3))
    one = {"offering": "A", "selling_model": MODEL, "currency": "EUR"}
    entries.append(Contract(customer="acme", unit_price_micros=900_001, **one))
    entries.append(BundlePrice(bundle="HOME", off_basis_points=333, **one))
    days = {"since": date(2026, 1, 5), "until": date(2026, 1, 20)}
    entries.append(Promotion(code="P", offering="B", off_basis_points=1_111, off_micros=3, currency="EUR", **days))
    return book_of(entries)


def drawn_quote(chance: random.Random, number: int, **more: Any) -> Quote:
    lines = [
        QuoteLine(
            line=place,
            offering=chance.choice([*OFFERINGS, *OFFERINGS, "OWN"]),
            selling_model=MODEL,
            quantity=chance.choice([1, 1, 2, 3, 7, 25, 900]),
            unit_price_micros=0,
            discount_basis_points=chance.choice([0, 0, 1, 99, 100, 250, 1_501, 10_000]),
            net_minor=chance.randrange(1, 500),
        )
        for place in range(1, chance.randrange(1, 4) + 1)
    ]
    made = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=chance.randrange(600))
    values = {
        "status": chance.choice(["approved", "accepted", "proposed"]),
        "customer": chance.choice([*CUSTOMERS, "other"]),
        "market": chance.choice(MARKETS),
        "channel": chance.choice(CHANNELS),
        "segment": chance.choice([*SEGMENTS, "strategic"]),
        "currency": chance.choice(CURRENCIES),
        "price_version": chance.randrange(1, VERSIONS + 1),
        "lines": tuple(lines),
    }
    dated = {"created_at": made, "expires_at": made + timedelta(days=30)}
    fixed = {"id": f"Q-{number:05d}", "owner": "o", "catalog_version": 1, "total_minor": 1_000, **dated}
    return Quote(**{**fixed, **values, **more})


def with_line(quote: Quote, **values: Any) -> Quote:
    """The quote with another first line; also with what no model lets in."""
    first = QuoteLine.model_construct(**{**quote.lines[0].model_dump(), **values})
    return quote.model_copy(update={"lines": (first, *quote.lines[1:])})


class Records:
    """A snapshot of quotes, and contracts of some."""

    def __init__(self, folder: Path, quotes: Sequence[Quote], days: Mapping[str, int] | None = None) -> None:
        self.quotes, self.days, self.files = quotes, days or {}, SnapshotFiles(str(folder))
        chance = random.Random(11)
        self.books = {number: drawn_book(chance) for number in range(1, VERSIONS + 1)}
        lines = [{"quote": q.id, **line.model_dump(warnings=False)} for q in quotes for line in q.lines]
        terms = [{"contract": f"K-{name}", "payment_days": days} for name, days in self.days.items()]
        self._parts: list[Partition] = []
        self._keep("quote", pa.Table.from_pylist([q.model_dump(exclude={"lines"}) for q in quotes]))
        self._keep("quote_line", pa.Table.from_pylist(lines))
        self._keep("contract", pa.Table.from_pylist([{"id": f"K-{name}", "quote": name} for name in self.days]))
        self._keep("contract_term", pa.Table.from_pylist(terms))
        self.snapshot = Snapshot(digest="x", at="", source="test", below={}, partitions=tuple(self._parts))

    def _keep(self, kind: str, rows: pa.Table) -> None:
        """Two partitions a kind."""
        for number in (0, 1) if rows.num_rows else ():
            part, buffer = (
                rows.slice(number * (rows.num_rows // 2), None if number else rows.num_rows // 2),
                io.BytesIO(),
            )
            pq.write_table(part, buffer)
            self.files.write(f"{kind}/{number}.parquet", buffer.getvalue())
            made = Partition(kind=kind, number=number, rows=part.num_rows, digest="", file=f"{kind}/{number}.parquet")
            self._parts.append(made)

    def facts(self, kept: Sequence[Sequence[Mapping[str, object]]] = ()) -> tuple[dict[str, Row], int, int]:
        """The facts of every deal, how many are as they were decided, and how many of a sample were compared."""
        with engine(self.files, Limits("200MB", 1)) as connection:
            past = Past(self.snapshot, self.books.get, kept)
            found = load_deals(connection, self.files, past)
            rows = connection.sql("FROM deal").to_arrow_table().to_pylist()
            return {row["deal"]: {name: row[name] for name in FACTS} for row in rows}, found.decided, found.compare()

    def wanted(self, quote: Quote) -> Mapping[str, object]:
        """What the authority engine would decide by."""
        return deal_facts(self.books[quote.price_version], quote, self.days.get(quote.id, USUAL_PAYMENT_DAYS))


def test_thousands_of_deals_have_the_facts_of_the_authority_engine(tmp_path: Path) -> None:
    chance = random.Random(3)
    quotes = [drawn_quote(chance, number) for number in range(3_000)]
    records = Records(tmp_path, quotes, {quote.id: chance.choice([14, 60]) for quote in quotes[::7]})
    found, decided, compared = records.facts()

    assert found == {quote.id: records.wanted(quote) for quote in quotes}
    assert (decided, compared) == (0, 1_000)
    margins = [facts["margin_percent"] for facts in found.values()]
    assert min(m for m in margins if m is not None) < 0 and None in margins


@pytest.mark.parametrize(
    ("line", "quote"),
    [
        ({"quantity": -5}, {}),
        ({"quantity": 0}, {}),
        ({"quantity": 2 * 10**9}, {}),
        ({"discount_basis_points": 10_001}, {}),
        ({"discount_basis_points": -250}, {}),
        ({}, {"currency": "XXQ"}),
        ({}, {"lines": ()}),
    ],
)
def test_a_line_that_nobody_can_price_counts_as_the_authority_engine_takes_it(
    tmp_path: Path, line: Row, quote: Row
) -> None:
    chance = random.Random(4)
    quotes = [drawn_quote(chance, number) for number in range(20)]
    quotes[:10] = [with_line(one, **line).model_copy(update=quote) for one in quotes[:10]]
    records = Records(tmp_path, quotes)

    assert records.facts() == ({one.id: records.wanted(one) for one in quotes}, 0, 20)


@pytest.mark.parametrize(
    ("line", "quote"),
    [({"quantity": None}, {}), ({"discount_basis_points": None}, {}), ({}, {"currency": None}), ({}, {"segment": None}),
     ({}, {"created_at": None}), ({}, {"price_version": 9})],
)  # fmt: skip
def test_a_deal_whose_records_are_not_whole_is_there_without_facts(tmp_path: Path, line: Row, quote: Row) -> None:
    chance = random.Random(5)
    quotes = [drawn_quote(chance, number) for number in range(20)]
    quotes[0] = with_line(quotes[0], **line).model_copy(update=quote)
    found, _, compared = Records(tmp_path, quotes).facts()

    assert found[quotes[0].id] == dict.fromkeys(FACTS)
    assert len(found) == 20 and compared == 19


def test_a_deal_that_was_asked_about_has_the_facts_by_which_it_was_decided(tmp_path: Path) -> None:
    chance = random.Random(6)
    quotes = [drawn_quote(chance, number, status="approved") for number in range(4)]
    kept = {"discount_percent": 40, "margin_percent": 1, "strategic_account": True, "payment_days": 90}
    kept |= {"standard_clauses": False, "regions": 3}
    records = Records(tmp_path, quotes)
    first = {**kept, "quote": quotes[1].id, "regions": 2}
    batches = [[first, {**kept, "quote": "Q-other"}], [{**first, "regions": 3}], [{**kept, "quote": "Q-more"}]]
    found, decided, compared = records.facts(batches)

    assert found[quotes[1].id] == kept and (decided, compared) == (1, 3)
    assert found[quotes[0].id] == records.wanted(quotes[0])


@pytest.fixture
def ten(tmp_path: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, Any]]:
    chance = random.Random(7)
    records = Records(tmp_path, [drawn_quote(chance, number) for number in range(10)])
    with engine(records.files, Limits("200MB", 1)) as connection:
        yield connection, load_deals(connection, records.files, Past(records.snapshot, records.books.get, ()))


def test_facts_that_are_not_those_of_the_authority_engine_fail_the_replay(
    ten: tuple[duckdb.DuckDBPyConnection, Any],
) -> None:
    connection, deals = ten
    connection.execute("UPDATE deal SET margin_percent = margin_percent - 1 WHERE deal = 'Q-00003'")
    with pytest.raises(Disagreement) as caught:
        deals.compare()
    assert (caught.value.code, caught.value.facts["deal"]) == ("replay_disagrees", "Q-00003")


def test_drafts_and_quotes_in_approval_are_no_past_deals(tmp_path: Path) -> None:
    chance = random.Random(8)
    states = ["draft", "in_approval", "accepted"]
    records = Records(tmp_path, [drawn_quote(chance, n, status=state) for n, state in enumerate(states)])
    assert set(records.facts()[0]) == {"Q-00002"}
