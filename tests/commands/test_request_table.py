"""Who agrees to a request is a table of the approval policy, governed like the others (R-7.11, R-8.1, D6b, C7)."""

from typing import Any

import pytest

from commands.data_access import AccessRequest, ask_access
from commands.quote_approvals import submit_quote
from domain.approval import Plan
from domain.errors import Invalid, MandateError
from domain.quote import QuoteTerms
from policies.content import document_of, policy_in, seed_policy
from policies.scenario import shipped
from queries.requests import request_view
from store.quotes import page
from tests.builders import DAY, FINANCE, PRICING, REQUESTER, Business
from tests.commands.test_policies import policy_change, released, row

TRAINEE = "tom.okafor"
POLICY = "approval/standard"


def ask(business: Business, by: str = TRAINEE, about: str = PRICING) -> Plan:
    """The plan of a request to read what is kept about somebody."""
    asked = AccessRequest(about=about, reason="A complaint has to be looked into.")
    return plan_of(business, ask_access(business.gateway, business.call(by), asked).request)


def plan_of(business: Business, request: str) -> Plan:
    with business.database.reading() as session:
        plan = request_view(session, request, business.database.now(session)).plan
    assert plan is not None
    return plan


def groups(plan: Plan) -> list[str]:
    return [group for stage in plan.stages for slot in stage.slots for group in slot.groups]


def by_finance(document: dict[str, Any]) -> None:
    """Finance agrees to access to personal data."""
    row(document, "request", "data-access")["then"]["stages"][0]["groups"] = ["finance"]


def test_the_policy_in_force_says_who_agrees_and_open_requests_keep_theirs(business: Business) -> None:
    before = ask(business)
    released(business, by_finance)
    after = ask(business, by=FINANCE)

    assert (groups(before), before.policy, before.policy_version) == (["security-compliance"], POLICY, 1)
    assert (groups(after), after.policy, after.policy_version) == (["finance"], POLICY, 2)
    assert groups(plan_of(business, "AR-2026-0001")) == ["security-compliance"]


def test_who_wrote_the_table_is_judged_by_the_one_before_too(business: Business) -> None:
    released(business, by_finance)

    assert sorted(groups(ask(business, by=REQUESTER))) == ["finance", "security-compliance"]
    business.travel(31 * DAY)
    assert groups(ask(business, by=REQUESTER, about="helene.aubry")) == ["finance"]


def test_who_wrote_the_table_of_quotes_is_judged_by_the_one_before_too(business: Business) -> None:
    def work(document: dict[str, Any]) -> None:
        row(document, "quote", "payment")["when"]["payment_days"] = "> 60"
        stated = next(one for one in shipped() if one.id == "payment-terms")
        facts = {**stated.facts, "payment_days": 61}
        document["scenarios"] = [stated.model_copy(update={"facts": facts}).model_dump(mode="json")]

    business.seed(7, 60)
    with business.database.reading() as session:
        drafts = [quote.id for quote in page(session, "draft", None, "", 5)]
    released(business, work)

    def submit(by: str, quote: str) -> Plan:
        asked = submit_quote(business.gateway, business.call(by), quote, QuoteTerms(payment_days=45)).request
        return plan_of(business, asked)

    assert "finance" not in groups(submit(TRAINEE, drafts[0]))
    assert "finance" in groups(submit(REQUESTER, drafts[1]))


def test_a_policy_that_is_older_than_the_table_goes_by_the_shipped_one(business: Business) -> None:
    released(business, lambda document: document.pop("request"))

    plan = ask(business)

    assert (groups(plan), plan.policy, plan.policy_version) == (["security-compliance"], POLICY, 2)


def test_who_adds_the_table_is_judged_by_the_shipped_one_too(business: Business) -> None:
    rows: list[Any] = []
    released(business, lambda document: rows.append(document.pop("request")))
    business.travel(31 * DAY)

    def added(document: dict[str, Any]) -> None:
        document["request"] = rows[0]
        by_finance(document)

    released(business, added)

    assert sorted(groups(ask(business, by=REQUESTER))) == ["finance", "security-compliance"]
    assert groups(ask(business)) == ["finance"]


def test_a_row_that_asks_nobody_opens_no_personal_data(business: Business) -> None:
    released(business, lambda document: row(document, "request", "data-access")["then"].update(stages=[]))

    with pytest.raises(MandateError) as refusal:
        ask(business)
    assert refusal.value.code == "no_request_rule"


@pytest.mark.parametrize(
    ("work", "code"),
    [
        (lambda row: row["then"]["stages"][0].update(inputs=["simulation"]), "bad_policy"),
        (lambda row: row["then"].update(stages=[{"id": "control"}]), "bad_policy"),
        (lambda row: row["then"].pop("stages"), "bad_policy"),
        (lambda row: row["when"].update(subject="'data_access' ++"), "bad_rule"),
    ],
)
def test_a_table_that_cannot_be_carried_out_is_refused(work: Any, code: str) -> None:
    document = document_of(seed_policy())
    work(row(document, "request", "data-access"))
    with pytest.raises(Invalid) as refusal:
        policy_in(document)
    assert refusal.value.code == code


def test_groups_that_nobody_knows_are_refused_on_save(business: Business) -> None:
    def work(document: dict[str, Any]) -> None:
        row(document, "request", "data-access")["then"]["stages"][0]["groups"] = ["nobody-at-all"]

    with pytest.raises(MandateError) as refusal:
        business.submitted(policy_change(business, work))
    assert refusal.value.code == "unknown_group"
