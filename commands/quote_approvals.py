"""Approval of quotes by the quote table of the approval policy, through the engine of all approvals (R-7.11)."""

import secrets

from analysis.assessment import PRICING
from analysis.policies import quote_plan_at
from commands.command import Control, command
from commands.requests import RequestReceipt, open_request
from domain.approval import Choice, gate
from domain.deal import deal_facts
from domain.errors import Conflict, Invalid, NotFound
from domain.quote import Quote, QuoteTerms
from store import artifacts, quote_approvals, quotes, requests
from store.tables.approval import DecisionRow
from store.tables.directory import PersonRow
from store.tables.quote import QuoteRow
from store.tables.quote_approval import QuoteApprovalRow
from store.tables.request import RequestRow
from store.unit_of_work import Transaction

KIND = quote_approvals.KIND
DRAFT, IN_APPROVAL, APPROVED = "draft", "in_approval", "approved"


@command(control=Control.NONE)
def submit_quote(tx: Transaction, quote: str, terms: QuoteTerms) -> RequestReceipt:
    """Ask for the approval of a draft quote; the live policy says of whom, by what the quote comes to and its terms.

    Raises NotFound("unknown_quote"), Conflict("quote_not_draft", "quote_over"), Invalid("fact_unknown",
    "no_quote_rule", "bad_rule").
    """
    row = tx.lock(QuoteRow, quote)
    found = quotes.quote(tx.session, quote)
    if found is None:
        raise NotFound("unknown_quote", f"There is no quote {quote!r}.", quote=quote)
    if row.status != DRAFT:
        raise Conflict("quote_not_draft", f"{quote} is {row.status.replace('_', ' ')}.", state=row.status)
    if row.expires_at <= tx.now:
        raise Conflict("quote_over", f"{quote} has expired.", quote=quote)
    facts = _facts(tx, found, terms)
    owner = quote_approvals.owner(tx.session)
    plan = quote_plan_at(tx.session, facts, owner, tx.now, tx.actor.party)
    content = {
        "quote": quote,
        "currency": found.currency,
        "total_minor": found.total_minor,
        "price_version": found.price_version,
        **facts,
    }
    request = open_request(tx, KIND, quote_approvals.title(quote), content, plan, _seller(tx, found))
    row.status = IN_APPROVAL
    tx.record("quote.submitted", request, quote=quote, total=found.total_minor, currency=found.currency, facts=facts)
    return RequestReceipt(request=request)


def _facts(tx: Transaction, quote: Quote, terms: QuoteTerms) -> dict[str, object]:
    """The facts of the policy's table, all of them known (R-7.7). Raises Invalid("fact_unknown")."""
    days = terms.payment_days
    agreed = quote_approvals.payment_days(tx.session, quote.id) if days is None else days
    facts = {
        **deal_facts(artifacts.price_book(tx.session, PRICING, quote.price_version), quote, agreed),
        "standard_clauses": terms.standard_clauses,
        "regions": terms.regions,
    }
    if unknown := sorted(name for name, value in facts.items() if value is None):
        raise Invalid(
            "fact_unknown",
            f"Nobody can say who approves {quote.id}: {', '.join(unknown)} is unknown; a cost is missing or too large.",
            facts=unknown,
        )
    return facts


def _seller(tx: Transaction, quote: Quote) -> tuple[str, ...]:
    """Whoever sells a quote benefits from its approval (R-7.3)."""
    return (quote.owner,) if tx.session.get(PersonRow, quote.owner) else ()


def grant(tx: Transaction, row: RequestRow) -> None:
    """The quote is approved, and what was seen is kept with the name of everybody who approved it."""
    facts = requests.approval_facts(tx.session, row, tx.now)
    assert facts.plan is not None
    quote = quotes.quote(tx.session, requests.request_content(row)["quote"])
    assert quote is not None
    for counted in gate(facts).counted:
        decision = tx.session.get_one(DecisionRow, counted)
        if decision.choice == Choice.APPROVE:
            tx.add(_approved(quote, facts.plan.policy_version, decision))
    tx.lock(QuoteRow, quote.id).status = APPROVED


def _approved(quote: Quote, policy_version: int, decision: DecisionRow) -> QuoteApprovalRow:
    return QuoteApprovalRow(
        id=f"quote-approval-{secrets.token_hex(8)}",
        quote=quote.id,
        **quote_approvals.figures(quote),
        policy_version=policy_version,
        person=decision.person,
        decided_at=decision.decided_at,
    )


def give_back(tx: Transaction, row: RequestRow) -> None:
    """A quote that was not approved is a draft again; its seller changes it and asks anew."""
    tx.lock(QuoteRow, requests.request_content(row)["quote"]).status = DRAFT
