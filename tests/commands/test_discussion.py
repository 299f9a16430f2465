"""Taking back, handing on, asking, answering, declaring an interest, deciding in bulk: what each does and what it never does (R-7.10)."""

from typing import Any

import pytest

from commands.approvals import decide, decide_in_bulk, recall_decision
from commands.changes import withdraw_change
from commands.discussion import Handing, Interest, Remark, declare_interest, hand_on, say
from commands.installation import set_membership
from commands.rollbacks import roll_back_change
from domain.approval import Choice
from domain.errors import MandateError
from queries.approval import remarks
from queries.changes import change_view
from queries.inbox import inbox
from tests.builders import (
    ADMINISTRATOR,
    FINANCE,
    MACHINE,
    PRICING,
    REQUESTER,
    SECOND_FINANCE,
    SECOND_PRICING,
    Business,
    proposal,
    set_price,
)


def refused(work: Any) -> str:
    with pytest.raises(MandateError) as caught:
        work()
    return caught.value.code


def recall(business: Business, change: str, decision: str, by: str) -> None:
    recall_decision(business.gateway, business.call(by), change, decision)


def test_what_was_taken_back_is_asked_again(business: Business) -> None:
    change = business.awaiting()
    said = business.decide(change, PRICING)
    assert refused(lambda: recall(business, change, said.decision, SECOND_PRICING)) == "not_yours"
    assert business.timeline(f"actor/{SECOND_PRICING}")[-1].details["code"] == "not_yours"

    recall(business, change, said.decision, PRICING)

    assert refused(lambda: business.decide(change, FINANCE)) == "not_eligible"
    assert refused(lambda: recall(business, change, said.decision, PRICING)) == "already_recalled"
    assert refused(lambda: recall(business, change, "decision-of-another", PRICING)) == "unknown_decision"
    assert business.decide(change, PRICING).stage == "owner"
    assert business.decide(change, FINANCE).change.state == "approved"


def test_taking_back_holds_until_the_effect_and_not_after_it(business: Business) -> None:
    change = business.scheduled()
    with business.database.reading() as session:
        last = change_view(session, change, business.database.now(session)).decisions[-1].id

    recall(business, change, last, FINANCE)

    assert business.at(change).state == "awaiting_approval"
    assert business.walk(change).waiting_for == "approval by finance"
    business.decide(change, SECOND_FINANCE)
    assert business.walk(change).state == "monitoring"
    assert refused(lambda: recall(business, change, last, FINANCE)) == "already_recalled"
    with business.database.reading() as session:
        first = change_view(session, change, business.database.now(session)).decisions[0].id
    assert refused(lambda: recall(business, change, first, PRICING)) == "illegal_transition"


def test_a_decision_of_another_change_cannot_be_taken_back_here(business: Business) -> None:
    one, other = business.awaiting(), business.awaiting(proposal(set_price(channel="partner", unit_price="43.00")))
    said = business.decide(one, PRICING)

    assert refused(lambda: recall(business, other, said.decision, PRICING)) == "unknown_decision"
    assert business.decide(one, FINANCE).change.state == "approved"


def hand(business: Business, change: str, by: str, to: str) -> str:
    return hand_on(business.gateway, business.call(by), change, Handing(to=to, reason="Knows the market."))


def test_handing_on_moves_the_say_and_gives_no_right(business: Business) -> None:
    change = business.awaiting()

    assert refused(lambda: hand(business, change, PRICING, FINANCE)) == "cannot_take_it"
    assert refused(lambda: hand(business, change, PRICING, REQUESTER)) == "cannot_take_it"
    assert refused(lambda: hand(business, change, PRICING, "nobody")) == "cannot_take_it"
    assert refused(lambda: hand(business, change, FINANCE, SECOND_FINANCE)) == "not_eligible"
    assert refused(lambda: hand(business, change, PRICING, PRICING)) == "to_yourself"
    ballot = business.ballot(change)
    assert hand(business, change, PRICING, SECOND_PRICING) == "owner"

    # The tab that was open before: the decision is bound to the same evidence, but it is no longer theirs (B18).
    assert refused(lambda: decide(business.gateway, business.call(PRICING), change, ballot)) == "handed_on"
    with business.database.reading() as session:
        now = business.database.now(session)
        assert inbox(session, PRICING, now) == ()
        assert [item.subject for item in inbox(session, SECOND_PRICING, now)] == [change]
    assert business.decide(change, SECOND_PRICING).stage == "owner"


def test_what_was_handed_on_can_be_handed_back(business: Business) -> None:
    change = business.awaiting()
    hand(business, change, PRICING, SECOND_PRICING)

    hand(business, change, SECOND_PRICING, PRICING)

    assert refused(lambda: business.decide(change, SECOND_PRICING)) == "handed_on"
    assert business.decide(change, PRICING).stage == "owner"


