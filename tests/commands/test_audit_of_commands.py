"""Each command leaves exactly one audit record, in its own transaction; a refusal leaves its own (R-24.1, R-7.9)."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from commands import command
from commands.approvals import decide
from commands.changes import create_change, revise_change, submit_change, withdraw_change
from commands.command import REFUSALS_A_MINUTE, REGISTRY, Control
from commands.installation import set_membership
from domain.errors import Conflict, Refused, Unauthenticated
from store import audit
from store.unit_of_work import Transaction
from tests.builders import (
    ADMINISTRATOR,
    FINANCE,
    MACHINE,
    PRICING,
    REQUESTER,
    SECOND_PRICING,
    TWO_ACCOUNTS,
    Business,
    as_actor,
    everything,
    fresh_key,
    proposal,
    set_price,
)
from tests.databases import as_owner


def records(business: Business) -> int:
    return len(everything(business.database)["audit_record"])


def test_a_whole_lifecycle_leaves_one_record_a_command(business: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    once = command.Command._once

    def counted(self: Any, *args: Any) -> Any:
        before = records(business)
        result = once(self, *args)
        assert records(business) - before == int(self.audited), self.name
        calls.append(self.name)
        return result

    monkeypatch.setattr(command.Command, "_once", counted)
    change = business.released(proposal(monitoring={"seconds": 60}))
    business.travel(61)
    business.walk(change)

    assert set(calls) >= {"create_change", "submit_change", "decide", "release_change", "complete_change"}


class Broken(Exception):
    """What a test throws into a transaction."""


STAGES: dict[str, Callable[[Business], tuple[str, Callable[[], object]]]] = {}


def stage(
    work: Callable[[Business], tuple[str, Callable[[], object]]],
) -> Callable[[Business], tuple[str, Callable[[], object]]]:
    STAGES[work.__name__] = work
    return work


@stage
def creating(business: Business) -> tuple[str, Callable[[], object]]:
    call = business.call(REQUESTER)
    return "record", lambda: create_change(business.gateway, call, proposal())


@stage
def submitting(business: Business) -> tuple[str, Callable[[], object]]:
    change, call = business.draft(), business.call(REQUESTER)
    return "record", lambda: submit_change(business.gateway, call, change, None)


@stage
def deciding(business: Business) -> tuple[str, Callable[[], object]]:
    change, call = business.awaiting(), business.call(PRICING)
    ballot = business.ballot(change)
    return "record", lambda: decide(business.gateway, call, change, ballot)


@stage
def releasing(business: Business) -> tuple[str, Callable[[], object]]:
    change = business.scheduled()
    return "record", lambda: business.release(change)


@pytest.mark.parametrize("name", ["creating", "submitting", "deciding", "releasing"])
def test_a_failure_after_the_effect_leaves_nothing_at_all(
    business: Business, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    point, work = STAGES[name](business)
    before = everything(business.database)
    done = getattr(Transaction, point)

    def fail(self: Transaction, *args: Any, **details: Any) -> None:
        done(self, *args, **details)
        raise Broken

    monkeypatch.setattr(Transaction, point, fail)
    with pytest.raises(Broken):
        work()

    assert everything(business.database) == before
    monkeypatch.undo()
    work()
    assert everything(business.database) != before


def test_a_command_without_its_record_is_rolled_back(business: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything(business.database)
    monkeypatch.setattr(Transaction, "record", lambda self, *args, **details: None)

    with pytest.raises(AssertionError, match="0 audit records"):
        create_change(business.gateway, business.call(REQUESTER), proposal())

    assert everything(business.database) == before


def test_a_record_that_cannot_be_written_takes_the_effect_with_it(
    business: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(business.database)
    monkeypatch.setattr(audit, "chained", lambda *_: (None, None))

    with pytest.raises(DBAPIError):
        create_change(business.gateway, business.call(REQUESTER), proposal())

    assert everything(business.database) == before


def refuse(business: Business, account: str, change: str) -> str:
    with pytest.raises(Refused) as caught:
        decide(business.gateway, business.call(account), change, business.ballot(change))
    last = business.timeline(f"actor/{account}")[-1]
    assert (last.action, last.outcome, last.actor) == ("decide", "refused", account)
    assert (last.details["code"], last.details["subject"]) == (caught.value.code, change)
    return caught.value.code


def test_refusals_are_recorded_on_the_chain_of_the_one_who_tried(business: Business) -> None:
    change = business.awaiting()
    before = everything(business.database)

    assert refuse(business, MACHINE, change) == "machine_may_not"
    assert refuse(business, REQUESTER, change) == "excluded"
    assert refuse(business, FINANCE, change) == "not_eligible"

    after = everything(business.database)
    assert {name for name in after if after[name] != before[name]} == {"audit_record"}
    assert len(after["audit_record"]) - len(before["audit_record"]) == 3


def test_deciding_twice_is_refused_and_recorded(business: Business) -> None:
    change = business.awaiting()
    business.decide(change, PRICING)

    assert refuse(business, PRICING, change) == "already_decided"


@pytest.mark.parametrize(("asking", "deciding_as"), [TWO_ACCOUNTS, TWO_ACCOUNTS[::-1], TWO_ACCOUNTS[:1] * 2])
def test_nobody_approves_their_own_change_through_any_account(
    business: Business, asking: str, deciding_as: str
) -> None:
    change = business.awaiting(by=asking)

    assert refuse(business, deciding_as, change) == "excluded"
    assert everything(business.database)["decision"] == []


def test_whoever_wrote_a_part_of_the_change_does_not_approve_it(business: Business) -> None:
    change = business.awaiting()
    revise_change(business.gateway, business.call(PRICING), change, proposal(set_price("43.90")), None)
    business.walk(change)

    assert refuse(business, PRICING, change) == "excluded"
    assert refuse(business, REQUESTER, change) == "excluded"
    assert business.decide(change, SECOND_PRICING).stage == "owner"


def test_what_was_lost_since_the_request_came_in_is_not_held_any_more(business: Business) -> None:
    """Person and groups are read again under the authority lock (D2a)."""
    gateway, before = business.gateway, [business.call(ADMINISTRATOR) for _ in range(2)]
    set_membership(gateway, business.call(ADMINISTRATOR), ADMINISTRATOR, "administrators", False)
    with pytest.raises(Refused) as caught:
        set_membership(gateway, before[0], REQUESTER, "finance", True)
    assert caught.value.code == "may_not_administer"
    assert business.timeline(f"actor/{ADMINISTRATOR}")[-1].details["code"] == "may_not_administer"

    with as_owner(business.login) as owner:
        owner.execute(text("UPDATE person SET active = false WHERE id = :id"), {"id": ADMINISTRATOR})
    with pytest.raises(Unauthenticated) as shut_out:
        set_membership(gateway, before[1], REQUESTER, "finance", True)
    assert shut_out.value.code == "unknown_account"
    assert "finance" not in as_actor(gateway, REQUESTER).groups


def test_a_conflict_is_no_refusal_and_leaves_nothing(business: Business) -> None:
    change = business.draft()
    before = everything(business.database)

    with pytest.raises(Conflict):
        decide(business.gateway, business.call(PRICING), change, business.ballot(change))

    assert everything(business.database) == before


def test_a_flood_of_refusals_is_recorded_up_to_a_limit(business: Business) -> None:
    change = business.awaiting()
    call, ballot = business.call(REQUESTER), business.ballot(change)
    for _ in range(REFUSALS_A_MINUTE + 5):
        with pytest.raises(Refused):
            decide(business.gateway, call, change, ballot)

    assert len(business.timeline(f"actor/{REQUESTER}")) == REFUSALS_A_MINUTE
    business.travel(61)
    with pytest.raises(Refused):
        decide(business.gateway, call, change, ballot)
    assert len(business.timeline(f"actor/{REQUESTER}")) == REFUSALS_A_MINUTE + 1


def test_attempts_of_one_account_at_once_are_all_recorded(business: Business) -> None:
    change = business.awaiting()
    call, ballot, attempts = business.call(MACHINE), business.ballot(change), 24
    at_once = threading.Barrier(attempts)

    def attempt() -> str:
        at_once.wait()
        with pytest.raises(Refused) as caught:
            decide(business.gateway, call, change, ballot)
        return caught.value.code

    with ThreadPoolExecutor(attempts) as threads:
        codes = [done.result() for done in [threads.submit(attempt) for _ in range(attempts)]]

    assert codes == ["machine_may_not"] * attempts
    assert len(business.timeline(f"actor/{MACHINE}")) == attempts


def test_every_chain_holds_after_all_of_it(business: Business) -> None:
    change = business.released()
    withdrawn = business.awaiting(proposal(set_price("39.90", market="GB", currency="GBP")))
    withdraw_change(business.gateway, business.call(REQUESTER), withdrawn, "no longer wanted", None)

    with business.database.reading() as session:
        assert audit.verify(session) == ()
    assert business.timeline(change)


SYSTEM_ONLY: dict[str, tuple[Any, ...]] = {
    "begin_assessment": (1,),
    "schedule_change": (1,),
    "release_change": (1, ()),
    "record_delivery": ((),),
    "begin_monitoring": (1,),
    "complete_change": (1,),
    "restore_change": (1, ()),
    "finish_rollback": (1,),
    "advance_timers": (),
    "park_step": ("release", "x"),
    "resume_step": ("release",),
    "report_stranger": ("signal", "x"),
}


@pytest.mark.parametrize("account", [PRICING, MACHINE])
def test_a_step_of_the_lifecycle_is_nobody_elses(business: Business, account: str) -> None:
    change = business.draft()
    before = everything(business.database)
    for name, arguments in SYSTEM_ONLY.items():
        with pytest.raises(Refused) as caught:
            REGISTRY[name](business.gateway, business.call(account, fresh_key()), change, *arguments)
        assert caught.value.code == "system_only", name

    after = everything(business.database)
    assert {table for table in after if after[table] != before[table]} == {"audit_record"}


def test_a_machine_makes_no_decision_of_any_kind(business: Business) -> None:
    change = business.awaiting()
    said = {
        "decide": business.ballot(change),
        "decide_in_bulk": business.ballot(change),
        "recall_decision": "decision-1",
    }
    assert {found.name for found in REGISTRY.values() if found.control is Control.DECISION} == set(said)
    for name, argument in said.items():
        with pytest.raises(Refused) as caught:
            REGISTRY[name](business.gateway, business.call(MACHINE), change, argument)
        assert caught.value.code == "machine_may_not"
