"""Approval policies through the lifecycle: scenarios, retirement, the stricter policy, audit findings (chapter 8)."""

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from activities.policy_watch import look_at_policies
from analysis.proposals import Proposal, ProposedPart
from commands.calendar import Freeze, declare_freeze
from commands.changes import revise_change
from commands.delegations import DelegationProposal, delegate
from commands.freeze_exceptions import ExceptionRequest, ask_freeze_exception
from commands.installation import set_membership
from commands.policies import (
    FindingAnswer,
    PolicyFinding,
    answer_finding,
    move_to_policy,
    record_finding,
    retire_policy,
)
from domain.approval import gate
from domain.errors import Conflict, MandateError, Refused
from domain.kinds import kinds
from policies.content import document_of, edits_between, policy_in, policy_of
from store import artifacts, changes
from tests.builders import ADMINISTRATOR, DAY, DIRECTOR, PRICING, REQUESTER, Business, proposal, set_price
from tests.commands.test_ownership import change_table, put

POLICY = "approval/standard"


def policy_change(business: Business, work: Any) -> Proposal:
    """A proposal of what the live policy becomes after its document was worked on."""
    with business.database.reading() as session:
        live = artifacts.content(session, POLICY, artifacts.latest(session, POLICY))
    document = deepcopy(document_of(policy_of(live)))
    work(document)
    edits = edits_between(live, policy_in(document))
    part = ProposedPart(artifact=POLICY, edits=edits)
    return Proposal(kind="approval", title="Another policy", objective="Ask other people.", parts=[part])


def row(document: dict[str, Any], table: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in document[table]["rows"] if row["id"] == name)
    return found


def test_a_policy_that_fails_a_scenario_is_not_put_to_anybody(business: Business) -> None:
    def work(document: dict[str, Any]) -> None:
        row(document, "quote", "margin")["when"]["margin_percent"] = "< 10"

    change = business.submitted(policy_change(business, work))

    assert business.walk(change).state == "needs_revision"
    assert business.timeline(change)[-1].details["failed"] == ["scenario_low-margin-deal"]


def test_a_policy_that_passes_its_scenarios_is_asked_about(business: Business) -> None:
    change = business.awaiting(
        policy_change(business, lambda document: row(document, "tier", "price-jump").update(because="a jump"))
    )

    assert business.at(change).kind == "approval"


OWNERS, FINANCE_PEOPLE, DEPUTY = "sofia.marin", "helene.aubry", "felix.nygaard"


def approve(business: Business, change: str) -> None:
    """Everybody who is asked agrees, whoever that is by the policy in force."""
    while business.at(change).state == "awaiting_approval":
        with business.database.reading() as session:
            facts = changes.approval_facts(session, changes.change(session, change), business.database.now(session))
        stage = gate(facts).open_stage
        assert stage is not None
        business.decide(change, next(slot.candidates[0] for slot in stage.slots if not slot.person))
    business.conclude(change)


def released(business: Business, work: Any) -> str:
    """The id of a policy change that is live."""
    change = business.awaiting(policy_change(business, work))
    approve(business, change)
    assert business.walk(change).state == "monitoring"
    return change


def temporary(business: Business, seconds: int) -> Any:
    """Makes the policy temporary, with another reason in one row."""
    with business.database.reading() as session:
        ends = business.database.now(session) + timedelta(seconds=seconds)

    def work(document: dict[str, Any]) -> None:
        document["retires_at"] = ends.isoformat()
        row(document, "tier", "price-jump")["because"] = "for this month"

    return work


def reason(business: Business) -> str:
    found = business.entry("row/tier/price-jump", POLICY)
    assert found is not None
    return str(found["because"])


def test_a_temporary_policy_retires_by_itself_when_its_time_has_come(business: Business) -> None:
    before = reason(business)
    change = released(business, temporary(business, 10 * DAY))
    version = business.latest(POLICY)

    look_at_policies(business.gateway)
    assert (business.latest(POLICY), reason(business)) == (version, "for this month")

    business.travel(11 * DAY)
    look_at_policies(business.gateway)
    look_at_policies(business.gateway)

    assert (business.latest(POLICY), reason(business)) == (version + 1, before)
    head = business.entry("policy", POLICY)
    assert head is not None and head["retires_at"] is None
    record = business.timeline(POLICY)[-1]
    assert (record.action, record.details["change"], record.details["retired"]) == ("policy.retired", change, version)


