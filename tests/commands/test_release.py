"""The release under the gate: what forbids it is seen in its own transaction, also when it happens between (D2, D2a)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import text

from commands import releases
from commands.calendar import Freeze, declare_freeze, lift_freeze
from commands.changes import withdraw_change
from commands.command import Call
from commands.installation import set_active, set_membership
from commands.releases import ReleaseReport, release_change
from domain.approval import Choice
from domain.errors import Conflict, IllegalTransition, MandateError, Refused
from domain.party import WORKER
from store import changes
from store.unit_of_work import Transaction
from tests.builders import (
    ADMINISTRATOR,
    DAY,
    FINANCE,
    MACHINE,
    PRICING,
    REQUESTER,
    SECOND_FINANCE,
    Business,
    everything,
    fresh_key,
    proposal,
    set_price,
)
from tests.databases import as_owner

LIVE = ("artifact_version", "activation")


def published(business: Business, change: str) -> dict[str, list[Any]]:
    """What a change has made live."""
    found = everything(business.database)
    return {name: [row for row in found[name] if change in row] for name in LIVE}


def freeze(business: Business, **fields: Any) -> str:
    with business.database.reading() as session:
        now = business.database.now(session)
    window = {"from_at": now, "until_at": now + timedelta(days=1), "reason": "quarter close", **fields}
    return declare_freeze(business.gateway, business.call(FINANCE), Freeze(**window))


def blocked(business: Business, change: str) -> tuple[str, ...]:
    """Why a release was refused; nothing is live, a case is open and the attempt is recorded."""
    report = business.release(change)
    assert report.activated == ()
    assert published(business, change) == {"artifact_version": [], "activation": []}
    assert [case.code for case in business.cases(change) if case.step == "release"] == ["gate_closed"]
    last = business.timeline(change)[-1]
    assert (last.action, last.outcome) == ("change.release_blocked", "blocked")
    assert last.details["blocks"] == list(report.blocks)
    return report.blocks


def test_an_approved_change_is_released_once_however_often_it_is_asked(business: Business) -> None:
    change = business.scheduled()

    first = business.release(change)
    again = [business.release(change) for _ in range(3)]

    assert first.activated == ("DE",)
    assert all(report.blocks == ("not_due",) for report in again)
    assert {name: len(rows) for name, rows in published(business, change).items()} == dict.fromkeys(LIVE, 1)
    assert business.price() == 44_900_000


def test_releases_at_once_publish_once(business: Business) -> None:
    change = business.scheduled()
    revision = business.at(change).revision

    def work(_number: int) -> ReleaseReport:
        return release_change(business.gateway, business.system(), change, revision, ())

    with ThreadPoolExecutor(4) as threads:
        reports = list(threads.map(work, range(4)))

    assert sorted(report.activated for report in reports) == [(), (), (), ("DE",)]
    assert {name: len(rows) for name, rows in published(business, change).items()} == dict.fromkeys(LIVE, 1)


def not_possible(business: Business, change: str) -> None:
    """A release is no legal step now: refused, recorded on the lifecycle's own chain, and nothing is live."""
    with pytest.raises(IllegalTransition):
        business.release(change)
    last = business.timeline(f"actor/{WORKER}")[-1]
    assert (last.action, last.outcome, last.details["subject"]) == ("release_change", "refused", change)
    assert published(business, change) == {"artifact_version": [], "activation": []}


@pytest.mark.parametrize("state", ["draft", "submitted", "awaiting", "approved"])
def test_a_valid_id_is_no_authority(business: Business, state: str) -> None:
    not_possible(business, getattr(business, state)())


def test_a_schedule_without_approval_is_no_authority_either(business: Business) -> None:
    """Even a row that somebody wrote into the database opens nothing: the gate counts decisions."""
    change = business.awaiting()
    with as_owner(business.login) as connection:
        connection.execute(text("UPDATE change_request SET state = 'scheduled' WHERE id = :id"), {"id": change})
        connection.execute(
            text(
                "INSERT INTO planned_activation (change, revision, market, due_at) VALUES (:id, 1, 'DE', '2020-01-01 00:00:00')"
            ),
            {"id": change},
        )
    business.confirm(change)

    assert blocked(business, change) == ("approval:waiting",)


