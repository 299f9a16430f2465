"""Delegations on real databases: given, used, limited, ended; each refusal with its code, its audit row and a twin that works."""

from datetime import timedelta
from typing import Any

import pytest

from commands.command import Authority
from commands.delegations import DelegationProposal, DelegationReceipt, delegate, revoke_delegation
from commands.installation import set_active, set_membership
from commands.quotes import begin_seed, publish_seed, seed_chunk
from commands.subjects import ENDINGS
from domain.errors import MandateError
from domain.impact import Impact
from queries.changes import ChangeView, change_view
from queries.delegations import delegations_of
from store import changes, requests
from tests.builders import (
    ADMINISTRATOR,
    DIRECTOR,
    FINANCE,
    MACHINE,
    PRICING,
    REQUESTER,
    SECOND_FINANCE,
    SECOND_PRICING,
    TWO_ACCOUNTS,
    Business,
    proposal,
    set_price,
)

STAND_IN = "felix.nygaard"


def lend(
    business: Business, giver: str = FINANCE, to: str = STAND_IN, days: float = 7, **limits: Any
) -> DelegationReceipt:
    """A delegation that begins now."""
    with business.database.reading() as session:
        now = business.database.now(session)
    begin = limits.pop("from_at", now)
    asked = DelegationProposal(
        delegate=to, until_at=begin + timedelta(days=days), from_at=begin, reason="On leave.", **limits
    )
    return delegate(business.gateway, business.call(giver), asked)


def refused(work: Any) -> MandateError:
    with pytest.raises(MandateError) as caught:
        work()
    return caught.value


def last_refusal(business: Business, account: str) -> tuple[str, str]:
    entry = business.timeline(f"actor/{account}")[-1]
    return entry.outcome, entry.details["code"]


def viewed(business: Business, change: str) -> ChangeView:
    with business.database.reading() as session:
        return change_view(session, change, business.database.now(session))


def test_a_delegate_decides_and_the_record_says_for_whom(business: Business) -> None:
    given = lend(business)
    change = business.awaiting()
    business.decide(change, PRICING)

    receipt = business.decide(change, STAND_IN)

    assert (receipt.stage, receipt.represents, receipt.change.state) == ("finance", FINANCE, "approved")
    details = business.timeline(change)[-1].details
    assert (details["represents"], details["delegation"]) == (FINANCE, given.delegation)
    assert business.walk(change, until="scheduled").state == "scheduled"
    business.confirm(change)
    assert business.release(change).blocks == ()


def test_without_a_delegation_nobody_stands_in(business: Business) -> None:
    change = business.awaiting()
    business.decide(change, PRICING)

    assert refused(lambda: business.decide(change, STAND_IN)).code == "not_eligible"
    assert last_refusal(business, STAND_IN) == ("refused", "not_eligible")


def test_revoking_acts_at_once_also_on_what_was_decided(business: Business) -> None:
    given = lend(business)
    change = business.awaiting()
    business.decide(change, PRICING)
    business.decide(change, STAND_IN)
    business.walk(change, until="scheduled")
    business.confirm(change)

    revoke_delegation(business.gateway, business.call(FINANCE), given.delegation)

    assert "approval:waiting" in business.release(change).blocks
    assert [case.step for case in business.cases(change)] == ["release"]
    other = business.awaiting(proposal(set_price(channel="partner", unit_price="43.00")))
    business.decide(other, PRICING)
    assert refused(lambda: business.decide(other, STAND_IN)).code == "not_eligible"


def test_the_end_of_a_delegation_takes_nothing_back_of_what_is_live(business: Business) -> None:
    given = lend(business)
    change = business.awaiting()
    business.decide(change, PRICING)
    business.decide(change, STAND_IN)
    assert business.walk(change).state == "monitoring"
    before = viewed(business, change)

    revoke_delegation(business.gateway, business.call(FINANCE), given.delegation)

    after = viewed(business, change)
    assert [decision.counts for decision in after.decisions] == [True, True]
    assert (after.standing, after.standing_at) == (before.standing, before.standing_at)
    assert after.standing_at in {entry.at for entry in business.timeline(change) if entry.action == "change.released"}


