"""Quotes that hold what nobody can read: few and many find the same of them, they are counted, and nothing stops."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from activities.snapshot import refresh
from analysis.assessment import Wide, subject_of
from analysis.impact import touched_by
from analysis.simulation import quotes_of, simulate_few, simulate_many
from analysis.simulation_scenes import live_scenes
from analysis.simulation_subject import Subject
from domain.kinds.kind import Touched
from domain.pricing import line_fault
from domain.pricing_rules import LARGEST_QUANTITY
from domain.simulation import Outcome
from queries.simulation import quote_trace, reproduce
from store.quotes import open_quotes_using, page
from store.snapshots import SnapshotFiles
from tests.analysis.simulating import LIMITS, check, everywhere, plain
from tests.builders import Business, proposal, set_price
from tests.databases import as_owner

BAD = [
    ("created_at", "'infinity'", "date"),
    ("created_at", "'-infinity'", "date"),
    ("expires_at", "'infinity'", None),
    ("quantity", "-4", "quantity"),
    ("discount_basis_points", "10001", "discount"),
    ("currency", "'XXQ'", "currency"),
]
NO_CALENDAR = [
    ("created_at", "'0044-03-15 BC'", "date"),
    ("created_at", "'20000-01-01'", "date"),
    ("expires_at", "'9999-12-31 23:59:59'", None),
]
"""What only PostgreSQL knows as instants."""
NO_TYPE = [
    ("created_at", "'2026-02-30 00:00:00'", "date"),
    ("created_at", "'0000-01-01 00:00:00.000000'", "date"),
    ("created_at", "'2026-01-01T10:00'", "date"),
    ("created_at", "'2026-01-01 10:00:00+02:00'", "date"),
    ("created_at", "'2026-01-01 10:00:00.1234567'", "date"),
    ("created_at", "20260101", "date"),
    ("created_at", "x'00ff'", "date"),
    ("expires_at", "'soon'", None),
    ("quantity", "'many'", "quantity"),
    ("quantity", "1.5", "quantity"),
    ("quantity", "1e300", "quantity"),
    ("quantity", "x'0a'", "quantity"),
    ("discount_basis_points", "'much'", "discount"),
    ("unit_price_micros", "'a lot'", None),
    ("net_minor", "0.5", None),
    ("total_minor", "'a lot'", None),
    ("price_version", "'the first'", None),
]
"""What only SQLite lets into a column of another type."""
OF_LINES = ("quantity", "discount_basis_points", "unit_price_micros", "net_minor")


@pytest.fixture
def spoilt(seeded: Business) -> dict[str, str | None]:
    """By quote the fault of each of its lines, None where they can be priced all the same."""
    bad = BAD + (NO_TYPE if seeded.database.is_sqlite else NO_CALENDAR)
    with seeded.database.reading() as session:
        ids = [found.id for found in page(session, None, None, "", len(bad) + 1)][1:]
    with as_owner(seeded.login) as connection:
        for name, (column, value, _) in zip(ids, bad, strict=True):
            table, key = ("quote_line", "quote") if column in OF_LINES else ("quote", "id")
            connection.execute(text(f"UPDATE {table} SET {column} = {value} WHERE {key} = '{name}'"))
    return {name: fault for name, (_, _, fault) in zip(ids, bad, strict=True)}


def test_few_and_many_find_the_same_of_bad_rows(
    seeded: Business, spoilt: dict[str, str | None], snapshot_files: SnapshotFiles, subject: Subject
) -> None:
    taken = refresh(seeded.gateway, snapshot_files)
    with seeded.database.reading() as session:
        quotes = open_quotes_using(session, touched_by(subject.parts))
        one_by_one = simulate_few(subject, quotes, seeded.files, live_scenes(session))
        many = simulate_many(subject, taken, snapshot_files, LIMITS, seeded.files, look=live_scenes(session))

    found = {one.id: {line_fault(one, line) for line in one.lines} for one in quotes if one.id in spoilt}
    assert found == {name: {spoilt[name]} for name in found} and len(found) >= len(spoilt) - 1
    assert plain(one_by_one) == plain(many) and many.compared
    assert "engine_equals_reference" not in many.failed
    counted = check(one_by_one, "sound_lines")
    faulty = sum(len(subject.books.affected(one)) for one in quotes if spoilt.get(one.id))
    assert counted.reason.startswith(f"{faulty} lines have")
    assert quotes_of(seeded.files.get(one_by_one.cases_file)) == quotes


@pytest.mark.parametrize("many", [True, False])
def test_bad_rows_stop_neither_a_change_nor_who_reads_quotes(
    seeded: Business, spoilt: dict[str, str | None], snapshot_files: SnapshotFiles, many: bool
) -> None:
    wide = Wide(snapshot_files, LIMITS, few=0 if many else 1_000_000)
    change = replace(seeded, wide=wide).awaiting(proposal(*everywhere(seeded, 104)))

    with seeded.database.reading() as session:
        assert reproduce(session, seeded.files, change, wide).same
        shown = page(session, None, None, "", 1_000)
        traces = [quote_trace(session, seeded.files, change, name, wide) for name, fault in spoilt.items() if fault]
    assert set(spoilt) <= {one.id for one in shown}
    assert all(line.fault == spoilt[trace.quote.id] for trace in traces for line in trace.lines)
    assert all(one.model_dump_json() for one in (*shown, *traces))


def test_an_amount_that_no_line_comes_to_is_counted_and_stops_nothing(
    seeded: Business, snapshot_files: SnapshotFiles
) -> None:
    dear = (Touched(offering="FIBRE-500", market="DE", channel="direct", currency="EUR"),)
    with seeded.database.reading() as session:
        quote = open_quotes_using(session, dear)[0].id
    with as_owner(seeded.login) as connection:
        connection.execute(text(f"UPDATE quote_line SET quantity = {LARGEST_QUANTITY} WHERE quote = '{quote}'"))
    taken = refresh(seeded.gateway, snapshot_files)
    change = seeded.draft(proposal(set_price("100000000.00")))

    with seeded.database.reading() as session:
        subject = subject_of(session, seeded.content(change).parts)
        one_by_one = simulate_few(subject, open_quotes_using(session, dear), seeded.files, live_scenes(session))
        many = simulate_many(subject, taken, snapshot_files, LIMITS, seeded.files, look=live_scenes(session))
    assert plain(one_by_one) == plain(many) and "engine_equals_reference" not in many.failed
    assert check(many, "sound_lines").outcome is Outcome.INCONCLUSIVE and many.cases == one_by_one.cases > 1
