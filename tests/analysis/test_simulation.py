"""Simulation over a snapshot: the rows, sums and digest of the reference, in any grouping; what is wrong is found."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from activities.snapshot import refresh
from analysis import simulation, simulation_engine
from analysis.assessment import Wide, run_simulation, subject_of
from analysis.impact import Sources
from analysis.simulation import (
    cases_of,
    conclude,
    partitions_of,
    quotes_of,
    simulate_many,
    simulate_partitions,
)
from analysis.simulation_checks import case_checks
from analysis.simulation_engine import effects_sql
from analysis.simulation_parts import Part, merged, part_of
from analysis.simulation_subject import Subject
from commands.assessments import record_simulation
from commands.changes import withdraw_change
from domain.errors import MandateError, NotFound
from domain.pricing import line_amounts
from domain.simulation import Outcome, Simulation, worsened
from domain.snapshot import Snapshot
from queries.changes import simulated_cases
from queries.dry_run import dry_run
from queries.simulation import combined, quote_trace, reproduce, stored, today, version_today
from store import changes
from store.quotes import open_quotes_using
from store.snapshots import SnapshotFiles
from store.tables.columns import table_of
from store.tables.quote import QuoteLineRow
from store.tables.snapshot import SnapshotUseRow
from tests.analysis.simulating import LIMITS, by_quote, everywhere, few, plain
from tests.builders import PRICES, REQUESTER, Business, as_actor, proposal, set_price
from tests.databases import as_owner

LINES = table_of(QuoteLineRow)


def test_the_engine_and_the_reference_give_one_result(
    seeded: Business, snapshot: Snapshot, snapshot_files: SnapshotFiles, subject: Subject
) -> None:
    progress: list[tuple[int, int]] = []
    many = simulate_many(subject, snapshot, snapshot_files, LIMITS, seeded.files, lambda *at: progress.append(at))
    one_by_one = few(seeded, subject)

    assert many.quotes > 250
    assert plain(many) == plain(one_by_one)
    assert (many.snapshot, many.compared > 20, bool(many.sql)) == (snapshot.digest, True, True)
    assert progress == [(n, 16) for n in range(1, 17)]
    file, small = (seeded.files.get(result.cases_file) for result in (many, one_by_one))
    assert by_quote(cases_of(file, 0, 1_000)[0]) == by_quote(cases_of(small, 0, 1_000)[0])
    assert cases_of(file, 5, 7)[0] == cases_of(file, 0, 1_000)[0][5:12]
    assert len(quotes_of(small)) == one_by_one.quotes


def test_any_grouping_of_partitions_gives_the_same_result(
    seeded: Business,
    snapshot: Snapshot,
    snapshot_files: SnapshotFiles,
    subject: Subject,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def grouped(size: int) -> Simulation:
        numbers = partitions_of(snapshot)
        groups = [numbers[start : start + size] for start in range(0, len(numbers), size)]
        slices = [s for group in groups for s in simulate_partitions(subject, snapshot, snapshot_files, LIMITS, group)]
        return conclude(subject, snapshot, slices, seeded.files)

    whole = grouped(16)
    assert whole == grouped(1) == grouped(5)
    lines = sum(partition.rows for partition in snapshot.of("quote_line"))
    monkeypatch.setattr(simulation_engine, "LINES_AT_ONCE", lines // 4)
    groups = list(simulation_engine.at_once(snapshot, partitions_of(snapshot)))
    assert len(groups) >= 4 and [n for group in groups for n in group] == list(partitions_of(snapshot))
    assert grouped(16) == whole
    # Other row groups are another file with the same rows.
    monkeypatch.setattr(simulation, "QUOTES_TOGETHER", 1)
    assert grouped(16).model_copy(update={"cases_file": whole.cases_file}) == whole


def test_parts_merge_in_any_order(snapshot: Snapshot, snapshot_files: SnapshotFiles, subject: Subject) -> None:
    slices = simulate_partitions(subject, snapshot, snapshot_files, LIMITS, partitions_of(snapshot))
    pieces = list(slices)
    parts = [part_of(piece.effects, {piece.number: piece.effects}) for piece in pieces]
    assert parts == [part_of(piece.effects) for piece in pieces]

    assert merged(parts) == merged(reversed(parts)) == merged([merged(parts[:3]), merged(parts[3:])])


def test_a_price_that_the_engine_gets_wrong_fails_the_run(
    seeded: Business,
    snapshot: Snapshot,
    snapshot_files: SnapshotFiles,
    subject: Subject,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = simulation_engine.pricing_sql
    monkeypatch.setattr(
        simulation_engine,
        "pricing_sql",
        lambda *args: f"SELECT * REPLACE (new_net + 1 AS new_net) FROM ({right(*args)})",
    )
    found = simulate_many(subject, snapshot, snapshot_files, LIMITS, seeded.files)

    check = next(check for check in found.checks if check.name == "engine_equals_reference")
    assert check.outcome is Outcome.FAIL and check.counter_examples
    assert "engine_equals_reference" in found.failed


@pytest.mark.parametrize("kept", ["quote % 2 = 0", "false"])
def test_a_quote_that_the_engine_drops_fails_the_run(
    seeded: Business,
    snapshot: Snapshot,
    snapshot_files: SnapshotFiles,
    subject: Subject,
    monkeypatch: pytest.MonkeyPatch,
    kept: str,
) -> None:
    right, kept = simulation_engine.pricing_sql, kept.replace("quote", "CAST(right(quote, 1) AS INT)")
    monkeypatch.setattr(simulation_engine, "pricing_sql", lambda *args: f"SELECT * FROM ({right(*args)}) WHERE {kept}")
    first, again = (simulate_many(subject, snapshot, snapshot_files, LIMITS, seeded.files) for _ in range(2))

    check = next(check for check in first.checks if check.name == "engine_equals_reference")
    assert check.outcome is Outcome.FAIL and first == again
    assert check.counter_examples and all(int(quote[-1]) % 2 or kept == "false" for quote in check.counter_examples)


def test_bad_rows_are_counted_and_named(seeded: Business, snapshot_files: SnapshotFiles, subject: Subject) -> None:
    with as_owner(seeded.login) as connection:
        connection.execute(update(LINES).where(LINES.c.quote == "Q-7-0000001").values(quantity=-4))
    taken = refresh(seeded.gateway, snapshot_files)
    many = simulate_many(subject, taken, snapshot_files, LIMITS, seeded.files)

    bad = next(check for check in many.checks if check.name == "sound_lines")
    assert bad.outcome is Outcome.INCONCLUSIVE and "Q-7-0000001" in bad.reason
    none = case_checks(Part(quotes=1, lines=2, faulty=2), True, 0, ())
    assert {check.outcome for check in none} == {Outcome.INCONCLUSIVE} and all(check.reason for check in none)
    assert plain(many) == plain(few(seeded, subject))


def test_a_taken_out_price_and_a_thin_margin_are_found_with_counter_examples(
    seeded: Business, snapshot: Snapshot, snapshot_files: SnapshotFiles
) -> None:
    edits = everywhere(seeded, percent=20)
    gone = {key: value for key, value in edits[0].items() if key != "unit_price"} | {"edit": "remove_price"}
    change = seeded.draft(proposal(gone, *edits[1:]))
    with seeded.database.reading() as session:
        subject = subject_of(session, seeded.content(change).parts)
    found = simulate_many(subject, snapshot, snapshot_files, LIMITS, seeded.files)

    assert {"every_line_priced", "margin_floor"} <= set(found.failed)
    assert all(check.counter_examples for check in found.checks if check.name in found.failed)
    counts = {check.name: check.failing for check in found.checks}
    expected = failing_lines(seeded, subject)
    assert (counts["every_line_priced"], counts["margin_floor"]) == expected
    assert 0 < expected[0] < found.quotes < expected[1]
    assert plain(found) == plain(few(seeded, subject))


def failing_lines(business: Business, subject: Subject) -> tuple[int, int]:
    """How many lines have no price afterwards, and of how many less than a tenth of the price is left."""
    with business.database.reading() as session:
        quotes = open_quotes_using(session, subject.books.touched)
    priced = [line_amounts(subject.books.new, q, line) for q in quotes for line in subject.books.affected(q)]
    thin = [one for one in priced if one and one.cost_minor is not None and one.net_minor * 9 < one.cost_minor * 10]
    return priced.count(None), len(thin)


def test_packs_without_records_say_so_and_differences_are_covered_or_not(seeded: Business, subject: Subject) -> None:
    found = few(seeded, subject)

    packs = {pack.name: pack for pack in found.packs}
    assert packs["open_quotes"].outcome is Outcome.PASS and packs["open_quotes"].dearer == found.dearer
    assert packs["top_revenue"].quotes == 100
    assert all(pack.reason for pack in found.packs if pack.outcome is Outcome.INCONCLUSIVE)
    assert len(packs) == 9
    assert [d.name for d in found.differences][:2] == ["price", "margin"] and len(found.differences) == 7
    assert all(d.reason for d in found.differences if not d.cases)
    assert sum(bar.quotes for bar in found.distribution) == found.quotes


def test_a_wide_change_is_simulated_on_a_fresh_snapshot_that_its_evidence_keeps(
    seeded: Business, snapshot_files: SnapshotFiles
) -> None:
    business = replace(seeded, wide=Wide(snapshot_files, LIMITS, few=10))
    change = business.awaiting(proposal(*everywhere(seeded, 104)))

    with business.database.reading() as session:
        row = changes.evidence(session, change, 1, changes.SIMULATION)
        found = changes.evidence_model(row, Simulation)
        kept = session.get(SnapshotUseRow, (found.snapshot if found else "", f"{change}/1"))
        cases, total = simulated_cases(session, business.files, change, 0, 5)
    assert found is not None and kept is not None and found.compared
    assert (len(cases), total) == (5, found.quotes)


def held(business: Business) -> set[str]:
    """Every file in the file store."""
    return {path.name for path in business.files.folder.rglob("*") if path.is_file()}


def test_what_nobody_decides_on_leaves_no_file(seeded: Business, snapshot_files: SnapshotFiles) -> None:
    refresh(seeded.gateway, snapshot_files)
    wide = Wide(snapshot_files, LIMITS, few=0)
    small, large = seeded.awaiting(proposal(set_price("50.00"))), replace(seeded, wide=wide)
    change = large.awaiting(proposal(set_price("60.00", channel="partner")))
    kept = held(seeded)
    with seeded.database.reading() as session:
        for run in (None, wide):
            today(session, seeded.files, small, run)
            version_today(session, seeded.files, PRICES, 0, run)
            combined(session, seeded.files, [small, change], run)
            sources = Sources(session, seeded.files, seeded.database.now(session), snapshot_files)
            dry_run(sources, as_actor(seeded.gateway, REQUESTER), proposal(set_price("47.00")), run)
        for one in (small, change):
            assert reproduce(session, seeded.files, one, wide).same

    assert kept and held(seeded) == kept


def test_open_changes_are_simulated_together(seeded: Business, snapshot_files: SnapshotFiles) -> None:
    refresh(seeded.gateway, snapshot_files)
    direct = seeded.awaiting(proposal(set_price("50.00")))
    partner = seeded.awaiting(proposal(set_price("60.00", channel="partner")))
    with seeded.database.reading() as session:
        alone = [combined(session, seeded.files, [change]) for change in (direct, partner)]
        both = combined(session, seeded.files, [direct, partner, direct])
        wide = combined(session, seeded.files, [direct, partner], Wide(snapshot_files, LIMITS, few=0))

    assert both.with_changes == (direct, partner)
    assert plain(wide) == plain(both) and wide.snapshot
    assert both.cases == sum(one.cases for one in alone) > 0
    assert both.delta["EUR"] == sum(one.delta["EUR"] for one in alone)


def test_changes_that_are_over_or_touch_one_entry_are_not_simulated_together(seeded: Business) -> None:
    first, second = seeded.draft(proposal(set_price("50.00"))), seeded.draft(proposal(set_price("60.00")))
    withdrawn = seeded.draft(proposal(set_price("61.00")))
    withdraw_change(seeded.gateway, seeded.call(REQUESTER), withdrawn, "not needed", None)
    for ids, code in (([first, second], "entries_moved"), ([withdrawn], "change_closed"), ([], "nothing_to_combine")):
        with seeded.database.reading() as session, pytest.raises(MandateError) as caught:
            combined(session, seeded.files, ids)
        assert caught.value.code == code


def test_an_auditor_runs_it_again_after_prices_and_quotes_have_moved_on(
    seeded: Business, snapshot_files: SnapshotFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = Wide(snapshot_files, LIMITS, few=10)
    small = seeded.awaiting(proposal(set_price("50.00")))
    large = replace(seeded, wide=wide).awaiting(proposal(*everywhere(seeded, 104)))
    seeded.released(proposal(set_price("49.00", channel="partner")))
    with as_owner(seeded.login) as connection:
        connection.execute(update(LINES).values(quantity=77))
    refresh(seeded.gateway, snapshot_files)

    for change in (small, large):
        with seeded.database.reading() as session:
            found = reproduce(session, seeded.files, change, wide)
        assert (found.same, found.differing, found.stored) == (True, (), found.found)
        with seeded.database.reading() as session:
            (case, *_), _ = simulated_cases(session, seeded.files, change, 0, 1)
            trace = quote_trace(session, seeded.files, change, case["quote"], wide)
        assert sum(line.new.net_minor for line in trace.lines if line.new) == case["new_minor"] and not trace.as_now

    monkeypatch.setattr(simulation, "effects_sql", lambda *given: f"{effects_sql(*given)} -- another release")
    with seeded.database.reading() as session:
        later = reproduce(session, seeded.files, large, wide)
    assert (found.other_sql, later.same, later.differing, later.other_sql) == (False, True, (), True)

    elsewhere = Wide(SnapshotFiles(f"{snapshot_files.url}-gone"), LIMITS)
    with seeded.database.reading() as session:
        trace = quote_trace(session, seeded.files, large, case["quote"], elsewhere)
    assert trace.as_now and {line.line.quantity for line in trace.lines} == {77}


def test_a_change_of_costs_alone_moves_margins_and_shows_where_by_either_way(
    seeded: Business, snapshot: Snapshot, snapshot_files: SnapshotFiles
) -> None:
    cost = {"edit": "set_cost", "offering": "FIBRE-500", "currency": "EUR", "unit_cost": "30.00"}
    change = seeded.draft(proposal(cost))
    with seeded.database.reading() as session:
        subject = subject_of(session, seeded.content(change).parts)
    many, one_by_one = simulate_many(subject, snapshot, snapshot_files, LIMITS, seeded.files), few(seeded, subject)
    cases, _ = cases_of(seeded.files.get(one_by_one.cases_file), 0, 1_000)
    moves = {case["quote"]: case["new_margin_minor"] - case["old_margin_minor"] for case in cases}

    assert plain(many) == plain(one_by_one) and many.digest == one_by_one.digest
    assert (many.delta, many.largest, many.margins_unknown) == ({"EUR": 0}, (), 0)
    assert many.margin_delta == {"EUR": sum(moves.values())} and sum(moves.values()) < 0
    assert sum(share.margin for share in many.shares) == sum(moves.values())
    by_move = sorted(moves, key=lambda quote: (-abs(moves[quote]), quote))
    assert [effect.quote for effect in many.largest_margins] == by_move[:25]
    (margin,) = (one for one in many.differences if one.name == "margin")
    assert margin.cases == len(cases) and margin.examples[0].startswith(f"{by_move[0]}: ")


def test_evidence_from_before_margins_were_summed_is_read_and_run_again(seeded: Business) -> None:
    change = seeded.submitted(proposal(set_price("50.00")))
    progress = seeded.walk(change, "simulating")
    with seeded.database.reading() as session:
        content = seeded.content(change)
        now = run_simulation(session, content, seeded.files).model_dump(mode="json")
    shares = [{name: share[name] for name in share if name != "margin"} for share in now["shares"]]
    known = {name: now[name] for name in now if name not in ("margin_delta", "margins_unknown", "largest_margins")}
    earlier = Simulation.model_validate(known | {"shares": shares, "edition": 3})
    record_simulation(seeded.gateway, seeded.system(), change, progress.revision, earlier)

    with seeded.database.reading() as session:
        found, kept = reproduce(session, seeded.files, change, Wide(None, LIMITS)), stored(session, change)
    assert (found.same, found.differing) == (True, ())
    assert not kept.margins_told and worsened(kept, Simulation.model_validate(now), 0) == ()


def test_a_quote_is_shown_old_against_new_step_by_step(seeded: Business) -> None:
    change = seeded.awaiting(proposal(set_price("50.00")))
    with seeded.database.reading() as session:
        (case, *_), _ = simulated_cases(session, seeded.files, change, 0, 1)
        trace = quote_trace(session, seeded.files, change, case["quote"], Wide(None, LIMITS))
        with pytest.raises(NotFound):
            quote_trace(session, seeded.files, change, "Q-none", Wide(None, LIMITS))

    assert sum(line.new.net_minor for line in trace.lines if line.new) == case["new_minor"]
    old = trace.lines[0].old
    assert old is not None and old.trace[0].rule == "list"


def test_the_folder_of_spilled_rows_is_gone_afterwards(
    seeded: Business,
    snapshot: Snapshot,
    snapshot_files: SnapshotFiles,
    subject: Subject,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "spill"))
    (tmp_path / "spill").mkdir()
    simulate_many(subject, snapshot, snapshot_files, LIMITS, seeded.files)

    assert list((tmp_path / "spill").iterdir()) == []
