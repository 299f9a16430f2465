"""A quote with its lines and the versions that it is pinned to."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from api.parts import Reading
from domain.errors import NotFound
from store import quotes
from web.lookups import CATALOG, PRICING, offering_names
from web.rendering import render
from web.visitor import Visiting

router = APIRouter(prefix="/quotes")


@router.get("/{quote}")
def page(request: Request, quote: Annotated[str, Path(max_length=60)], visitor: Visiting, session: Reading) -> Response:
    """One quote."""
    found = quotes.quote(session, quote)
    if found is None:
        raise NotFound("unknown_quote", f"There is no quote {quote!r}.")
    pinned = ((CATALOG, found.catalog_version), (PRICING, found.price_version))
    return render(request, "quote.html", visitor=visitor, quote=found, pinned=pinned, offerings=offering_names(session))
