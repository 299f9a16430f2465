"""Pairs are compared without being asked: when they are due, after an effect, after a handoff, after a migration (R-18.2)."""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import select, update

from activities.housekeeping import look_for_due_pairs
from activities.payloads import ReconciliationRef
from activities.reconciliation import ReconciliationActivities
from analysis.engine import Limits
from analysis.order_seeding import Fault
from commands.cases import park_step, resume_step
from commands.handoff import compare_after
from commands.orders import seed_orders
from commands.reconciliations import cancel_reconciliation, request_due_reconciliations
from commands.releases import DeliveryNote, record_delivery
from domain.artifact import Part
from domain.change import ChangeContent
from domain.errors import Refused
from domain.party import SYSTEM
from domain.reconciliation import Mode, RunState
from policies.reconciliation import pairs
from queries.reconciliations import RunSummary, list_pairs, list_runs, open_work
from store import artifacts
from store.ownership import OWNERSHIP
from store.tables.change import ChangeRow
from store.tables.columns import table_of
from store.tables.event import CatalogCacheRow
from store.tables.release import DeliveryRow
from store.unit_of_work import Transaction
from tests.builders import ADMINISTRATOR, REQUESTER, Business, everything, proposal
from tests.databases import as_owner

TARGET = "runtime-catalog"
HOUR = 3600
CACHED = table_of(CatalogCacheRow)


def runs(business: Business) -> tuple[RunSummary, ...]:
    with business.database.reading() as session:
        return list_runs(session, None, 100).items


def settle(business: Business) -> None:
    """Carry out every run that was asked for."""
    steps = ReconciliationActivities(business.gateway, business.files, Limits("300MB", 1))
    for run in runs(business):
        if run.state == RunState.REQUESTED:
            assert steps.reconcile(ReconciliationRef(run=run.id)).state == RunState.DONE


def publish(business: Business, artifact: str, entry: dict[str, Any]) -> None:
    """Put another version of an artifact in force, as a release would."""
    kind = artifact.partition("/")[0]
    change = business.draft(proposal({"edit": "put", "entry": entry}, artifact=artifact, kind=kind))
    part = business.content(change).parts[0]
    with business.database.writing() as session:
        artifacts.publish(session, part, change, "test", business.database.now(session))


def look(business: Business) -> None:
    look_for_due_pairs(business.gateway)


def catalog_change(business: Business, text: str = "Fast.") -> str:
    """An approved change of an offering's description, released to a target."""
    entry = {**(business.entry("offering/FIBRE-500", "catalog/standard") or {}), "description": text}
    proposed = proposal({"edit": "put", "entry": entry}, kind="catalog", artifact="catalog/standard")
    change = business.awaiting(proposed)
    business.decide(change, "felix.nygaard")
    assert business.walk(change, until="scheduled").state == "scheduled"
    business.confirm(change)
    assert not business.release(change, (TARGET,)).blocks
    return change


def delivered(business: Business, change: str, state: str = "confirmed") -> None:
    with business.database.reading() as session:
        rows = session.execute(select(DeliveryRow).where(DeliveryRow.change == change)).scalars()  # type: ignore[arg-type]
        names = ("target", "artifact", "version", "market")
        notes = tuple(DeliveryNote(**row.model_dump(include=set(names)), state=state) for row in rows)
    record_delivery(business.gateway, business.system(), change, notes)


def test_every_pair_is_due_at_first_and_again_after_its_time(business: Business) -> None:
    look(business)
    assert Counter(run.mode for run in runs(business)) == {Mode.SCHEDULED: len(pairs())}
    look(business)
    business.travel(48 * HOUR)
    look(business)
    assert len(runs(business)) == len(pairs()), "a pair with a run under way is not due"
    settle(business)
    look(business)
    assert len(runs(business)) == 2 * len(pairs())


def test_a_pair_is_not_due_before_its_time(business: Business) -> None:
    look(business)
    settle(business)
    business.travel(7 * HOUR)
    look(business)
    again = Counter(run.pair for run in runs(business))
    often = {name for name, found in pairs().items() if found.runs.every_hours <= 7}
    assert {name for name, count in again.items() if count == 2} == often and often


def test_in_days_of_a_quarter_close_pairs_are_compared_more_often(business: Business) -> None:
    with business.database.reading() as session:
        today = business.database.now(session).date()
    period = {
        "type": "period",
        "id": "q",
        "name": "Quarter close",
        "kind": "quarter_close",
        "first_day": str(today),
        "last_day": "2099-01-01",
    }
    look(business)
    settle(business)
    publish(business, "workflow/standard", period)
    business.travel(5 * HOUR)
    look(business)
    assert len(runs(business)) == 2 * len(pairs())


def test_nothing_is_written_while_nothing_is_due_and_only_the_worker_asks(business: Business) -> None:
    look(business)
    settle(business)
    before = everything(business.database)
    look(business)
    assert everything(business.database) == before
    with pytest.raises(Refused):
        request_due_reconciliations(business.gateway, business.call(ADMINISTRATOR))


def test_what_a_target_has_confirmed_is_compared_with_what_is_live(business: Business) -> None:
    change = catalog_change(business)
    delivered(business, change)
    delivered(business, change)
    (run,) = runs(business)
    assert (run.pair, run.mode, run.requested_by, change in run.reason) == (
        "catalog-runtime",
        Mode.HANDOFF,
        "system:worker",
        True,
    )

    business.travel(HOUR)
    settle(business)
    assert [(one.state, one.breaks) for one in runs(business)] == [(RunState.DONE, 0)]