def test_what_was_changed_since_is_kept_and_the_rest_is_a_case(business: Business) -> None:
    released(business, temporary(business, 10 * DAY))
    released(business, lambda document: row(document, "tier", "price-jump").update(because="mended since"))
    version = business.latest(POLICY)
    business.travel(11 * DAY)

    for _ in range(2):
        look_at_policies(business.gateway)

    (case,) = [case for case in business.cases(POLICY) if case.step == "retirement"]
    assert (business.latest(POLICY), reason(business)) == (version, "mended since")
    assert (case.code, case.message, case.attempts) == ("retirement_blocked", "moved:row/tier/price-jump", 1)


def test_a_freeze_holds_the_retirement_back_until_it_ends(business: Business) -> None:
    released(business, temporary(business, 10 * DAY))
    version = business.latest(POLICY)
    business.travel(11 * DAY)
    with business.database.reading() as session:
        now = business.database.now(session)
    window = Freeze(reason="quarter close", from_at=now, until_at=now + timedelta(days=2))
    declare_freeze(business.gateway, business.call(OWNERS), window)

    look_at_policies(business.gateway)
    assert business.latest(POLICY) == version
    business.travel(3 * DAY)
    look_at_policies(business.gateway)

    assert business.latest(POLICY) == version + 1
    assert [case.step for case in business.cases(POLICY) if case.step == "retirement"] == []


def test_nobody_but_the_lifecycle_retires_a_policy_and_not_before_its_time(business: Business) -> None:
    with pytest.raises(Refused):
        retire_policy(business.gateway, business.call(ADMINISTRATOR), POLICY)
    with pytest.raises(Conflict) as early:
        retire_policy(business.gateway, business.system(), POLICY)
    assert early.value.code == "not_due"


def watch_cases(business: Business) -> list[tuple[str, int]]:
    return [(case.code, case.attempts) for case in business.cases(POLICY) if case.step == "policy watch"]


def test_the_shipped_policy_and_people_are_not_weak(business: Business) -> None:
    look_at_policies(business.gateway)

    assert watch_cases(business) == []


def test_a_policy_without_a_second_set_of_people_is_a_case_until_people_are_back(business: Business) -> None:
    for person in ("beatriz.moura", "victor.lang"):
        set_membership(business.gateway, business.call(ADMINISTRATOR), person, "finance", False)
    for _ in range(2):
        look_at_policies(business.gateway)
    told = next(case.message for case in business.cases(POLICY))

    assert watch_cases(business) == [("policy_weak", 1)]
    assert "Stage Finance (finance) has no second set of people" in told
    assert "revenue-operations" not in told

    for person in ("beatriz.moura", "victor.lang"):
        set_membership(business.gateway, business.call(ADMINISTRATOR), person, "finance", True)
    look_at_policies(business.gateway)
    assert watch_cases(business) == []


def test_a_policy_that_no_longer_matches_its_authority_matrix_is_a_case(business: Business) -> None:
    """The matrix names groups; when a kind gets another owner, nobody who is asked may allow its changes any more."""

    def work(document: dict[str, Any]) -> None:
        matrix = [{"group": "owner", "up_to_tier": 1, "kinds": sorted({*kinds()} - {"pricing"})}]
        matrix.append({"group": "pricing", "up_to_tier": 1, "kinds": ["pricing"]})
        document["authority"] = [*matrix, *document["authority"][1:]]

    released(business, work)
    look_at_policies(business.gateway)
    assert watch_cases(business) == []

    change_table(business, put(business, "kind/pricing", domain="catalog-structure"))
    for _ in range(2):
        look_at_policies(business.gateway)
    assert watch_cases(business) == [("policy_weak", 1)]
    told = next(case.message for case in business.cases(POLICY) if case.step == "policy watch")
    assert told == "By the authority matrix none of product may allow a change of kind pricing and tier 1."

    change_table(business, put(business, "kind/pricing", domain="price-books"))
    look_at_policies(business.gateway)
    assert watch_cases(business) == []


