"""The emergency path: a quorum of two, a missed review becomes a case, and glass is broken for hours only (R-4.7)."""

from typing import Any

import pytest

from activities.housekeeping import look_for_overdue_reviews
from commands.calendar import Freeze, declare_freeze
from commands.emergency import Window, break_glass, review_emergency
from domain.emergency import Findings
from domain.errors import Conflict, MandateError, NotFound
from queries.emergency import ReviewView, reviews
from store import changes
from tests.builders import DIRECTOR, FINANCE, MACHINE, PRICING, REQUESTER, Business, proposal, set_price

REASON = "A wrong price is live and sells below cost."
SECOND_PERSON = "jonas.weidmann"
HOUR = 3600
FOUND = Findings(sound=True, findings="The price was wrong, acting was right.")


def emergency(**more: Any) -> Any:
    return proposal(set_price(), emergency=True, emergency_reason=REASON, **more)


def scheduled(business: Business) -> str:
    """An emergency that its quorum has approved and that is about to be released."""
    change = business.awaiting(emergency())
    business.decide(change, PRICING)
    assert business.decide(change, DIRECTOR).change.state == "approved"
    assert business.walk(change, until="scheduled").state == "scheduled"
    return change


def frozen(business: Business) -> str:
    with business.database.reading() as session:
        now = business.database.now(session)
    freeze = Freeze(reason="quarter close", from_at=now, until_at=now.replace(year=now.year + 1))
    return declare_freeze(business.gateway, business.call(FINANCE), freeze)


def listed(business: Business, change: str) -> tuple[ReviewView, ...]:
    with business.database.reading() as session:
        return reviews(session, business.database.now(session), change)


def open_glass(business: Business, change: str, by: str = PRICING, minutes: int = 60) -> str:
    return break_glass(business.gateway, business.call(by), change, Window(minutes=minutes, reason=REASON)).review


def refused(work: Any) -> MandateError:
    with pytest.raises(MandateError) as caught:
        work()
    return caught.value


def test_an_emergency_says_why(business: Business) -> None:
    assert refused(lambda: business.draft(proposal(emergency=True))).code == "reason_required"
    assert refused(lambda: business.draft(proposal(emergency=True, emergency_reason="now"))).code == "reason_required"


def test_an_emergency_needs_two_persons_of_its_own_quorum(business: Business) -> None:
    change = business.awaiting(emergency())
    assert business.at(change).tier == 2

    assert business.decide(change, PRICING).change.state == "awaiting_approval"
    assert refused(lambda: business.decide(change, PRICING)).code == "already_decided"
    assert refused(lambda: business.decide(change, "leon.brandt")).code == "not_eligible"
    assert business.decide(change, DIRECTOR).change.state == "approved"


def test_the_requester_is_none_of_the_two(business: Business) -> None:
    change = business.awaiting(emergency(), by=PRICING)
    assert refused(lambda: business.decide(change, PRICING)).code == "excluded"


def test_authority_and_tier_four_have_no_short_way(business: Business) -> None:
    strict = business.awaiting(emergency(least_tier=4))
    with business.database.reading() as session:
        plan = changes.approval_facts(session, changes.change(session, strict), business.database.now(session)).plan
    assert plan is not None
    assert [stage.id for stage in plan.stages] == ["owner", "finance", "board"]


def test_an_emergency_ends_in_a_review_by_a_second_person(business: Business) -> None:
    change = scheduled(business)
    assert listed(business, change) == ()
    assert business.walk(change).state == "monitoring"

    (review,) = listed(business, change)
    assert (review.what, review.reason, review.opened_by) == ("emergency", REASON, REQUESTER)
    for party, code in (
        (REQUESTER, "not_a_reviewer"), (PRICING, "not_a_second_person"), (DIRECTOR, "not_a_second_person"),
        (FINANCE, "not_a_reviewer"), (MACHINE, "machine_may_not"),
    ):  # fmt: skip
        call = business.call(party)
        assert refused(lambda call=call: review_emergency(business.gateway, call, review.id, FOUND)).code == code
    review_emergency(business.gateway, business.call(SECOND_PERSON), review.id, FOUND)

    assert [(r.reviewed_by, r.sound) for r in listed(business, change)] == [(SECOND_PERSON, True)]
    assert business.timeline(change)[-1].outcome == "sound"
    again = refused(lambda: review_emergency(business.gateway, business.call(SECOND_PERSON), review.id, FOUND))
    assert (type(again), again.code) == (Conflict, "reviewed_already")


