"""Index, scan and a plain loop over the records find the same impact; which way is taken, and why, is said (chapter 5)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update

from activities.snapshot import refresh
from analysis import impact as engine
from analysis.assessment import Wide
from analysis.engine import USUAL
from analysis.hits import Hits
from analysis.impact import Effort, Sources, TakesLonger, find, find_documents, uses
from analysis.impact_answers import DOCUMENTS
from commands.orders import seed_orders
from domain.artifact import EVERYWHERE, Operation, Part
from domain.canonical import parse
from domain.errors import Unavailable
from domain.impact import Answer, Impact, Provenance
from domain.kinds.kind import Question, Touched
from domain.quote import OPEN_STATUSES
from domain.touched import touching
from queries.impact import impact_view
from store import quotes as stored
from store.quotes import QUOTES
from store.snapshots import SnapshotFiles
from tests.analysis.conftest import SEED
from tests.analysis.moving import revalue_what_a_contract_and_an_asset_rest_on
from tests.builders import PRICES, Business, proposal, set_price
from tests.databases import as_owner
from tests.examples import examples

OFFERINGS = ("FIBRE-500", "FIBRE-1000", "SETUP", "no-such-offering")
MARKETS, CHANNELS, CURRENCIES = ("DE", "CH", "JP"), ("direct", "partner"), ("EUR", "CHF", "JPY")

CUSTOMERS, SEGMENTS = tuple(f"customer-{number:05d}" for number in range(6)), ("consumer", "business")
TODAY = datetime.now(UTC).date()
PERIODS = tuple(
    f"{TODAY - timedelta(days=first)}/{TODAY - timedelta(days=last)}" for first, last in ((90, 20), (9, -1))
)


def some(values: Sequence[str]) -> st.SearchStrategy[str]:
    return st.sampled_from((EVERYWHERE, *values))


TOUCHED = st.lists(
    st.builds(
        Touched,
        offering=some(OFFERINGS),
        selling_model=some(("monthly", "one_time")),
        market=some(MARKETS),
        channel=some(CHANNELS),
        currency=some(CURRENCIES),
        customer=some(CUSTOMERS),
        segment=some(SEGMENTS),
        period=some(PERIODS),
    ),
    min_size=1,
    max_size=4,
)


def reference(business: Business, touched: Sequence[Touched]) -> Hits:
    """Every open quote that uses anything touched, by looking at every line of every quote."""
    with business.database.reading() as session:
        ids = session.execute(select(QUOTES.c.id).where(QUOTES.c.status.in_(OPEN_STATUSES))).scalars().all()
        quotes = [found for name in sorted(ids) if (found := stored.quote(session, name))]
    hits = Hits()
    for quote in quotes:
        lines = [line for line in quote.lines if any(uses(quote, line, item) for item in touched)]
        if lines:
            hits.document.append(quote.id)
            hits.market.append(quote.market)
            hits.currency.append(quote.currency)
            hits.value.append(quote.total_minor)
            hits.lines.append(len(lines))
    return hits


def found_by(
    business: Business, touched: Sequence[Touched], files: SnapshotFiles | None
) -> tuple[dict[str, Hits], Provenance]:
    with business.database.reading() as session:
        sources = Sources(session, business.files, business.database.now(session), files)
        hits, provenance = find_documents(sources, touching(touched))
        return dict(hits), provenance


def put(**entry: Any) -> dict[str, Any]:
    return {"edit": "put", "entry": entry}


CLAUSE = put(type="clause", id="withdrawal-eu", name="Withdrawal", text="You may withdraw within thirty days.")
TASK = put(
    type="task", plan="voice", id="configure", name="Configure the service", system="provisioning", after=["number"],
    attempts=9, compensation="Remove the configuration",
)  # fmt: skip
FIELD = put(type="field", contract="billing-handoff", name="cost_centre", data_type="text", required=False)
CREDITED = put(
    type="promotion", id="spring-fibre", name="Spring fibre", first_day="2021-03-01", last_day="2099-05-31",
    offerings=["FIBRE-250", "FIBRE-500"], off_basis_points=1000, stacking_group="season", billing="credit",
    attribution="SPRING27",
)  # fmt: skip
ROW = {"edit": "remove_row", "table": "quote", "id": "discount"}
ALL, VOICE = (Touched(offering=EVERYWHERE),), ("HOME-PHONE", "CLOUD-PHONE-SEAT", "TRUNK-CHANNEL")
MOVES: dict[str, tuple[str, dict[str, Any], tuple[Touched, ...], set[str]]] = {
    "clause": ("document", CLAUSE, (Touched(offering=EVERYWHERE, market="DE"),), {"quote"}),
    "task": ("order_mapping", TASK, tuple(Touched(offering=one) for one in VOICE), {"order", "asset"}),
    "promotion": (
        "promotion", CREDITED, tuple(Touched(offering=one) for one in CREDITED["entry"]["offerings"]),
        {"quote", "order", "asset"},
    ),
    "quote row": ("approval", ROW, ALL, {"quote"}),
    "integration field": ("integration", FIELD, ALL, {"order"}),
}  # fmt: skip


@pytest.fixture
def trading(business: Business) -> Business:
    """The example business with open quotes, orders, assets and contracts."""
    business.seed(SEED, 100)
    seed_orders(business.gateway, business.system(), SEED, 0, 60, (), 0, True)
    return business


@pytest.fixture
def by_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store so small that everything is wide."""
    monkeypatch.setattr(engine, "WIDE", -1)
    monkeypatch.setattr(engine, "FEW", -1)