def lend(business: Business, to: str, days: int, giver: str = PRICING, **limits: Any) -> str:
    """Lend rights that begin now, and return the delegation, or the code with which that is refused."""
    with business.database.reading() as session:
        until = business.database.now(session) + timedelta(days=days)
    asked = DelegationProposal(delegate=to, until_at=until, reason="On leave.", **limits)
    try:
        return delegate(business.gateway, business.call(giver), asked).delegation
    except MandateError as refusal:
        return refusal.code


def test_what_the_policy_says_of_delegates_holds_also_for_loans_that_were_made_before(business: Business) -> None:
    assert lend(business, DEPUTY, 7).startswith("DL-")
    assert lend(business, DIRECTOR, 7, max_tier=4) == "beyond_policy"
    change = business.awaiting()
    assert business.decide(change, DEPUTY).represents == PRICING
    released(business, lambda document: document.update(delegation={"at_most_days": 5, "up_to_tier": 1}))

    with pytest.raises(Refused) as caught:
        business.decide(business.awaiting(proposal(set_price(channel="partner"))), DEPUTY)
    assert caught.value.code == "not_eligible"
    assert lend(business, DIRECTOR, 4) == "beyond_policy"
    assert lend(business, DIRECTOR, 6, max_tier=1) == "bad_window"
    assert lend(business, DIRECTOR, 5, max_tier=1).startswith("DL-")


def test_a_loan_brings_no_groups_together_that_are_apart(business: Business) -> None:
    assert lend(business, ADMINISTRATOR, 7, giver=FINANCE_PEOPLE) == "duties_joined"
    assert business.timeline(f"actor/{FINANCE_PEOPLE}")[-1].details["code"] == "duties_joined"
    assert lend(business, FINANCE_PEOPLE, 7, giver=ADMINISTRATOR) == "duties_joined"
    assert lend(business, FINANCE_PEOPLE, 7, giver=ADMINISTRATOR, groups=("revenue-operations",)).startswith("DL-")


def test_a_loan_gives_no_voice_once_it_would_join_groups_that_are_apart(business: Business) -> None:
    assert lend(business, DEPUTY, 7, giver=FINANCE_PEOPLE).startswith("DL-")
    change = business.awaiting()
    business.decide(change, PRICING)
    assert business.decide(change, DEPUTY).change.state == "approved"
    set_membership(business.gateway, business.call(ADMINISTRATOR), DEPUTY, "administrators", True)

    with business.database.reading() as session:
        facts = changes.approval_facts(session, changes.change(session, change), business.database.now(session))
    assert gate(facts).verdict == "waiting"
    other = business.awaiting(proposal(set_price(channel="partner")))
    business.decide(other, PRICING)
    with pytest.raises(Refused) as caught:
        business.decide(other, DEPUTY)
    assert caught.value.code == "not_eligible"


def test_a_request_asks_who_decides_as_the_policy_in_force_does(business: Business) -> None:
    released(business, lambda document: document.update(step_up_from_tier=3))
    with business.database.reading() as session:
        now = business.database.now(session)
    freeze = Freeze(reason="Quarter close.", from_at=now - timedelta(hours=1), until_at=now + timedelta(days=5))
    frozen = declare_freeze(business.gateway, business.call(FINANCE_PEOPLE), freeze)
    asked = ExceptionRequest(change="*", until_at=now + timedelta(days=1), reason="A wrong price is live.")
    request = ask_freeze_exception(business.gateway, business.call(REQUESTER), frozen, asked).request

    with pytest.raises(Refused) as caught:
        business.decide(request, FINANCE_PEOPLE)
    assert caught.value.code == "step_up_needed"


GAP = PolicyFinding(code="control_gap", text="Nobody looks at discounts below 15 percent.")
ANSWER = FindingAnswer(text="Sales operations does; see the row seller.")


