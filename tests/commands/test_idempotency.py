"""Every write takes a key: the same one answers the same and does it once, also when both come at once (D7)."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from commands.approvals import decide
from commands.changes import create_change, revise_change, submit_change
from commands.command import Call
from domain.approval import Choice
from domain.errors import Conflict, Invalid, Refused
from tests.builders import FINANCE, PRICING, REQUESTER, SECOND_PRICING, Business, everything, proposal, set_price


def test_the_same_key_answers_the_same_and_writes_once(business: Business) -> None:
    call = business.call(REQUESTER, "one")
    first = create_change(business.gateway, call, proposal())
    before = everything(business.database)

    assert create_change(business.gateway, call, proposal()) == first
    assert everything(business.database) == before


def test_another_body_under_the_same_key_is_refused(business: Business) -> None:
    create_change(business.gateway, business.call(REQUESTER, "one"), proposal())
    before = everything(business.database)

    with pytest.raises(Invalid) as caught:
        create_change(business.gateway, business.call(REQUESTER, "one"), proposal(set_price("43.90")))

    assert (caught.value.code, caught.value.http_status) == ("idempotency_key_reused", 422)
    assert everything(business.database) == before


def test_a_key_belongs_to_its_actor_and_its_operation(business: Business) -> None:
    first = create_change(business.gateway, business.call(REQUESTER, "one"), proposal())
    other = create_change(business.gateway, business.call("tom.okafor", "one"), proposal())
    submitted = submit_change(business.gateway, business.call(REQUESTER, "one"), first.change, None)

    assert first.change != other.change
    assert submitted.state == "submitted"


def test_duplicates_at_once_have_one_effect_and_one_answer(business: Business) -> None:
    together = Barrier(6)
    call = business.call(REQUESTER, "at-once")
    before = everything(business.database)

    def work(_number: int) -> str:
        together.wait()
        return create_change(business.gateway, call, proposal()).model_dump_json()

    with ThreadPoolExecutor(6) as threads:
        answers = set(threads.map(work, range(6)))

    assert len(answers) == 1
    after = everything(business.database)
    assert len([row for row in after["audit_record"] if "change.created" in row]) == 1
    assert len(after["change_request"]) - len(before["change_request"]) == 1


def test_a_refused_write_keeps_no_key_and_may_be_tried_again(business: Business) -> None:
    change = business.awaiting()
    call, ballot = business.call(FINANCE, "mine"), business.ballot(change)
    with pytest.raises(Refused):
        decide(business.gateway, call, change, ballot)
    business.decide(change, PRICING)

    assert decide(business.gateway, call, change, ballot).change.state == "approved"


def test_a_lost_update_is_found(business: Business) -> None:
    change = business.draft()
    seen = business.at(change).version
    revise_change(business.gateway, business.call(REQUESTER), change, proposal(set_price("43.90")), seen)

    with pytest.raises(Conflict) as caught:
        revise_change(business.gateway, business.call(REQUESTER), change, proposal(set_price("45.90")), seen)

    assert caught.value.code == "version_moved"
    assert caught.value.facts["version"] == business.at(change).version
    assert business.content(change).parts[0].operations[0].after["unit_price_micros"] == 43_900_000  # type: ignore[index]


def test_only_one_of_two_updates_at_once_wins(business: Business) -> None:
    change = business.draft()
    seen = business.at(change).version
    together = Barrier(2)
    calls = [business.call(REQUESTER) for _ in range(2)]

    def work(number: int) -> str:
        together.wait()
        try:
            revise_change(business.gateway, calls[number], change, proposal(set_price(f"{43 + number}.90")), seen)
        except Conflict as error:
            return error.code
        return "done"

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(work, range(2))) == ["done", "version_moved"]


def test_two_people_on_one_slot_at_once_fill_it_once(business: Business) -> None:
    change = business.awaiting()
    ballot = business.ballot(change)
    together = Barrier(2)
    calls: list[Call] = [business.call(PRICING), business.call(SECOND_PRICING)]

    def work(call: Call) -> str:
        together.wait()
        try:
            return decide(business.gateway, call, change, ballot).stage
        except (Refused, Conflict) as error:
            return error.code

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(work, calls)) == ["not_eligible", "owner"]
    assert len(everything(business.database)["decision"]) == 1


@pytest.mark.parametrize("choice", [Choice.REJECT, Choice.REQUEST_CHANGES])
def test_an_approval_and_a_veto_at_once_never_both_close_the_change(business: Business, choice: Choice) -> None:
    change = business.awaiting()
    business.decide(change, PRICING)
    ballots = {FINANCE: business.ballot(change), "daniel.koch": business.ballot(change, choice)}
    calls = {account: business.call(account) for account in ballots}
    together = Barrier(2)

    def work(account: str) -> str:
        together.wait()
        try:
            return decide(business.gateway, calls[account], change, ballots[account]).change.state
        except Conflict as error:
            return error.code

    with ThreadPoolExecutor(2) as threads:
        states = sorted(threads.map(work, ballots))

    assert states[1:] == ["not_awaiting_approval"] or states[:1] == ["not_awaiting_approval"]
    assert business.at(change).state in {"approved", "rejected", "needs_revision"}