def test_index_scan_and_reference_find_the_same(
    trading: Business, snapshot_files: SnapshotFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody can read when this one was made, so that it counts in every period.
    never = "'soon'" if trading.database.is_sqlite else "'infinity'"
    with as_owner(trading.login) as connection:
        connection.execute(text(f"UPDATE quote SET created_at = {never} WHERE id = 'Q-{SEED}-0000003'"))
        for table in ("quote", "sales_order", "asset", "contract"):
            connection.execute(text(f"UPDATE {table} SET customer = 'customer-0000' || substr(id, length(id), 1)"))
    refresh(trading.gateway, snapshot_files)
    # What moved since the snapshot counts as it is now: one quote closed, one moved to a market where it is not sold.
    with trading.database.writing() as session:
        session.execute(update(QUOTES).where(QUOTES.c.id == f"Q-{SEED}-0000001").values(status="accepted"))
        session.execute(update(QUOTES).where(QUOTES.c.id == f"Q-{SEED}-0000002").values(total_minor=1))
        revalue_what_a_contract_and_an_asset_rest_on(session)
    trading.seed(SEED + 1, 10)

    @settings(max_examples=examples(20), deadline=None)
    @given(TOUCHED)
    def same(touched: list[Touched]) -> None:
        with monkeypatch.context() as patch:
            index, how = found_by(trading, touched, None)
            patch.setattr(engine, "WIDE", -1)
            patch.setattr(engine, "FEW", -1)
            scanned, why = found_by(trading, touched, snapshot_files)
        assert (how.way, why.way) == ("index", "scan")
        for kind in index:
            assert index[kind].file() == scanned[kind].file(), kind
            assert index[kind].all_faults() == scanned[kind].all_faults()
        assert index["quote"].file() == reference(trading, touched).file()
        with trading.database.reading() as session:
            assert sorted(stored.open_ids_using(session, touched)) == index["quote"].document

    same()


def price_change(offering: str = "FIBRE-500", **place: str) -> tuple[Part, ...]:
    """A change of one list price."""
    entry = {
        "type": "price",
        "offering": offering,
        "selling_model": "monthly",
        "market": EVERYWHERE,
        "channel": EVERYWHERE,
        "currency": "EUR",
        "unit_price_micros": 1,
        **place,
    }
    return (Part(artifact=PRICES, base=1, operations=(Operation(entry="price/x", before=entry, after=entry),)),)


def impact(business: Business, parts: Sequence[Part], files: SnapshotFiles | None = None) -> tuple[Impact, Provenance]:
    with business.database.reading() as session:
        found = find(Sources(session, business.files, business.database.now(session), files), parts)
    return found.impact, found.provenance


def test_all_ten_questions_are_answered_in_their_order(trading: Business) -> None:
    found, provenance = impact(trading, price_change(EVERYWHERE))

    assert [answer.name for answer in found.answers] == [question.name.lower() for question in Question]
    assert provenance.way == "index"
    quotes, orders, assets = found.answers[:3]
    assert quotes.count == found.quotes > 0
    assert quotes.value == found.value
    assert orders.count > 0 and set(orders.value) == {"EUR"}
    assert assets.count > 0
    assert all(answer.source for answer in found.answers)


def test_nothing_is_counted_as_nothing_and_says_where_it_looked(business: Business) -> None:
    found, _ = impact(business, price_change())

    reports = found.answer("reports")
    assert reports is not None
    assert (reports.count, reports.source) == (0, "no artifact of kind report is governed yet")
    orders = found.answer("orders")
    assert orders is not None
    assert (orders.count, orders.file, orders.source) == (0, None, "orders that are submitted or in fulfillment")


def test_the_list_of_an_answer_is_complete_and_in_the_file_store(trading: Business) -> None:
    found, _ = impact(trading, price_change(EVERYWHERE))

    for answer in found.answers[:3]:
        assert answer.file is not None
        listed = parse(trading.files.get(answer.file))
        assert len(listed["document"]) == answer.count
        assert listed["document"] == sorted(set(listed["document"]))
        assert tuple(listed["document"][: len(answer.examples)]) == answer.examples
        assert sum(listed["value"]) == sum(answer.value.values())


@pytest.mark.parametrize("name", MOVES)
def test_an_entry_that_names_no_offering_finds_its_documents_through_others(trading: Business, name: str) -> None:
    kind, edit, through, asked = MOVES[name]
    change = trading.draft(proposal(edit, kind=kind, artifact=f"{kind}/standard"))
    found, _ = impact(trading, trading.content(change).parts)
    hits, _ = found_by(trading, through, None)

    for question, document in DOCUMENTS:
        answer = found.answer(question.name.lower())
        expected = len(hits[document].document) if document in asked else 0
        assert answer is not None and answer.count == expected, question
        assert expected or document not in asked


def test_contracts_that_end_within_ninety_days_are_renewals(trading: Business) -> None:
    later, soon = (_renewals_of_contracts_that_end_in(trading, days) for days in (120, 30))

    assert later.count == 0
    assert soon.count > 0
    assert soon.value["EUR"] > 0


def _renewals_of_contracts_that_end_in(trading: Business, days: int) -> Answer:
    ends = (datetime.now(UTC) + timedelta(days=days)).isoformat(sep=" ")
    with as_owner(trading.login) as connection:
        connection.execute(text("UPDATE contract SET ends_at = :ends"), {"ends": ends})
    found = impact(trading, price_change())[0].renewals
    assert found is not None
    return found


def test_promotions_for_the_same_lines_overlap(business: Business) -> None:
    from analysis.impact_answers import of_content
    from store.artifacts import CONTENTS, latest

    promotion = {
        "type": "promotion",
        "offering": "FIBRE-500",
        "market": "DE",
        "currency": EVERYWHERE,
        "since": "2000-01-01",
        "until": "9999-01-01",
    }
    with business.database.reading() as session:
        digest = session.execute(
            text("SELECT digest FROM artifact_version WHERE artifact = 'pricing/standard'")
        ).scalar_one()
        book = dict(CONTENTS.get(digest) or {})
        assert latest(session, PRICES) == 1
        added = {
            "promotion/summer": promotion,
            "promotion/over": {**promotion, "until": "2001-01-01"},
            "promotion/other": {**promotion, "offering": "FIBRE-1000"},
        }
        CONTENTS.put(digest, {**book, **added})
        try:
            touched = engine.touched_by(price_change())
            answer = of_content(session, business.files, price_change(), touched, datetime.now(UTC))[0]
        finally:
            CONTENTS.put(digest, book)
    assert answer.examples == (f"{PRICES}:promotion/summer", "promotion/standard:promotion/spring-fibre")


@pytest.mark.usefixtures("by_scan")
def test_a_scan_names_its_snapshot_and_its_sql(trading: Business, snapshot_files: SnapshotFiles) -> None:
    taken = refresh(trading.gateway, snapshot_files)

    found, provenance = impact(trading, price_change(), snapshot_files)
    assert (provenance.way, provenance.snapshot, provenance.moved_since) == ("scan", taken.digest, 0)
    assert "scan" in provenance.because
    assert provenance.sql is not None
    sql = trading.files.get(provenance.sql).decode()
    assert "FROM quote_line" in sql and str(snapshot_files.folder) not in sql
    assert impact(trading, price_change())[0] == found, "the same facts give the same impact by either way"


@pytest.mark.usefixtures("by_scan")
def test_a_snapshot_left_far_behind_is_brought_up_to_now_first(
    trading: Business, snapshot_files: SnapshotFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh(trading.gateway, snapshot_files)
    trading.seed(SEED + 1, 20)
    monkeypatch.setattr(engine, "MOST_MOVED", 10)
    with pytest.raises(Unavailable, match="Too much has moved"):
        impact(trading, price_change(), snapshot_files)

    business = replace(trading, wide=Wide(snapshot_files, USUAL, few=10**6))
    change = business.awaiting(proposal(set_price(), set_price(channel="partner")))
    with business.database.reading() as session:
        view = impact_view(session, change)
    assert view.provenance is not None
    assert (view.provenance.way, view.provenance.moved_since) == ("scan", 0)


def test_without_a_snapshot_wide_questions_are_answered_all_the_same(
    trading: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = impact(trading, price_change())
    monkeypatch.setattr(engine, "WIDE", 3)

    found, provenance = impact(trading, price_change())
    assert found == whole
    assert provenance.way == "index" and "no snapshot" in provenance.because


def test_who_has_time_waits_for_a_snapshot_and_who_has_none_asks_no_wide_question(
    trading: Business, snapshot_files: SnapshotFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "WIDE", 3)

    def asked(effort: Effort) -> Provenance:
        with trading.database.reading() as session:
            now = trading.database.now(session)
            return find(Sources(session, trading.files, now, snapshot_files, effort=effort), price_change()).provenance

    with pytest.raises(Unavailable, match="no snapshot yet"):
        asked(Effort.THOROUGH)
    assert asked(Effort.USUAL).way == "index"
    with pytest.raises(TakesLonger):
        asked(Effort.BRIEF)
    refresh(trading.gateway, snapshot_files)
    assert asked(Effort.THOROUGH).way == asked(Effort.USUAL).way == "scan"
    with pytest.raises(TakesLonger):
        asked(Effort.BRIEF)
    monkeypatch.setattr(engine, "WIDE", 20_000)
    assert asked(Effort.BRIEF).way == "index"


@pytest.mark.usefixtures("by_scan")
@pytest.mark.parametrize("scanning", [True, False])
def test_bad_rows_are_counted_and_not_dropped(
    trading: Business, snapshot_files: SnapshotFiles, scanning: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = price_change(currency=EVERYWHERE)
    before, _ = impact(trading, parts)
    bad = find_bad(trading, parts)
    with as_owner(trading.login) as connection:
        for sql in (
            f"UPDATE quote SET currency = 'XXQ' WHERE id = '{bad[0]}'",
            f"UPDATE quote SET price_version = 99 WHERE id = '{bad[1]}'",
            f"UPDATE quote SET expires_at = created_at WHERE id = '{bad[2]}'",
            f"UPDATE quote_line SET net_minor = -5, quantity = -1 WHERE quote = '{bad[3]}'",
            f"UPDATE where_used SET value = -5 WHERE document = '{bad[3]}'",
            f"UPDATE where_used SET currency = 'XXQ' WHERE document = '{bad[0]}'",
            *([f"UPDATE quote SET total_minor = 'much' WHERE id = '{bad[4]}'"] if trading.database.is_sqlite else []),
        ):
            connection.execute(text(sql))
    refresh(trading.gateway, snapshot_files)
    monkeypatch.setattr(engine, "WIDE", -1 if scanning else 10**9)

    after, provenance = impact(trading, parts, snapshot_files)
    assert provenance.way == ("scan" if scanning else "index")
    assert after.quotes == before.quotes, "every quote is counted"
    unreadable = {"unreadable"} if trading.database.is_sqlite else set()
    faults = {"unknown_currency", "missing_version", "dates_beyond_range", "negative_line"}
    assert set(after.faults) == faults | unreadable
    assert after.faults["unknown_currency"] == 1
    assert "XXQ" not in after.value


def find_bad(business: Business, parts: Sequence[Part]) -> list[str]:
    """Some quotes that a change affects."""
    found, _ = impact(business, parts)
    listed: dict[str, list[Any]] = parse(business.files.get(found.quotes_file))
    return [str(name) for name in listed["document"][:5]]
