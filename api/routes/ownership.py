"""Who owns what: for a kind of change, and as a whole (chapter 2)."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.parts import Asking, Reading
from queries.ownership import OwnershipAnswer, OwnershipTable, ownership_answer, ownership_table

router = APIRouter(prefix="/api/ownership", tags=["ownership"])


@router.get("")
def of_kind(_asking: Asking, session: Reading, kind: Annotated[str, Query(max_length=60)]) -> OwnershipAnswer:
    """Who owns this kind of change, who must be asked, who is told."""
    return ownership_answer(session, kind)


@router.get("/table")
def table(_asking: Asking, session: Reading) -> OwnershipTable:
    """Every domain with its groups, the RACI table, and the answer for every kind."""
    return ownership_table(session)