def test_a_missed_review_is_a_case_until_it_takes_place(business: Business) -> None:
    change = scheduled(business)
    business.walk(change)
    business.travel(71 * HOUR)
    look_for_overdue_reviews(business.gateway)
    assert business.cases(change) == []

    business.travel(2 * HOUR)
    look_for_overdue_reviews(business.gateway)
    look_for_overdue_reviews(business.gateway)
    (case,) = business.cases(change)
    assert (case.step, case.code, case.owner_group, case.attempts) == (
        "review emergency",
        "review_overdue",
        "pricing",
        1,
    )

    review_emergency(business.gateway, business.call(SECOND_PERSON), f"emergency/{change}", FOUND)
    assert business.cases(change) == []


def test_an_ordinary_change_is_not_reviewed(business: Business) -> None:
    assert listed(business, business.released()) == ()


def test_broken_glass_lets_an_approved_emergency_pass_a_freeze(business: Business) -> None:
    change = scheduled(business)
    frozen(business)
    business.confirm(change)
    assert business.release(change).blocks[0].startswith("frozen:")

    review = open_glass(business, change)
    assert business.release(change).blocks == ()
    assert [r.what for r in listed(business, change)] == ["break_glass", "emergency"]
    assert (
        refused(lambda: review_emergency(business.gateway, business.call(PRICING), review, FOUND)).code
        == "not_a_second_person"
    )


def test_broken_glass_is_over_after_its_time(business: Business) -> None:
    change = scheduled(business)
    frozen(business)
    open_glass(business, change, minutes=240)
    business.travel(4 * HOUR + 1)
    business.confirm(change)
    assert business.release(change).blocks[0].startswith("frozen:")


def test_broken_glass_replaces_no_approval(business: Business) -> None:
    change = business.awaiting(emergency())
    assert refused(lambda: open_glass(business, change)).code == "nothing_to_pass"


def test_who_may_not_break_the_glass_and_for_what(business: Business) -> None:
    change = scheduled(business)
    assert refused(lambda: open_glass(business, change, by=FINANCE)).code == "not_yours"
    assert refused(lambda: open_glass(business, change, by=MACHINE)).code == "machine_may_not"
    assert refused(lambda: open_glass(business, change, minutes=241)).code == "too_long"
    assert refused(lambda: open_glass(business, "CR-1")).code == "unknown_change_request"
    ordinary = business.scheduled(proposal(set_price(channel="partner")))
    assert refused(lambda: open_glass(business, ordinary)).code == "not_an_emergency"
    assert business.timeline(f"actor/{FINANCE}")[-1].details["code"] == "not_yours"


def test_broken_glass_is_never_for_tier_four(business: Business) -> None:
    change = business.awaiting(emergency(least_tier=4))
    for person in (PRICING, FINANCE, "ruben.falk", "leon.brandt"):
        business.decide(change, person)
    assert business.walk(change, until="scheduled").state == "scheduled"
    assert refused(lambda: open_glass(business, change)).code == "never_tier_4"


def test_an_unknown_review_and_an_empty_finding_are_refused(business: Business) -> None:
    with pytest.raises(NotFound):
        review_emergency(business.gateway, business.call(PRICING), "emergency/CR-1", FOUND)
    with pytest.raises(ValueError):
        Findings(sound=True, findings="ok")
