"""Where offerings and entries are used in open business: what changing them would move, before a change (R-5.1)."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.parts import Asking, InstallationParts, Now, Reading
from queries.where_used import WhereUsed, where_entry_used, where_used

router = APIRouter(prefix="/api/where-used", tags=["impact"])
Word = Annotated[str, Query(min_length=1, max_length=120)]
Offerings = Annotated[list[Word], Query(alias="offering", min_length=1, max_length=200)]
Places = Annotated[list[Word] | None, Query(max_length=50)]


@router.get("")
def read(
    offerings: Offerings,
    installation: InstallationParts,
    _asking: Asking,
    session: Reading,
    now: Now,
    market: Places = None,
    channel: Places = None,
) -> WhereUsed:
    """Open quotes, orders, assets and renewals with lines of these offerings; in these markets and channels, or all."""
    return where_used(installation.sources(session, now), offerings, market or (), channel or ())


@router.get("/entry")
def read_entry(
    artifact: Word,
    entry: Annotated[str, Query(min_length=1, max_length=400)],
    installation: InstallationParts,
    _asking: Asking,
    session: Reading,
    now: Now,
) -> WhereUsed:
    """Open documents that an entry of an artifact is about: a price, promotion, clause, route, task or policy row."""
    return where_entry_used(installation.sources(session, now), artifact, entry)