def test_a_delegation_ends_by_itself_at_its_instant(business: Business) -> None:
    lend(business, days=1)
    change = business.awaiting()
    business.decide(change, PRICING)
    business.decide(change, STAND_IN)
    assert business.at(change).state == "approved"

    business.travel(86_400 + 5)

    business.walk(change, until="scheduled")
    business.confirm(change)
    assert "approval:waiting" in business.release(change).blocks


def test_a_delegation_does_not_hold_before_it_begins(business: Business) -> None:
    with business.database.reading() as session:
        later = business.database.now(session) + timedelta(days=2)
    lend(business, from_at=later)
    change = business.awaiting()
    business.decide(change, PRICING)
    assert refused(lambda: business.decide(change, STAND_IN)).code == "not_eligible"

    business.travel(2 * 86_400 + 5)

    assert business.decide(change, STAND_IN).represents == FINANCE


@pytest.mark.parametrize(
    "limits",
    [
        {"kinds": ("catalog",)},
        {"max_tier": 1},
        {"currency": "EUR", "most_minor": 0},
        {"currency": "GBP", "most_minor": 10**12},
    ],
    ids=["another kind", "a lower tier", "less money", "another currency"],
)
def test_what_lies_outside_the_limits_is_not_covered(business: Business, quoted: str, limits: dict[str, Any]) -> None:
    lend(business, **limits)
    business.decide(quoted, PRICING)

    assert refused(lambda: business.decide(quoted, STAND_IN)).code == "not_eligible"


def test_every_kind_of_request_can_be_lent() -> None:
    assert set(requests.KINDS) == set(ENDINGS)


def test_what_lies_inside_the_limits_is_covered(business: Business, quoted: str) -> None:
    lend(business, kinds=("pricing",), max_tier=2, currency="EUR", most_minor=10**12, groups=("finance",))
    business.decide(quoted, PRICING)

    assert business.decide(quoted, STAND_IN).represents == FINANCE


@pytest.fixture
def quoted(business: Business) -> str:
    """A change of tier 2 that open quotes in EUR are affected by."""
    begin_seed(business.gateway, business.system(), 7, 300, True)
    seed_chunk(business.gateway, business.system(), 7, 0, True)
    publish_seed(business.gateway, business.system(), 7, True)
    change = business.awaiting()
    with business.database.reading() as session:
        row = changes.change(session, change)
        impact = changes.evidence_model(changes.evidence(session, change, row.revision, changes.IMPACT), Impact)
    assert impact is not None
    assert impact.value["EUR"] > 0
    return change


def test_a_lent_right_cannot_be_lent_on(business: Business) -> None:
    lend(business)

    error = refused(lambda: lend(business, giver=STAND_IN, to=REQUESTER, groups=("finance",)))

    assert error.code == "not_held"
    assert last_refusal(business, STAND_IN) == ("refused", "not_held")
    assert lend(business, giver=STAND_IN, to=REQUESTER, groups=("product",)).state == "active"
    change = business.awaiting(by="tom.okafor")
    business.decide(change, PRICING)
    assert refused(lambda: business.decide(change, REQUESTER)).code == "not_eligible"


def test_the_delegate_cannot_renew_it_and_the_giver_has_one_at_a_time(business: Business) -> None:
    given = lend(business)

    error = refused(lambda: lend(business, days=14))
    assert (error.code, error.facts["delegation"]) == ("already_delegated", given.delegation)

    revoke_delegation(business.gateway, business.call(STAND_IN), given.delegation)
    assert lend(business, days=14).state == "active"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"days": 30.01}, "bad_window"),
        ({"days": 0}, "bad_window"),
        ({"days": -1}, "bad_window"),
        ({"to": FINANCE}, "to_yourself"),
        ({"to": "nobody"}, "unknown_person"),
        ({"groups": ("pricing",)}, "not_held"),
        ({"currency": "EUR"}, "bad_limits"),
        ({"kinds": ("pricing", "nosuch")}, "unknown_kind"),
        ({"giver": MACHINE}, "machine_may_not"),
    ],
)
def test_what_cannot_be_delegated(business: Business, fields: dict[str, Any], code: str) -> None:
    assert refused(lambda: lend(business, **fields)).code == code

    with business.database.reading() as session:
        assert delegations_of(session, FINANCE, business.database.now(session)) == ()


