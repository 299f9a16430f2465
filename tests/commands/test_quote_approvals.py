"""Quotes are approved by the quote table of the live policy, through the engine of all approvals (R-7.11, R-8.5)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlmodel import col

from analysis.assessment import subject_of
from commands.approvals import advance_timers, decide, withdraw_request
from commands.delegations import DelegationProposal, delegate
from commands.quote_approvals import submit_quote
from domain.approval import Choice
from domain.artifact import Operation, Part
from domain.deal import deal_facts
from domain.errors import MandateError
from domain.quote import QuoteTerms
from queries.inbox import inbox
from queries.requests import request_view
from store import artifacts, quotes
from store.quote_approvals import approvals
from store.tables.columns import table_of
from store.tables.quote import QuoteLineRow, QuoteRow
from tests.builders import DAY, FINANCE, MACHINE, REQUESTER, Business

SALES, LEGAL = "tom.okafor", "sunita.iyer"
QUOTES, LINES = table_of(QuoteRow), table_of(QuoteLineRow)


def refused(work: Any) -> str:
    with pytest.raises(MandateError) as caught:
        work()
    return caught.value.code


@pytest.fixture
def quote(business: Business) -> str:
    """A draft quote with little discount, sold by somebody who has no login."""
    business.seed(7, 60)
    with business.database.reading() as session:
        found = session.execute(select(QUOTES.c.id).where(QUOTES.c.status == "draft").order_by(QUOTES.c.id)).scalars()
        return str(found.first())


def set_quote(business: Business, quote: str, **values: Any) -> None:
    """Write a quote as its own system would, past every command."""
    with business.database.writing() as session:
        session.execute(update(QUOTES).where(QUOTES.c.id == quote).values(**values))


def discount(business: Business, quote: str, basis_points: int) -> None:
    with business.database.writing() as session:
        session.execute(
            update(LINES).where(LINES.c.quote == quote, LINES.c.line == 1).values(discount_basis_points=basis_points)
        )


def submit(business: Business, quote: str, by: str = REQUESTER, **terms: Any) -> str:
    return submit_quote(business.gateway, business.call(by), quote, QuoteTerms(**terms)).request


def status(business: Business, quote: str) -> str:
    with business.database.reading() as session:
        return session.get_one(QuoteRow, quote).status


def take_back(business: Business, request: str, by: str) -> str:
    return withdraw_request(business.gateway, business.call(by), request).state


def stages(business: Business, request: str) -> list[str]:
    with business.database.reading() as session:
        plan = request_view(session, request, business.database.now(session)).plan
        assert plan is not None
        return [stage.id for stage in plan.stages]


def test_a_quote_is_approved_by_whom_the_policy_names(business: Business, quote: str) -> None:
    request = submit(business, quote)
    assert (status(business, quote), stages(business, request)) == ("in_approval", ["sales"])

    assert refused(lambda: business.decide(request, REQUESTER)) == "excluded"
    assert refused(lambda: business.decide(request, FINANCE)) == "not_eligible"
    assert business.decide(request, SALES).change.state == "completed"

    assert status(business, quote) == "approved"
    with business.database.reading() as session:
        kept, found = session.get_one(QuoteRow, quote), approvals(session, quote)
        assert [(a.person, a.total_minor, a.currency) for a in found] == [(SALES, kept.total_minor, kept.currency)]
    assert [entry.action for entry in business.timeline(request)] == ["quote.submitted", "request.decided"]


def test_terms_add_the_stages_that_they_need(business: Business, quote: str) -> None:
    request = submit(business, quote, payment_days=60, standard_clauses=False, regions=2)
    assert stages(business, request) == ["sales", "finance", "legal", "director"]

    business.decide(request, FINANCE)
    business.decide(request, LEGAL)
    assert business.decide(request, SALES).change.state == "awaiting_approval"
    assert (status(business, quote), business.decide(request, "olivia.hartmann").change.state) == (
        "in_approval", "completed"
    )  # fmt: skip
    with business.database.reading() as session:
        assert {a.person for a in approvals(session, quote)} == {SALES, FINANCE, LEGAL, "olivia.hartmann"}


def test_a_discount_over_the_threshold_asks_finance(business: Business, quote: str) -> None:
    discount(business, quote, 1_501)

    assert "finance" in stages(business, submit(business, quote))


def promoted(business: Business, quote: str) -> None:
    """Make it a quote of one router for partners, made while the example's promotion of it runs."""
    place = {"market": "DE", "channel": "partner", "segment": "business", "currency": "EUR"}
    made = datetime(2027, 3, 15, tzinfo=UTC)
    set_quote(business, quote, **place, created_at=made, expires_at=made + timedelta(days=120))
    router = {"offering": "ROUTER-PRO", "selling_model": "one_time", "quantity": 1, "discount_basis_points": 0}
    with business.database.writing() as session:
        session.execute(delete(LINES).where(LINES.c.quote == quote, LINES.c.line > 1))
        session.execute(update(LINES).where(LINES.c.quote == quote).values(router))


def test_a_running_promotion_counts_into_the_margin_that_says_who_approves(business: Business, quote: str) -> None:
    promoted(business, quote)
    with business.database.reading() as session:
        found, simulated = quotes.quote(session, quote), subject_of(session, ()).books.old
        assert found is not None
        book = artifacts.price_book(session, "pricing/standard", found.price_version)
    assert (book.entries, deal_facts(book, found, 30)["margin_percent"]) == (simulated.entries, 14)

    request = submit(business, quote)
    assert stages(business, request) == ["sales", "finance"]

    key = "promotion/partner-router"
    running = business.entry(key, "promotion/standard")
    assert running is not None
    less = Operation(entry=key, before=running, after={**running, "off_micros": 1_000_000})
    with business.database.writing() as session:
        part = Part(artifact="promotion/standard", base=1, operations=(less,))
        artifacts.publish(session, part, "CR-0", "somebody", business.database.now(session))
    assert refused(lambda: business.decide(request, SALES)) == "rerouted"


