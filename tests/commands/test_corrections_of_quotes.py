"""A correction of a quote beside what was, or is being, approved of it (R-7.11, R-17.1)."""

import pytest

from commands.approvals import withdraw_request
from commands.quote_approvals import submit_quote
from domain.errors import MandateError
from domain.quote import QuoteTerms
from queries.requests import request_view
from store.corrections import applied
from tests.builders import FINANCE, REQUESTER, Business
from tests.commands.test_corrections import LEGAL, SALES, accepted, agree, ask, first, shop, whole

__all__ = ["shop"]


def test_a_correction_withdraws_what_was_said_about_the_quote(shop: Business) -> None:
    quote = str(first(shop, "quote", status="draft").id)
    approval = submit_quote(shop.gateway, shop.call(REQUESTER), quote, QuoteTerms(standard_clauses=False)).request
    shop.decide(approval, LEGAL)
    request = ask(shop, "quote_line", f"{quote}/1", "quantity", 9)
    with shop.database.reading() as session:
        content = request_view(session, request, shop.database.now(session)).content
    assert content["downstream"]["requests"] == {"count": 1, "ids": [approval]}

    agree(shop, request, FINANCE, LEGAL)

    assert shop.decide(approval, SALES).change.state == "awaiting_approval", "legal signed what it was before"
    assert shop.decide(approval, LEGAL).change.state == "completed"
    assert first(shop, "quote_approval", quote=quote).total_minor == whole(shop, quote).total_minor


def test_another_seller_withdraws_nothing_of_the_quote(shop: Business) -> None:
    quote = str(first(shop, "quote", status="draft").id)
    approval = submit_quote(shop.gateway, shop.call(REQUESTER), quote, QuoteTerms(standard_clauses=False)).request
    shop.decide(approval, LEGAL)
    agree(shop, ask(shop, "quote", quote, "owner", "seller-999", by=FINANCE), SALES)

    assert shop.decide(approval, SALES).change.state == "completed"


def test_quotes_are_found_with_their_lines(shop: Business) -> None:
    quote = accepted(shop)
    agree(shop, ask(shop, "quote", quote, "owner", "seller-999"), SALES)
    agree(shop, ask(shop, "quote_line", f"{quote}/1", "quantity", 9), FINANCE, LEGAL)
    with shop.database.reading() as session:
        assert [row.record for row in applied(session, None, quote, 10)] == ["quote_line", "quote"]
        assert [row.record for row in applied(session, None, quote, 1)] == ["quote_line"]
        assert applied(session, None, quote[:-1], 10) == []


def test_a_deeper_discount_sends_the_quote_to_whom_the_policy_names_then(shop: Business) -> None:
    """Finance and legal agreed to the correction, which is no approval of the quote by those who are asked now."""
    quote = str(first(shop, "quote", status="draft").id)
    approval = submit_quote(shop.gateway, shop.call(REQUESTER), quote, QuoteTerms()).request
    agree(shop, ask(shop, "quote_line", f"{quote}/1", "discount_basis_points", 4_000), FINANCE, LEGAL)

    with pytest.raises(MandateError) as refusal:
        shop.decide(approval, SALES)
    assert refusal.value.code == "rerouted"
    withdraw_request(shop.gateway, shop.call(REQUESTER), approval)
    again = submit_quote(shop.gateway, shop.call(REQUESTER), quote, QuoteTerms()).request
    with shop.database.reading() as session:
        plan = request_view(session, again, shop.database.now(session)).plan
    assert plan is not None and "finance" in [stage.id for stage in plan.stages]