@pytest.mark.parametrize("account", [MACHINE, PRICING, REQUESTER])
def test_nobody_but_the_lifecycle_releases(business: Business, account: str) -> None:
    change = business.scheduled()

    with pytest.raises(Refused) as caught:
        release_change(business.gateway, business.call(account), change, 1, ())

    assert caught.value.code == "system_only"
    assert published(business, change) == {"artifact_version": [], "activation": []}


def test_an_approver_who_left_the_group_approves_no_more(business: Business) -> None:
    change = business.scheduled()
    set_membership(business.gateway, business.call(ADMINISTRATOR), PRICING, "pricing", False)

    assert blocked(business, change) == ("approval:waiting",)


def test_an_approver_who_was_shut_out_approves_no_more(business: Business) -> None:
    change = business.scheduled()
    set_active(business.gateway, business.call(ADMINISTRATOR), FINANCE, False)

    assert blocked(business, change) == ("approval:waiting",)


def test_the_impact_must_be_confirmed_recently(business: Business) -> None:
    change = business.approved()
    business.walk(change, until="scheduled")
    assert blocked(business, change) == ("impact_not_confirmed",)
    business.confirm(change)
    business.travel(3600)
    assert blocked(business, change) == ("impact_confirmation_too_old",)


def test_impact_that_moved_sends_the_change_back_to_be_assessed(business: Business) -> None:
    change = business.scheduled()

    assert business.confirm(change, ("quotes",)).state == "submitted"
    not_possible(business, change)


def test_a_frozen_market_is_not_released_until_the_freeze_is_over(business: Business) -> None:
    change = business.scheduled()
    elsewhere, here = freeze(business, market="GB"), freeze(business, market="DE", kind="pricing")

    assert blocked(business, change) == (f"frozen:{here}",)
    business.travel(2 * DAY)
    business.confirm(change)
    assert business.release(change).activated == ("DE",)
    assert business.cases(change) == []
    assert elsewhere


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"kind": "nosuch"}, "unknown_kind"),
        ({"kind": ""}, "unknown_kind"),
        ({"market": "XX"}, "unknown_market"),
        ({"market": ""}, "unknown_market"),
    ],
    ids=str,
)
def test_a_freeze_that_would_hold_nothing_is_refused(business: Business, fields: dict[str, str], code: str) -> None:
    with pytest.raises(MandateError) as caught:
        freeze(business, **fields)
    assert caught.value.code == code
    assert everything(business.database)["freeze"] == []


def test_a_freeze_that_holds_is_lifted_by_nobody_alone(business: Business) -> None:
    change, held = business.scheduled(), freeze(business, market="DE")
    for account, code in (
        (REQUESTER, "may_not_freeze"),
        (SECOND_FINANCE, "not_yours"),
        (FINANCE, "freeze_in_force"),
    ):
        with pytest.raises(Refused) as caught:
            lift_freeze(business.gateway, business.call(account), held)
        assert caught.value.code == code

    assert blocked(business, change) == (f"frozen:{held}",)
    assert business.timeline(f"actor/{FINANCE}")[-1].details["code"] == "freeze_in_force"


def test_nothing_is_live_before_its_instant(business: Business) -> None:
    change = business.scheduled(proposal(effective={"date": "2027-06-01"}))

    assert blocked(business, change) == ("not_due",)
    assert business.price() == 41_900_000


Forbid = Callable[[Business, str], object]


def withdraw(business: Business, change: str) -> object:
    return withdraw_change(business.gateway, business.call(REQUESTER), change, "no longer wanted", None)


def leave(business: Business, _change: str) -> object:
    return set_membership(business.gateway, business.call(ADMINISTRATOR), PRICING, "pricing", False)


def freeze_all(business: Business, _change: str) -> object:
    return freeze(business)


FORBIDDING: dict[str, Forbid] = {"withdrawn": withdraw, "frozen": freeze_all, "left": leave}


def released_while(business: Business, patch: pytest.MonkeyPatch, change: str, work: Callable[[], object]) -> list[str]:
    """Release a change while somebody does other work between its facts and its publish, which the work waits for.

    Returns the order in which both were done; work that is refused stands with its code.
    """
    read, done, order, publish = Event(), Event(), list[str](), releases.publish

    def held(*args: Any) -> Any:
        read.set()
        assert not done.wait(0.7), "it was committed between the facts and the publish"
        order.append("published")
        return publish(*args)

    def meanwhile() -> None:
        assert read.wait(10)
        try:
            work()
        except Conflict as error:
            order.append(error.code)
        else:
            order.append("done")
        done.set()

    patch.setattr(releases, "publish", held)
    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(meanwhile)
        assert business.release(change).activated == ("DE",)
        other.result(timeout=30)
    return order