def test_an_audit_finding_holds_the_next_release_back_until_it_is_answered(business: Business) -> None:
    finding = record_finding(business.gateway, business.call(ADMINISTRATOR), POLICY, GAP)
    change = business.awaiting(
        policy_change(business, lambda document: row(document, "tier", "price-jump").update(because="a jump"))
    )
    approve(business, change)
    version = business.latest(POLICY)

    assert business.walk(change).state == "scheduled"
    assert business.latest(POLICY) == version
    assert f"finding:{finding}" in business.cases(change)[0].message


def test_a_finding_is_recorded_by_auditors_and_answered_by_the_owner_who_is_somebody_else(business: Business) -> None:
    with pytest.raises(Refused) as nobody:
        record_finding(business.gateway, business.call(REQUESTER), POLICY, GAP)
    finding = record_finding(business.gateway, business.call(ADMINISTRATOR), POLICY, GAP)
    with pytest.raises(Refused) as foreign:
        answer_finding(business.gateway, business.call(REQUESTER), POLICY, finding, ANSWER)
    with pytest.raises(Refused) as own:
        answer_finding(business.gateway, business.call(OWNERS), POLICY, finding, ANSWER)
    with pytest.raises(Conflict) as unknown:
        answer_finding(business.gateway, business.call(OWNERS), POLICY, "case-0", ANSWER)

    codes = [caught.value.code for caught in (nobody, foreign, own, unknown)]
    assert codes == ["not_an_auditor", "not_the_owner", "own_finding", "no_open_finding"]


def finance_asked(business: Business, change: str) -> bool:
    with business.database.reading() as session:
        row = changes.change(session, change)
        plan = changes.approval_facts(session, row, business.database.now(session)).plan
    assert plan is not None
    return any("finance" in slot.groups for stage in plan.stages for slot in stage.slots)


def without_finance(document: dict[str, Any]) -> None:
    """A weaker policy: nobody of finance is asked at tier 2 and above."""
    stages = row(document, "stages", "owner-and-finance")["then"]["stages"]
    stages[1]["groups"] = ["commercial-directors"]
    stages[1]["escalations"] = []
    document["authority"] = []


def test_an_open_request_is_never_judged_by_a_weaker_policy_than_it_started_with(business: Business) -> None:
    change = business.awaiting()
    released(business, without_finance)
    assert finance_asked(business, change)

    revise_change(business.gateway, business.call(REQUESTER), change, proposal(set_price("45.90")), None)
    business.walk(change)

    assert finance_asked(business, change)
    assert not finance_asked(business, business.awaiting(proposal(set_price("46.90")), by="tom.okafor"))


def test_who_made_a_policy_weaker_gains_nothing_by_it_for_a_month(business: Business) -> None:
    """C7: a rule is not removed by whoever wants to pass."""
    released(business, without_finance)

    assert finance_asked(business, business.awaiting(proposal(set_price("44.90")), by=REQUESTER))
    assert not finance_asked(business, business.awaiting(proposal(set_price("45.90")), by="tom.okafor"))
    business.travel(31 * DAY)
    assert not finance_asked(business, business.awaiting(proposal(set_price("46.90")), by=REQUESTER))


def test_a_policy_cannot_shorten_the_wait_of_its_own_author(business: Business) -> None:
    def work(document: dict[str, Any]) -> None:
        without_finance(document)
        document["author_waits_days"] = 0

    released(business, work)

    assert finance_asked(business, business.awaiting(by=REQUESTER))


def test_moving_a_request_to_the_present_policy_is_explicit_and_logged(business: Business) -> None:
    change = business.awaiting()
    with pytest.raises(Conflict) as already:
        move_to_policy(business.gateway, business.call(REQUESTER), POLICY, change)
    released(business, without_finance)
    with pytest.raises(Refused) as foreign:
        move_to_policy(business.gateway, business.call(FINANCE_PEOPLE), POLICY, change)

    assert move_to_policy(business.gateway, business.call(REQUESTER), POLICY, change).state == "submitted"
    record = business.timeline(change)[-1]
    assert (already.value.code, foreign.value.code) == ("planned_already", "not_yours")
    assert (record.action, record.details["was"], record.details["version"]) == ("change.moved_to_policy", 1, 2)
    assert business.walk(change).state == "awaiting_approval"
    assert finance_asked(business, change)