def test_a_case_that_concerns_a_pair_is_followed_by_a_run_when_it_opens_and_when_it_closes(business: Business) -> None:
    change = catalog_change(business)
    delivered(business, change, "unknown")
    (opened,) = runs(business)
    assert (opened.pair, opened.mode) == ("catalog-runtime", Mode.INCIDENT)
    assert opened.reason == f"A case of {change} has opened: delivery."

    delivered(business, change, "failed")
    assert runs(business) == (opened,), "another attempt at the same case is no news"
    settle(business)
    delivered(business, change)
    closed = next(run for run in runs(business) if run.id != opened.id)
    assert (closed.mode, closed.reason) == (Mode.INCIDENT, f"A case of {change} has closed: delivery.")
    assert len(runs(business)) == 2, "what is asked for after the case sees the handoff as well"
    delivered(business, change)
    assert len(runs(business)) == 2


def test_a_step_that_failed_on_the_way_is_a_case_too(business: Business) -> None:
    change = catalog_change(business)
    park_step(business.gateway, business.system(), change, "deliver_change", "target_unreachable")
    assert [(run.pair, run.mode) for run in runs(business)] == [("catalog-runtime", Mode.INCIDENT)]
    settle(business)
    resume_step(business.gateway, business.system(), change, "deliver_change")
    assert [run.mode for run in runs(business)] == [Mode.INCIDENT] * 2


def test_a_case_that_concerns_no_pair_is_followed_by_none(business: Business) -> None:
    change = business.awaiting(proposal())
    for step in ("deliver_change", "assess_change"):
        park_step(business.gateway, business.system(), change, step, "failed")
    park_step(business.gateway, business.system(), catalog_change(business), "assess_change", "failed")
    assert runs(business) == ()


def test_a_cache_that_lost_an_offering_is_found_by_the_next_run(business: Business) -> None:
    delivered(business, catalog_change(business))
    settle(business)
    with business.database.reading() as session:
        held = session.execute(select(CACHED.c.market, CACHED.c.lifecycle)).all()
    assert {market for market, _ in held} == {"DE", "GB", "CH"} and len(held) > 120
    with as_owner(business.login) as connection:
        connection.execute(update(CACHED).where(CACHED.c.offering == "FIBRE-500").values(lifecycle="retired"))
    business.travel(24 * HOUR)
    look(business)
    settle(business)
    with business.database.reading() as session:
        (work,) = open_work(session, business.database.now(session))
    assert (work.pair, work.kind, work.owner_group, work.records) == (
        "catalog-runtime",
        "field:lifecycle",
        "product",
        3,
    )


@pytest.mark.parametrize(
    ("kind", "kinds", "asked"),
    [
        ("pricing", {"pricing"}, set()),
        ("approval", {"approval"}, {"approval-quote"}),
        ("migration", {"pricing", "catalog"}, set(pairs())),
    ],
)
def test_an_effect_asks_for_the_pairs_that_it_is_about_once(
    business: Business, kind: str, kinds: set[str], asked: set[str]
) -> None:
    parts = tuple(Part(artifact=f"{name}/standard", base=1, operations=()) for name in sorted(kinds))
    effect = ChangeContent.model_construct(parts=parts)
    with business.database.writing() as session:
        tx = Transaction(business.database, session, SYSTEM, "")
        row = ChangeRow.model_construct(id="CR-1", kind=kind)
        compare_after(tx, row, effect)
        compare_after(tx, row, effect)
    mode = Mode.MIGRATION if kind == "migration" else Mode.EVENT
    assert sorted((run.pair, run.mode) for run in runs(business)) == sorted((pair, mode) for pair in asked)


def test_who_owns_a_pair_is_said_by_the_ownership_table(business: Business) -> None:
    domain = {**(business.entry("domain/billing-handoff", OWNERSHIP) or {}), "accountable": "finance"}
    publish(business, OWNERSHIP, domain)
    with business.database.reading() as session:
        owners = {pair.id: pair.owner_group for pair in list_pairs(session, business.database.now(session))}
    assert owners["order-billing"] == "finance" and owners["order-fulfillment"] == "fulfillment-operations"


def test_two_runs_of_a_pair_that_end_one_after_the_other_open_one_piece_of_work(business: Business) -> None:
    seed_orders(business.gateway, business.call(ADMINISTRATOR), 5, 0, 60, (Fault.WRONG_CHARGE,), 10_000, True)
    business.travel(72 * HOUR)
    look(business)
    settle(business)
    business.travel(48 * HOUR)
    look(business)
    settle(business)
    with business.database.reading() as session:
        work = Counter(item.kind for item in open_work(session, business.database.now(session)))
    assert set(work.values()) == {1}


def test_a_run_that_is_given_up_leaves_its_pair_due(business: Business) -> None:
    look(business)
    for run in runs(business):
        cancel_reconciliation(business.gateway, business.call(REQUESTER), run.id)
    business.travel(25 * HOUR)
    look(business)
    assert Counter(run.state for run in runs(business)) == {
        RunState.CANCELLED: len(pairs()),
        RunState.REQUESTED: len(pairs()),
    }