@pytest.mark.parametrize("name", FORBIDDING)
def test_what_comes_between_reading_the_facts_and_publishing_waits_for_the_release(
    business: Business, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The release has read its facts; what would forbid it cannot commit before the release has, so both are true in order."""
    change = business.scheduled()

    order = released_while(business, monkeypatch, change, lambda: FORBIDDING[name](business, change))

    assert order == ["published", "illegal_transition" if name == "withdrawn" else "done"]


@pytest.mark.parametrize("name", FORBIDDING)
def test_what_was_begun_before_the_release_is_waited_for_and_seen(
    business: Business, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The other command holds its locks, not yet committed, when the release begins: the release waits and is refused."""
    change = business.scheduled()
    written, go_on = Event(), Event()
    record = Transaction.record

    def held(self: Transaction, action: str, *args: Any, **details: Any) -> None:
        record(self, action, *args, **details)
        if action in ("change.withdrawn", "calendar.freeze_declared", "directory.membership"):
            written.set()
            assert go_on.wait(10)

    monkeypatch.setattr(Transaction, "record", held)
    with ThreadPoolExecutor(2) as threads:
        other = threads.submit(FORBIDDING[name], business, change)
        assert written.wait(10)
        release = threads.submit(business.release, change)
        with pytest.raises(TimeoutError):
            release.result(timeout=0.5)
        go_on.set()
        other.result(timeout=30)
        if name == "withdrawn":
            with pytest.raises(IllegalTransition):
                release.result(timeout=30)
        else:
            assert release.result(timeout=30).blocks

    assert published(business, change) == {"artifact_version": [], "activation": []}


def test_two_changes_of_one_entry_the_second_is_refused_and_named(business: Business) -> None:
    first, second = business.scheduled(proposal(set_price("44.90"))), business.scheduled(proposal(set_price("45.90")))

    assert business.release(first).activated == ("DE",)

    assert blocked(business, second) == ("moved:pricing/standard:price/FIBRE-500/monthly/DE/direct/EUR",)
    assert business.price() == 44_900_000


def test_two_changes_of_different_entries_both_hold(business: Business) -> None:
    first = business.scheduled(proposal(set_price("44.90")))
    second = business.scheduled(proposal(set_price("36.90", offering="FIBRE-250")))

    assert business.release(second).activated == ("DE",)
    assert business.release(first).activated == ("DE",)

    assert (business.price(), business.price("FIBRE-250")) == (44_900_000, 36_900_000)


def test_a_release_does_not_overtake_one_that_is_not_live_everywhere(business: Business) -> None:
    """The first is live in one market and waits for another; the second may go where the first is no more awaited."""
    edits = (set_price("44.90"), set_price("40.90", market="GB", currency="GBP"))
    first = business.scheduled(proposal(*edits, effective={"date": "2027-06-01"}))
    second = business.scheduled(proposal(set_price("36.90", offering="FIBRE-250", market="GB", currency="GBP")))
    until = {due.market: due.due_at for due in due_of(business, first)}
    business.travel(int((until["DE"] - business.at(first).now).total_seconds()) + 1)
    business.confirm(first)
    assert business.release(first).activated == ("DE",)
    business.confirm(second)

    assert business.release(second).blocks == (f"waits_for:{first}",)
    business.travel(3600)
    business.confirm(second)
    assert business.release(first).activated == ("GB",)
    business.confirm(second)
    assert business.release(second).activated == ("GB",)


def due_of(business: Business, change: str) -> list[Any]:
    with business.database.reading() as session:
        found = changes.planned(session, change, business.at(change).revision)
        session.expunge_all()
        return found


def refused_code(work: Callable[[], object]) -> str:
    with pytest.raises(MandateError) as caught:
        work()
    return caught.value.code


def test_a_step_for_an_earlier_revision_is_a_conflict(business: Business) -> None:
    change = business.scheduled()
    call = Call(business.system().actor, fresh_key())

    assert refused_code(lambda: release_change(business.gateway, call, change, 2, ())) == "unknown_revision"
    assert published(business, change) == {"artifact_version": [], "activation": []}


def test_a_rejected_change_stays_closed(business: Business) -> None:
    change = business.awaiting()
    business.decide(change, PRICING, Choice.REJECT)

    not_possible(business, change)
    assert refused_code(lambda: withdraw(business, change)) == "illegal_transition"
