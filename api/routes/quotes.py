"""Quotes: read them, submit them for approval; in development, seed them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field, StrictInt

from api.development import loopback_only
from api.parts import Asking, InstallationParts, Limit, Reading, Whole, Writing
from commands.quote_approvals import submit_quote
from commands.quotes import Batch, begin_seed, publish_seed, seed_chunk
from commands.requests import RequestReceipt
from domain.errors import NotFound
from domain.model import Model
from domain.quote import Quote, QuoteTerms
from queries.quote_approvals import QuoteApprovals, quote_approvals_of
from store import quotes

router = APIRouter(prefix="/api", tags=["quotes"])


class QuotePage(Model):
    """A page of quotes by id and the cursor of the next one."""

    items: list[Quote]
    next: str | None


class Seed(Model):
    """How many quotes of which seed to write."""

    seed: Annotated[StrictInt, Field(ge=0, le=10**9)]
    count: Annotated[StrictInt, Field(ge=1, le=10**8)]


class Chunk(Model):
    """The number of the first quote of a chunk: a multiple of 5,000."""

    first: Annotated[StrictInt, Field(ge=0, le=10**8)]


@router.get("/quotes")
def list_quotes(
    _asking: Asking,
    session: Reading,
    limit: Limit = 50,
    cursor: Annotated[str, Query(max_length=60)] = "",
    status: str | None = None,
    market: str | None = None,
) -> QuotePage:
    """Open quotes by id."""
    found = quotes.page(session, status, market, cursor, limit)
    return QuotePage(items=found, next=found[-1].id if len(found) == limit else None)


@router.get("/quotes/{quote}")
def read_quote(quote: Annotated[str, Path(max_length=60)], _asking: Asking, session: Reading) -> Quote:
    """A quote with its lines and the versions that it is pinned to."""
    found = quotes.quote(session, quote)
    if found is None:
        raise NotFound("unknown_quote", f"There is no quote {quote!r}.")
    return found


@router.post("/quotes/{quote}/approval", status_code=201)
def submit(
    quote: Annotated[str, Path(max_length=60)], installation: InstallationParts, call: Writing, terms: QuoteTerms
) -> RequestReceipt:
    """Ask for the approval of a draft quote; the approval policy in force says who has to agree."""
    return submit_quote(installation.gateway, call, quote, terms)


@router.get("/quotes/{quote}/approvals")
def read_approvals(quote: Annotated[str, Path(max_length=60)], _asking: Asking, session: Reading) -> QuoteApprovals:
    """What was asked and approved of a quote, and whether it still has the figures that were approved."""
    return quote_approvals_of(session, quote)


@router.post("/development/seeds", status_code=201)
def begin(request: Request, installation: InstallationParts, call: Writing, body: Seed) -> Batch:
    """Begin to write open quotes of a seed, or go on where it ended; development mode only."""
    loopback_only(request, installation)
    return begin_seed(installation.gateway, call, body.seed, body.count, installation.development)


@router.post("/development/seeds/{seed}/chunks", status_code=201)
def write_chunk(request: Request, installation: InstallationParts, call: Writing, seed: Whole, body: Chunk) -> Batch:
    """Write the next quotes of a seed, priced by the versions that it began with. Nobody sees them yet."""
    loopback_only(request, installation)
    return seed_chunk(installation.gateway, call, seed, body.first, installation.development)


@router.post("/development/seeds/{seed}/publish")
def publish(request: Request, installation: InstallationParts, call: Writing, seed: Whole) -> Batch:
    """Let all quotes of a seed count from now on, at once."""
    loopback_only(request, installation)
    return publish_seed(installation.gateway, call, seed, installation.development)
