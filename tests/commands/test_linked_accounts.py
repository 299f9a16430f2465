"""An account that turns out to be another person's: whatever barred the one bars the other, before and after (D3, B6)."""

from datetime import timedelta
from typing import Any

import pytest

from commands.discussion import Interest, declare_interest
from commands.emergency import review_emergency
from commands.freeze_exceptions import ExceptionRequest, ask_freeze_exception
from commands.installation import link_account
from domain.errors import MandateError
from tests.builders import (
    ADMINISTRATOR,
    DIRECTOR,
    FINANCE,
    PRICING,
    REQUESTER,
    SECOND_FINANCE,
    SECOND_PRICING,
    Business,
    proposal,
    set_price,
)
from tests.commands.test_emergency import FOUND, emergency, frozen
from tests.commands.test_policies import finance_asked, released, without_finance


def link(business: Business, account: str, person: str) -> None:
    link_account(business.gateway, business.call(ADMINISTRATOR), account, person)


def refused(work: Any) -> str:
    with pytest.raises(MandateError) as caught:
        work()
    return caught.value.code


def test_whoever_turns_out_to_have_asked_does_not_decide(business: Business) -> None:
    change, decided = business.awaiting(), business.approved(proposal(set_price(channel="partner")))
    link(business, REQUESTER, PRICING)

    assert refused(lambda: business.decide(change, REQUESTER)) == "excluded"
    assert refused(lambda: business.decide(change, PRICING)) == "excluded"
    assert business.walk(decided, until="releasing").state != "releasing"
    link(business, REQUESTER, SECOND_PRICING)
    assert {refused(lambda who=who: business.decide(change, who)) for who in (PRICING, SECOND_PRICING)} == {"excluded"}
    assert business.decide(business.awaiting(by=DIRECTOR), PRICING).stage == "owner"


def test_who_wrote_a_revision_and_who_benefits_stay_barred(business: Business) -> None:
    change = business.awaiting(by=DIRECTOR)
    declare_interest(business.gateway, business.call(REQUESTER), change, Interest(person=REQUESTER))
    link(business, REQUESTER, PRICING)

    assert refused(lambda: business.decide(change, PRICING)) == "excluded"
    assert business.decide(change, SECOND_PRICING).stage == "owner"


def test_who_asked_for_an_exception_does_not_allow_it(business: Business) -> None:
    freeze, change = frozen(business), business.scheduled()
    with business.database.reading() as session:
        until = business.database.now(session) + timedelta(days=2)
    asked = ExceptionRequest(change=change, until_at=until, reason="A wrong price is live.")
    request = ask_freeze_exception(business.gateway, business.call(DIRECTOR), freeze, asked).request
    link(business, DIRECTOR, FINANCE)

    assert refused(lambda: business.decide(request, FINANCE)) == "excluded"
    assert business.decide(request, SECOND_FINANCE).stage


def test_who_took_part_in_an_emergency_does_not_review_it(business: Business) -> None:
    change = business.awaiting(emergency())
    for account in (PRICING, DIRECTOR):
        business.decide(change, account)
    assert business.walk(change).state == "monitoring"
    link(business, REQUESTER, SECOND_PRICING)

    review = f"emergency/{change}"
    call = business.call(SECOND_PRICING)
    assert refused(lambda: review_emergency(business.gateway, call, review, FOUND)) == "not_a_second_person"


def test_who_made_a_policy_weaker_waits_under_any_name(business: Business) -> None:
    released(business, without_finance)
    link(business, REQUESTER, DIRECTOR)
    assert finance_asked(business, business.awaiting(by=DIRECTOR))
