"""Writing a new revision of a price change, in the same form in which it was proposed."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from api.parts import InstallationParts, Reading
from commands.changes import revise_change
from domain.change import TRANSITIONS, Step
from domain.errors import Conflict, Invalid, NotFound, Refused
from store import changes
from web.change_proposal import form_page, proposed
from web.handing_in import handed_in
from web.proposal_form import MOST_FIELDS, PriceForm, filled_in, fits_the_form
from web.rendering import see
from web.visitor import FormCall, Visiting

router = APIRouter(prefix="/changes/{change}/revise", form_limits={"max_fields": MOST_FIELDS})


@router.get("")
def page(request: Request, change: str, visitor: Visiting, session: Reading) -> Response:
    """The form with what the latest revision says. Raises Conflict("revise_over_the_api")."""
    row = changes.change(session, change)
    content = changes.content(session, change, row.revision)
    if not fits_the_form(content):
        raise Conflict("revise_over_the_api", "This change says more than this form can; revise it over the API.")
    return form_page(request, visitor, session, filled_in(change, row.version, content))


@router.post("")
def revise(
    request: Request,
    change: str,
    visitor: Visiting,
    installation: InstallationParts,
    session: Reading,
    call: FormCall,
    form: Annotated[PriceForm, Form()],
) -> Response:
    """Write the revision and, where it does not go on by itself, hand it in."""
    try:
        receipt = revise_change(installation.gateway, call, change, proposed(session, form), form.version)
    except (Invalid, NotFound, Conflict, Refused) as error:
        return form_page(request, visitor, session, form, problem=error)
    if form.then == "submit" and receipt.state in TRANSITIONS[Step.SUBMIT]:
        return handed_in(request, visitor, call, receipt)
    return see(f"/changes/{change}")
