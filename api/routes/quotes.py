"""Quotes: read them; in development, seed them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from api.development import loopback_only
from api.parts import Asking, InstallationParts, Limit, Reading, Writing
from commands.quotes import Seeded, seed_quotes
from domain.errors import NotFound
from domain.model import Model
from domain.quote import Quote
from store import quotes

router = APIRouter(prefix="/api", tags=["quotes"])


class QuotePage(Model):
    """A page of quotes by id and the cursor of the next one."""

    items: list[Quote]
    next: str | None


class Seed(Model):
    """Which quotes of which seed to write."""

    seed: Annotated[int, Field(ge=0, le=10**9)]
    first: Annotated[int, Field(ge=0)]
    count: Annotated[int, Field(ge=1, le=5_000)]


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


@router.post("/development/quotes", status_code=201)
def seed(request: Request, installation: InstallationParts, call: Writing, body: Seed) -> Seeded:
    """Write open quotes of a seed, priced by the live versions; development mode only."""
    loopback_only(request, installation)
    return seed_quotes(installation.gateway, call, body.seed, body.first, body.count, installation.development)
