"""Loading approvals of quotes: what a decision on one rests on, and what was approved before (R-7.11, R-14.2)."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from domain.canonical import digest, parse
from domain.deal import PRICED, deal_facts
from domain.ownership import accountable_in
from domain.quote import USUAL_PAYMENT_DAYS, Quote, commercial_digest, deepest_discount
from store import artifacts, ownership, quotes
from store.tables.contract import ContractRow, ContractTermRow
from store.tables.quote import QuoteRow
from store.tables.quote_approval import QuoteApprovalRow
from store.tables.request import RequestRow

KIND = "quote"
DOMAIN = "quote-lifecycle"
BATCH = 10_000
PRICING = "pricing/standard"


def keys(content: Mapping[str, Any]) -> tuple[tuple[type[QuoteRow], str], ...]:
    """The quote that is asked about."""
    return ((QuoteRow, content["quote"]),)


def inputs(session: Session, content: Mapping[str, Any]) -> dict[str, str]:
    """`content`: what was asked with the quote as it is now, so that a quote that moved is asked about anew (R-8.5)."""
    quote = quotes.quote(session, content["quote"])
    return {"content": digest([dict(content), commercial_digest(quote) if quote else ""])}


def blocks(session: Session, content: Mapping[str, Any]) -> tuple[str, ...]:
    """`rerouted` with the facts by which the plan was made and that the quote no longer has: it is submitted anew."""
    quote = quotes.quote(session, content["quote"])
    if quote is None:
        return ("rerouted:quote",)
    book = artifacts.price_book(session, PRICING, quote.price_version)
    now = deal_facts(book, quote, content["payment_days"])
    moved = [name for name in PRICED if now[name] != content[name]]
    return (f"rerouted:{', '.join(moved)}",) if moved else ()


def at_stake(content: Mapping[str, Any]) -> dict[str, int]:
    """What the quote comes to, minor units."""
    return {content["currency"]: content["total_minor"]}


def kept_facts(session: Session) -> Iterator[list[dict[str, Any]]]:
    """What requests for approval keep of their quotes, the facts of the policy's table by which they were decided.

    In batches, oldest first: of several for a quote the last one counts.
    """
    asked = select(col(RequestRow.content)).where(col(RequestRow.kind) == KIND)
    ordered = asked.order_by(col(RequestRow.created_at), col(RequestRow.id))
    found = session.execute(ordered, execution_options={"stream_results": True, "yield_per": BATCH})
    for contents in found.scalars().partitions():
        yield [parse(content) for content in contents]


def owner(session: Session) -> str:
    """The group that a policy means by the owner of a quote; empty where nobody is accountable."""
    return accountable_in(ownership.table(session), DOMAIN)


def payment_days(session: Session, quote: str) -> int:
    """The days to pay of the quote's contract; 30 where it has none."""
    found = session.execute(
        select(func.max(col(ContractTermRow.payment_days)))
        .join(ContractRow, col(ContractRow.id) == col(ContractTermRow.contract))
        .where(col(ContractRow.quote) == quote)
    ).scalar()
    return USUAL_PAYMENT_DAYS if found is None else int(found)


def title(quote: str) -> str:
    """What the request for the approval of a quote is called."""
    return f"Approval of quote {quote}"


def figures(quote: Quote) -> dict[str, Any]:
    """What is kept of a quote when it is approved: minor units, lines, the deepest discount in basis points."""
    return {
        "total_minor": quote.total_minor,
        "currency": quote.currency,
        "lines": len(quote.lines),
        "largest_discount_basis_points": deepest_discount(quote),
        "price_version": quote.price_version,
    }


def approvals(session: Session, quote: str) -> list[QuoteApprovalRow]:
    """What was approved of a quote, latest first."""
    rows = select(QuoteApprovalRow).where(col(QuoteApprovalRow.quote) == quote)
    return list(
        session.execute(rows.order_by(col(QuoteApprovalRow.decided_at).desc(), col(QuoteApprovalRow.id))).scalars()
    )