def test_a_quote_that_moves_after_a_signature_is_asked_about_anew(business: Business, quote: str) -> None:
    request = submit(business, quote, standard_clauses=False)
    business.decide(request, LEGAL)
    ballot = business.ballot(request)
    set_quote(business, quote, total_minor=1)

    assert refused(lambda: decide(business.gateway, business.call(SALES), request, ballot)) == "evidence_moved"
    assert business.decide(request, SALES).change.state == "awaiting_approval"
    assert status(business, quote) == "in_approval"
    assert business.decide(request, LEGAL).change.state == "completed"


def test_a_quote_whose_facts_move_is_not_approved_by_those_who_were_asked_before(
    business: Business, quote: str
) -> None:
    """A deeper discount needs others to agree: the plan of before grants nothing, and it is submitted anew (R-8.5)."""
    request = submit(business, quote, standard_clauses=False)
    business.decide(request, LEGAL)
    discount(business, quote, 4_000)

    assert refused(lambda: business.decide(request, SALES)) == "rerouted"
    with business.database.reading() as session:
        blocks = request_view(session, request, business.database.now(session)).standing.blocks
    assert blocks and blocks[0].startswith("rerouted:discount_percent")
    assert business.decide(request, SALES, Choice.REJECT).change.state == "rejected"
    assert "finance" in stages(business, submit(business, quote))


def test_a_quote_that_can_no_longer_be_granted_is_a_visible_case(business: Business, quote: str) -> None:
    """Whoever looks next, here the worker, opens the case (R-7.7)."""
    request = submit(business, quote)
    discount(business, quote, 4_000)
    advance_timers(business.gateway, business.system(), request)

    assert [(case.code, "rerouted" in case.message) for case in business.cases(request)] == [("gate_closed", True)]
    assert status(business, quote) == "in_approval"


def test_who_sells_a_quote_does_not_approve_it(business: Business, quote: str) -> None:
    set_quote(business, quote, owner=SALES)

    request = submit(business, quote)

    assert refused(lambda: business.decide(request, SALES)) == "excluded"


def test_a_machine_submits_and_does_not_decide(business: Business, quote: str) -> None:
    request = submit(business, quote, by=MACHINE)

    assert refused(lambda: business.decide(request, MACHINE)) == "machine_may_not"
    assert business.decide(request, SALES).change.state == "completed"


@pytest.mark.parametrize("choice", [Choice.REJECT, Choice.REQUEST_CHANGES])
def test_a_rejected_quote_is_a_draft_again(business: Business, quote: str, choice: Choice) -> None:
    request = submit(business, quote)

    assert business.decide(request, SALES, choice).change.state == "rejected"

    assert status(business, quote) == "draft"
    assert submit(business, quote) != request


def test_time_approves_no_quote(business: Business, quote: str) -> None:
    request = submit(business, quote)
    business.travel(8 * DAY)

    assert advance_timers(business.gateway, business.system(), request).change.state == "expired"
    with business.database.reading() as session:
        assert (status(business, quote), approvals(session, quote)) == ("draft", [])


def test_only_who_submitted_takes_it_back(business: Business, quote: str) -> None:
    request = submit(business, quote)

    assert refused(lambda: take_back(business, request, SALES)) == "not_yours"
    assert take_back(business, request, REQUESTER) == "withdrawn"
    assert status(business, quote) == "draft"
    assert refused(lambda: take_back(business, request, REQUESTER)) == "not_awaiting_approval"
    assert refused(lambda: business.decide(request, SALES)) == "not_awaiting_approval"


@pytest.mark.parametrize(("beyond", "decides"), [(0, True), (-1, False)])
def test_a_delegate_decides_on_quotes_up_to_the_amount(
    business: Business, quote: str, beyond: int, decides: bool
) -> None:
    with business.database.reading() as session:
        row, now = session.get_one(QuoteRow, quote), business.database.now(session)
        lent = DelegationProposal(
            delegate="felix.nygaard",
            groups=("sales-operations",),
            kinds=("quote",),
            currency=row.currency,
            most_minor=row.total_minor + beyond,
            until_at=now + timedelta(days=7),
            reason="On leave.",
        )
    delegate(business.gateway, business.call(SALES), lent)
    request = submit(business, quote)

    if decides:
        assert business.decide(request, "felix.nygaard").change.state == "completed"
    else:
        assert refused(lambda: business.decide(request, "felix.nygaard")) == "not_eligible"


def test_what_cannot_be_submitted(business: Business, quote: str) -> None:
    assert refused(lambda: submit(business, "Q-0-0")) == "unknown_quote"
    set_quote(business, quote, currency="USD")
    assert refused(lambda: submit(business, quote)) == "fact_unknown"
    set_quote(business, quote, status="approved")
    assert refused(lambda: submit(business, quote)) == "quote_not_draft"
    with business.database.reading() as session:
        now = business.database.now(session)
    set_quote(business, quote, status="draft", expires_at=now)
    assert refused(lambda: submit(business, quote)) == "quote_over"
    assert status(business, quote) == "draft"


def test_a_quote_waits_in_the_inbox_of_those_who_can_approve_it(business: Business, quote: str) -> None:
    request = submit(business, quote)

    with business.database.reading() as session:
        now = business.database.now(session)
        assert request in [item.subject for item in inbox(session, SALES, now)]
        assert request not in [item.subject for item in inbox(session, FINANCE, now)]
        assert session.execute(select(col(QuoteRow.position)).where(col(QuoteRow.id) == quote)).scalar_one() > 0
