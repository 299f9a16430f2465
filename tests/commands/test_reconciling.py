"""Reconciliation runs on real records: every fault that was seeded is found by its pair, and becomes work of its owner."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text
from temporalio.activity import ActivityCancellationDetails
from temporalio.testing import ActivityEnvironment

from activities.payloads import ReconciliationRef
from activities.reconciliation import ReconciliationActivities
from analysis.engine import Limits
from analysis.order_seeding import Fault, Spoiling
from commands.command import Call
from commands.orders import seed_orders
from commands.reconciliations import (
    RunReceipt,
    begin_reconciliation,
    cancel_reconciliation,
    fail_reconciliation,
    finish_reconciliation,
    note_phase,
    request_reconciliation,
    wake_unfinished_runs,
)
from domain.errors import Conflict, MandateError, NotFound, Refused, Unavailable
from domain.party import SYSTEM
from domain.reconciliation import Kind, Mode, RunState
from policies.reconciliation import pairs
from queries import reconciliations as reading
from queries.reconciliations import DifferencePage, RunView
from tests.builders import Business, everything
from tests.databases import as_owner

SEED, ORDERS, RATE = 5, 240, 4_000
SOFIA = "sofia.marin"
SPOILING = Spoiling(tuple(Fault), RATE)
FOUND_BY: dict[Fault, tuple[str, str]] = {
    Fault.MISSING_LINE: ("quote-order", "missing_right"),
    Fault.WRONG_PRICE: ("quote-order", "field:unit_price_micros"),
    Fault.ORDER_NOT_UPDATED: ("order-fulfillment", "field:finished"),
    Fault.MISSING_SUBSCRIPTION: ("order-billing", "missing_right"),
    Fault.WRONG_CHARGE: ("order-billing", "field:amount_minor"),
    Fault.MISSING_ASSET: ("order-asset", "missing_right"),
    Fault.WRONG_ASSET_STATUS: ("order-asset", "field:state"),
    Fault.TERM_MISMATCH: ("billing-contract", "field:payment_days"),
    Fault.STALE_APPROVAL: ("approval-quote", "field:total_minor"),
    Fault.MISSING_PROJECTION: ("event-projection", "missing_right"),
    Fault.STALE_PROJECTION: ("event-projection", "field:status"),
}


@pytest.fixture
def orders(business: Business) -> Business:
    """Orders of which four in ten are spoilt, three days later, when everything is due."""
    seed(business)
    return business


def seed(business: Business, rate: int = RATE, count: int = ORDERS) -> None:
    seed_orders(business.gateway, business.call(SOFIA), SEED, 0, count, tuple(Fault), rate, True)
    business.travel(3 * 86_400)


def steps(business: Business, memory: str = "300MB") -> ReconciliationActivities:
    return ReconciliationActivities(business.gateway, business.files, Limits(memory, 1))


def ask(business: Business, pair: str, mode: Mode = Mode.MANUAL) -> str:
    return request_reconciliation(business.gateway, business.call(SOFIA), pair, mode, "Before the handoff.").run


def run(business: Business, pair: str) -> RunView:
    name = ask(business, pair)
    assert steps(business).reconcile(ReconciliationRef(run=name)).state == RunState.DONE
    return view(business, name)


def view(business: Business, name: str) -> RunView:
    with business.database.reading() as session:
        return reading.run_view(session, name, business.database.now(session))


def listed(business: Business, name: str, **narrowed: str) -> DifferencePage:
    with business.database.reading() as session:
        return reading.differences(session, business.files, name, 0, 200, **narrowed)


def test_every_seeded_fault_is_found_and_nothing_else(orders: Business) -> None:
    truth = Counter(SPOILING.of(SEED, number) for number in range(ORDERS))
    assert set(truth) == {None, *Fault}
    judged = {pair for pair, _ in FOUND_BY.values()} | {"catalog-runtime"}
    found = {name: run(orders, name).result for name in judged}
    expected = {name: Counter[str]() for name in judged}
    for fault, (pair, kind) in FOUND_BY.items():
        expected[pair][kind] = truth[fault]
    # A second order repeats each line of its quote; a read model that is behind is behind in number and in status.
    result = found["quote-order"]
    assert result is not None
    expected["quote-order"]["repeated_right"] = result.left.repeated
    expected["event-projection"]["field:sequence"] = truth[Fault.STALE_PROJECTION]
    assert result.right.repeated == 2 * result.left.repeated and result.left.repeated >= truth[Fault.DUPLICATE_ORDER]
    for name, result in found.items():
        assert result is not None
        assert {finding.name: finding.records for finding in result.findings} == dict(+expected[name]), name
        assert result.left.proven and result.right.proven


def test_sound_records_agree_in_every_pair(business: Business) -> None:
    seed(business, rate=0, count=60)
    for name in pairs():
        result = run(business, name).result
        assert result is not None and result.clean, (name, result)
        assert result.left.population and result.right.population


def test_a_value_that_cannot_be_read_is_counted_and_fails_nothing(business: Business) -> None:
    seed(business, rate=0, count=60)
    sqlite = business.database.is_sqlite
    wrong = {"sales_order_line.quantity": "'many'", "asset.quantity": "'some'", "sales_order.updated_at": "'soon'"}
    if not sqlite:
        wrong = {"sales_order.updated_at": "'infinity'", "contract.starts_at": "'-infinity'"}
    row = "rowid" if sqlite else "ctid"
    with as_owner(business.login) as connection:
        for number, (place, value) in enumerate(wrong.items()):
            table, column = place.split(".")
            some = f"(SELECT {row} FROM {table} WHERE status <> 'draft' ORDER BY 1 LIMIT 1 OFFSET {number})"
            connection.execute(text(f"UPDATE {table} SET {column} = {value} WHERE {row} = {some}"))
        bad = "l.quantity = 'many' OR o.updated_at = 'soon'" if sqlite else "o.updated_at = 'infinity'"
        joined = "sales_order_line l JOIN sales_order o ON o.id = l.sales_order"
        lines = connection.execute(text(f"SELECT count(*) FROM {joined} WHERE l.status = 'completed' AND ({bad})"))
        expected = lines.scalar_one()

    results = {name: run(business, name).result for name in pairs()}
    unreadable = {name: (result.left.unreadable, result.right.unreadable) for name, result in results.items() if result}
    assert len(unreadable) == len(results) and all(r and r.left.proven and r.right.proven for r in results.values())
    assert unreadable["order-asset"] == (expected, int(sqlite)) and expected >= 1
    assert unreadable["quote-order"] == ((0, 1) if sqlite else (0, 0))
    assert unreadable["billing-contract"][0] == 0 and (unreadable["billing-contract"][1] > 0) == (not sqlite)


def test_a_term_is_listed_under_a_name_of_its_own(business: Business) -> None:
    seed(business, rate=0, count=20)
    fixed, rest = "billing_account, contract_reference, offering", "unit_price_micros, payment_days, starts_on"
    with as_owner(business.login) as connection:
        connection.execute(text("UPDATE billed_item SET starts_on = 'soon'"))
        more = f"SELECT {fixed}, 'another', {rest} FROM billed_item"
        connection.execute(text(f"INSERT INTO billed_item ({fixed}, selling_model, {rest}) {more}"))
        expected = connection.execute(text("SELECT count(*) FROM billed_item")).scalar_one()
    found = listed(business, run(business, "billing-contract").summary.id, kind="unreadable_left")
    assert 0 < expected <= 200 and len({item.left_record for item in found.items}) == expected


def test_what_is_not_yet_due_is_shown_and_is_no_work(business: Business) -> None:
    seed_orders(business.gateway, business.call(SOFIA), SEED, 0, 200, (Fault.MISSING_SUBSCRIPTION,), 10_000, True)
    early = run(business, "order-billing")
    assert early.result is not None and early.result.left.not_due > 0
    later = early.result.left.not_due
    assert {item.kind for item in listed(business, early.summary.id, kind="not_due").items} == {Kind.NOT_DUE}
    business.travel(2 * 86_400)
    late = run(business, "order-billing").result
    assert late is not None and late.left.not_due == 0
    assert late.left.missing == early.result.left.missing + later


def test_differences_are_work_until_a_run_finds_none(orders: Business) -> None:
    first = run(orders, "order-billing")
    assert first.result is not None
    assert {(item.kind, item.records) for item in first.work} == {
        (finding.name, finding.records) for finding in first.result.findings
    }
    missing = next(item for item in first.work if item.kind == "missing_right")
    assert (missing.owner, missing.owner_group, missing.severity) == (
        "billing-handoff",
        "billing-operations",
        "critical",
    )
    assert missing.due_at == missing.opened_at + timedelta(hours=8)
    orders.travel(9 * 3_600)
    second = run(orders, "order-billing")
    again = next(item for item in second.work if item.kind == "missing_right")
    assert (again.id, again.due_at, again.last_run) == (missing.id, missing.due_at, second.summary.id)
    assert again.overdue and len(second.work) == len(first.work)


def test_work_is_closed_by_the_run_that_no_longer_finds_it(business: Business) -> None:
    seed(business, count=40)
    first = run(business, "event-projection")
    assert first.work
    result = first.result
    assert result is not None
    mended = result.model_copy(update={"findings": ()})
    name = ask(business, "event-projection")
    begin_reconciliation(business.gateway, business.system(), name)
    finish_reconciliation(business.gateway, business.system(), name, mended)
    assert view(business, name).work == ()
    assert {row[-1] for row in everything(business.database)["reconciliation_work"]} == {name}


def test_a_run_leaves_its_trail(orders: Business) -> None:
    found = run(orders, "order-asset")
    actions = [entry.action for entry in orders.timeline(f"reconciliation/{found.summary.id}")]
    assert actions == ["reconciliation.requested", "reconciliation.begun", "reconciliation.finished"]
    assert found.summary.requested_by == "sofia.marin" and found.summary.reason == "Before the handoff."


def test_the_same_records_give_the_same_list_again(orders: Business) -> None:
    one, other = run(orders, "quote-order").result, run(orders, "quote-order").result
    assert one is not None and other is not None
    assert one.differences_digest == other.differences_digest and one.sql_digest != ""


def test_a_run_that_was_given_up_keeps_nothing(orders: Business) -> None:
    name = ask(orders, "quote-order")
    cancel_reconciliation(orders.gateway, orders.call(SOFIA), name)
    assert steps(orders).reconcile(ReconciliationRef(run=name)).state == RunState.CANCELLED
    assert view(orders, name).result is None
    with pytest.raises(Conflict, match="has no result"):
        listed(orders, name)
    with pytest.raises(Conflict) as caught:
        cancel_reconciliation(orders.gateway, orders.call(SOFIA), name)
    assert caught.value.code == "run_is_over"


def test_a_run_that_is_given_up_while_it_runs_ends(orders: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    name = ask(orders, "quote-order")
    begun = begin_reconciliation(orders.gateway, orders.system(), name)
    cancel_reconciliation(orders.gateway, orders.call(SOFIA), name)
    # What the step read at its beginning was right then.
    monkeypatch.setattr("commands.reconciliations.begin_reconciliation", lambda *_: begun)
    monkeypatch.setattr("activities.beating.BEAT", 0.001)
    assert steps(orders).reconcile(ReconciliationRef(run=name)).state == RunState.CANCELLED
    assert view(orders, name).summary.state is RunState.CANCELLED and view(orders, name).work == ()


@pytest.mark.parametrize(
    ("why", "left", "code"),
    [
        ({"worker_shutdown": True}, RunState.RUNNING, "run_interrupted"),
        ({"timed_out": True}, RunState.RUNNING, "run_interrupted"),
        ({"cancel_requested": True}, RunState.CANCELLED, ""),
    ],
)
def test_only_a_cancelled_workflow_gives_its_run_up(
    orders: Business, monkeypatch: pytest.MonkeyPatch, why: dict[str, bool], left: RunState, code: str
) -> None:
    name, environment = ask(orders, "quote-order"), ActivityEnvironment()
    monkeypatch.setattr("activities.beating.BEAT", 0.001)
    environment.cancel(ActivityCancellationDetails(**why))
    found = ""
    try:
        environment.run(steps(orders).reconcile, ReconciliationRef(run=name))
    except Unavailable as interrupted:
        found = interrupted.code
    assert (view(orders, name).summary.state, found) == (left, code)
    if left is RunState.RUNNING:
        assert steps(orders).reconcile(ReconciliationRef(run=name)).state == RunState.DONE


def test_too_little_memory_fails_the_run_with_words(orders: Business) -> None:
    name = ask(orders, "quote-order")
    assert steps(orders, memory="1MB").reconcile(ReconciliationRef(run=name)).state == RunState.FAILED
    summary = view(orders, name).summary
    assert summary.code == "out_of_memory" and "1MB" in summary.phase


def test_a_step_taken_twice_changes_nothing(orders: Business) -> None:
    found = run(orders, "approval-quote")
    before = everything(orders.database)["reconciliation_result"]
    again = steps(orders).reconcile(ReconciliationRef(run=found.summary.id))
    assert again.state == RunState.DONE
    assert everything(orders.database)["reconciliation_result"] == before


def test_a_run_of_which_nothing_is_heard_is_woken_again(business: Business) -> None:
    name = ask(business, "catalog-runtime")
    assert wake_unfinished_runs(business.gateway, Call(SYSTEM, ""), 10) == 0
    business.travel(300)
    assert wake_unfinished_runs(business.gateway, Call(SYSTEM, ""), 10) == 1
    assert wake_unfinished_runs(business.gateway, Call(SYSTEM, ""), 10) == 0
    assert note_phase(business.gateway, Call(SYSTEM, ""), name, "reading")
    subjects = [row[1] for row in everything(business.database)["outbox"]]
    assert subjects.count(f"reconciliation/{name}") == 2


@pytest.mark.parametrize(
    "attempt",
    [
        lambda b, call, name: begin_reconciliation(b.gateway, call, name),
        lambda b, call, name: fail_reconciliation(b.gateway, call, name, "x", "y"),
    ],
)
def test_only_the_worker_takes_the_steps(
    business: Business, attempt: Callable[[Business, Call, str], RunReceipt]
) -> None:
    name = ask(business, "quote-order")
    with pytest.raises(Refused) as caught:
        attempt(business, business.call(SOFIA), name)
    assert caught.value.code == "system_only"


@pytest.mark.parametrize(
    ("attempt", "code"),
    [
        (lambda b: ask(b, "nothing"), "unknown_pair"),
        (lambda b: view(b, "RC-1"), "unknown_reconciliation"),
        (lambda b: cancel_reconciliation(b.gateway, b.call(SOFIA), "RC-1"), "unknown_reconciliation_run"),
    ],
)
def test_what_is_not_there(business: Business, attempt: Callable[[Business], object], code: str) -> None:
    with pytest.raises(MandateError) as caught:
        attempt(business)
    assert isinstance(caught.value, NotFound) and caught.value.code == code