def test_questions_and_comments_are_kept_and_change_nothing_else(business: Business) -> None:
    change = business.awaiting()
    before = business.ballot(change)

    def tell(by: str, **fields: Any) -> str:
        return say(business.gateway, business.call(by), change, Remark(**fields))

    asked = tell(PRICING, kind="question", text="Why 44.90?")
    tell(REQUESTER, kind="answer", about=asked, text="The cost of access rose.")
    tell(FINANCE, text="Fine by me.")

    assert refused(lambda: tell(PRICING, kind="answer", text="To nothing.")) == "answers_nothing"
    assert refused(lambda: tell(PRICING, kind="answer", about="remark-1", text="To nothing.")) == "unknown_remark"
    assert refused(lambda: tell(MACHINE, text="I compute.")) == "machine_may_not"
    with business.database.reading() as session:
        found = remarks(session, change, {})
    assert [(one.kind, one.person, one.about) for one in found] == [
        ("question", PRICING, None), ("answer", REQUESTER, asked), ("comment", FINANCE, None)
    ]  # fmt: skip
    assert found[0].text == "Why 44.90?"
    assert business.ballot(change) == before
    assert business.decide(change, PRICING).stage == "owner"
    assert refused(lambda: business.decide(change, REQUESTER)) == "excluded"
    assert business.decide(change, FINANCE).change.state == "approved"
    assert "Why 44.90?" not in str([entry.details for entry in business.timeline(change)])


def test_reasons_are_kept_as_remarks_and_not_in_the_chain(business: Business) -> None:
    """R-24.4: why something was withdrawn, taken back or handed on can be read, and erased."""
    gone = business.awaiting(proposal(set_price(channel="partner", unit_price="43.00")))
    hand(business, gone, PRICING, SECOND_PRICING)
    withdraw_change(business.gateway, business.call(REQUESTER), gone, "Nobody wants it.", None)
    silent, back = business.draft(), business.released()
    roll_back_change(business.gateway, business.call(REQUESTER), back, "Wrong price.", None)
    withdraw_change(business.gateway, business.call(REQUESTER), silent, " ", None)

    assert reasons(business, gone) == [
        ("handing_on", PRICING, "Knows the market."), ("withdrawal", REQUESTER, "Nobody wants it.")
    ]  # fmt: skip
    assert reasons(business, back) == [("rollback", REQUESTER, "Wrong price.")]
    assert reasons(business, silent) == []
    told = {entry.action: entry for change in (gone, back, silent) for entry in business.timeline(change) if entry.said}
    assert {action: entry.said for action, entry in told.items()} == {
        "change.handed_on": "Knows the market.",
        "change.withdrawn": "Nobody wants it.",
        "change.rollback_asked": "Wrong price.",
    }
    assert not any(entry.said in str(entry.details) for entry in told.values())


def reasons(business: Business, change: str) -> list[tuple[str, str, str]]:
    with business.database.reading() as session:
        return [(one.kind, one.person, one.text) for one in remarks(session, change, {})]


def test_who_has_an_interest_does_not_decide(business: Business) -> None:
    change = business.awaiting()

    def declare(by: str, person: str, role: Any = "beneficiary") -> None:
        declare_interest(business.gateway, business.call(by), change, Interest(person=person, role=role))

    assert refused(lambda: declare(REQUESTER, PRICING)) == "not_yours"
    assert refused(lambda: declare(FINANCE, PRICING)) == "not_yours"
    assert refused(lambda: declare(SECOND_PRICING, "nobody")) == "unknown_person"
    declare(PRICING, PRICING)
    declare(SECOND_PRICING, FINANCE, "simulator")

    assert refused(lambda: business.decide(change, PRICING)) == "excluded"
    assert business.decide(change, SECOND_PRICING).stage == "owner"
    assert refused(lambda: business.decide(change, FINANCE)) == "excluded"
    assert business.decide(change, SECOND_FINANCE).change.state == "approved"


def test_an_interest_that_is_declared_afterwards_voids_the_decision(business: Business) -> None:
    change = business.scheduled()

    declare_interest(business.gateway, business.call(FINANCE), change, Interest(person=FINANCE))

    assert "approval:waiting" in business.release(change).blocks


def test_a_stage_that_nobody_can_fill_any_more_is_a_case_when_it_is_seen(business: Business) -> None:
    change = business.awaiting()
    for person in (FINANCE, SECOND_FINANCE, "beatriz.moura", "victor.lang"):
        set_membership(business.gateway, business.call(ADMINISTRATOR), person, "finance", False)

    business.decide(change, PRICING)

    assert [(case.step, case.code, case.message) for case in business.cases(change)] == [
        ("approval", "gate_closed", "unsatisfiable:finance")
    ]
    set_membership(business.gateway, business.call(ADMINISTRATOR), FINANCE, "finance", True)
    assert business.decide(change, FINANCE).change.state == "approved"
    assert business.cases(change) == []


def test_in_bulk_only_low_tiers_and_each_by_itself(business: Business) -> None:
    cheap = proposal(set_price("39.90"), title="Fibre 500 in Germany: 39.90")
    low, high = business.awaiting(cheap), business.awaiting(proposal(set_price(channel="partner", unit_price="43.00")))
    assert (business.at(low).tier, business.at(high).tier) == (1, 2)

    def bulk(change: str, by: str) -> Any:
        return decide_in_bulk(business.gateway, business.call(by), change, business.ballot(change))

    assert refused(lambda: bulk(high, PRICING)) == "not_in_bulk"
    assert business.timeline(f"actor/{PRICING}")[-1].details["code"] == "not_in_bulk"
    assert refused(lambda: bulk(low, REQUESTER)) == "excluded"
    assert refused(lambda: bulk(low, FINANCE)) == "not_eligible"
    assert bulk(low, PRICING).change.state == "approved"
    assert business.decide(high, PRICING).stage == "owner"


def test_request_changes_sends_it_back(business: Business) -> None:
    change = business.awaiting()

    assert business.decide(change, PRICING, Choice.REQUEST_CHANGES).change.state == "needs_revision"