def test_to_ones_own_other_account_is_to_oneself(business: Business) -> None:
    error = refused(lambda: lend(business, giver=TWO_ACCOUNTS[1], to="priya.raman"))

    assert error.code == "to_yourself"


def test_a_delegate_who_is_shut_out_and_a_giver_who_lost_the_right_give_nothing(business: Business) -> None:
    lend(business)
    change = business.awaiting()
    business.decide(change, PRICING)
    set_membership(business.gateway, business.call(ADMINISTRATOR), FINANCE, "finance", False)
    assert refused(lambda: business.decide(change, STAND_IN)).code == "not_eligible"
    set_membership(business.gateway, business.call(ADMINISTRATOR), FINANCE, "finance", True)
    set_active(business.gateway, business.call(ADMINISTRATOR), FINANCE, False)
    assert refused(lambda: business.decide(change, STAND_IN)).code == "not_eligible"
    set_active(business.gateway, business.call(ADMINISTRATOR), FINANCE, True)

    assert business.decide(change, STAND_IN).represents == FINANCE


def test_the_rules_hold_for_both(business: Business) -> None:
    """The requester cannot be represented, and cannot represent (R-7.3, R-7.4)."""
    lend(business, giver=PRICING, to=STAND_IN)
    own = business.awaiting(by=PRICING)
    assert refused(lambda: business.decide(own, STAND_IN)).code == "excluded"
    assert last_refusal(business, STAND_IN) == ("refused", "excluded")

    lend(business, giver=SECOND_PRICING, to=REQUESTER)
    asked = business.awaiting(proposal(set_price(channel="partner", unit_price="43.00")))
    assert refused(lambda: business.decide(asked, REQUESTER)).code == "excluded"
    assert business.decide(asked, STAND_IN).represents == PRICING


def test_one_right_is_one_voice(business: Business) -> None:
    lend(business, giver=PRICING, to=SECOND_FINANCE)
    change = business.awaiting()
    assert business.decide(change, SECOND_FINANCE).represents == PRICING

    assert refused(lambda: business.decide(change, SECOND_FINANCE)).code == "already_decided"
    assert refused(lambda: business.decide(change, PRICING)).code == "already_decided"
    assert business.decide(change, FINANCE).change.state == "approved"


def test_above_the_bound_others_have_to_agree_first(business: Business) -> None:
    given = lend(business, days=20)
    assert (given.state, given.request is not None) == ("proposed", True)
    assert given.request
    change = business.awaiting()
    business.decide(change, PRICING)
    assert refused(lambda: business.decide(change, STAND_IN)).code == "not_eligible"

    for account, code in ((FINANCE, "excluded"), (STAND_IN, "excluded"), (SECOND_FINANCE, "not_eligible")):
        assert refused(lambda who=account: business.decide(given.request, who)).code == code
    assert business.decide(given.request, DIRECTOR).change.state == "completed"

    assert business.decide(change, STAND_IN).represents == FINANCE


def test_only_those_concerned_end_a_delegation_and_only_once(business: Business) -> None:
    given = lend(business)

    assert (
        refused(lambda: revoke_delegation(business.gateway, business.call(PRICING), given.delegation)).code
        == "not_yours"
    )
    assert (
        refused(lambda: revoke_delegation(business.gateway, business.call(PRICING), "DL-1")).code
        == "unknown_delegation"
    )
    assert revoke_delegation(business.gateway, business.call(ADMINISTRATOR), given.delegation) == given.delegation
    assert (
        refused(lambda: revoke_delegation(business.gateway, business.call(FINANCE), given.delegation)).code
        == "already_revoked"
    )


def test_changing_who_may_decide_takes_the_authority_lock_alone() -> None:
    assert {delegate.authority, revoke_delegation.authority} == {Authority.EXCLUSIVE}


def test_people_see_what_they_have_lent_and_were_lent(business: Business) -> None:
    given = lend(business)
    with business.database.reading() as session:
        now = business.database.now(session)
        for person in (FINANCE, STAND_IN):
            (view,) = delegations_of(session, person, now)
            assert (view.id, view.delegator, view.delegate, view.standing) == (
                given.delegation,
                FINANCE,
                STAND_IN,
                "in force",
            )
        assert delegations_of(session, PRICING, now) == ()
        assert delegations_of(session, FINANCE, now + timedelta(days=8))[0].standing == "over"
