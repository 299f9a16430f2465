"""Writing a new revision of a price change, in the same form in which it was proposed."""

from datetime import time as LocalTime
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from api.parts import InstallationParts, Reading
from commands.changes import revise_change, submit_change
from domain.change import MARKET_ZONE, TRANSITIONS, ChangeContent, Step
from domain.errors import Conflict, Invalid, NotFound, Refused
from store import changes
from web.change_proposal import PriceForm, form_page, proposal_of
from web.lookups import PRICING
from web.present import DAY, plain_price
from web.rendering import see
from web.visitor import FormCall, Visiting

router = APIRouter(prefix="/changes/{change}/revise")


@router.get("")
def page(request: Request, change: str, visitor: Visiting, session: Reading) -> Response:
    """The form with what the latest revision says. Raises Conflict("revise_over_the_api")."""
    row = changes.change(session, change)
    content = changes.revision_content(changes.revision(session, change, row.revision))
    if not fits_the_form(content):
        raise Conflict(
            "revise_over_the_api", "This change is more than prices of one offering; revise it over the API."
        )
    return form_page(request, visitor, session, _filled_in(change, row.version, content))


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
        receipt = revise_change(installation.gateway, call, change, proposal_of(session, form), form.version)
        if form.then == "submit" and receipt.state in TRANSITIONS[Step.SUBMIT]:
            submit_change(installation.gateway, call, change, receipt.version)
    except (Invalid, NotFound, Conflict, Refused) as error:
        return form_page(request, visitor, session, form, problem=error)
    return see(f"/changes/{change}")


def fits_the_form(content: ChangeContent) -> bool:
    """Whether a change is new prices of one offering at midnight of each market: all that the form can say."""
    entries = [(op.before, op.after) for part in content.parts for op in part.operations]
    prices = all(old and new and new["type"] == "price" for old, new in entries)
    one = len({new["offering"] for _, new in entries if new}) == 1
    plain = content.effective.time == LocalTime(0) and content.effective.zone == MARKET_ZONE
    return prices and one and plain and [part.artifact for part in content.parts] == [PRICING]


def _filled_in(change: str, version: int, content: ChangeContent) -> PriceForm:
    new = [(op.entry, op.after) for op in content.parts[0].operations if op.after]
    return PriceForm(
        csrf="",
        key="",
        change=change,
        version=version,
        offering=new[0][1]["offering"],
        entry=[entry for entry, _ in new],
        unit_price=[plain_price(price["unit_price_micros"], price["currency"]) for _, price in new],
        title=content.title,
        objective=content.objective,
        effective_date=content.effective.date.isoformat() if content.effective.date else "",
        monitoring_days=str(content.monitoring.seconds // DAY),
        monitoring=content.monitoring.requirement,
    )
