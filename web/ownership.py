"""The page of ownership: domains with their groups, the RACI table, and what each kind of change asks (chapter 2)."""

from fastapi import APIRouter, Request, Response

from api.parts import Reading
from domain.ownership import Duty
from queries.ownership import ownership_table
from web.rendering import render
from web.visitor import Visiting

router = APIRouter(prefix="/ownership")


@router.get("")
def page(request: Request, visitor: Visiting, session: Reading) -> Response:
    """Who owns what."""
    duties = {duty.value: duty.name.lower() for duty in Duty}
    return render(request, "ownership.html", visitor=visitor, table=ownership_table(session), duties=duties)
