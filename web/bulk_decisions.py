"""Approving several small things at once from the inbox; each is checked and told of by itself (R-7.10)."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from pydantic import Field, ValidationError

from api.parts import InstallationParts
from api.routes.approvals import MOST, BulkItem, decide_many
from commands.approvals import Ballot
from domain.approval import Choice
from domain.errors import Invalid
from web.rendering import render
from web.visitor import FormCall, PageForm, Visiting, typed_number

router = APIRouter(prefix="/decisions")
BETWEEN = "|"


class BulkForm(PageForm):
    """What was ticked: subject, revision and the digest of what was asked when the inbox was shown."""

    pick: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=MOST)] = []


@router.post("")
def approve_ticked(
    request: Request,
    visitor: Visiting,
    installation: InstallationParts,
    call: FormCall,
    form: Annotated[BulkForm, Form()],
) -> Response:
    """Approve what was ticked, and say of each what became of it."""
    if not form.pick:
        raise Invalid("nothing_ticked", "Tick what you want to approve first.")
    outcomes = decide_many(installation, call, [_item(picked) for picked in form.pick])
    return render(request, "bulk_decisions.html", visitor=visitor, outcomes=outcomes)


def _item(picked: str) -> BulkItem:
    """A tick as a ballot. Raises Invalid("bad_form")."""
    subject, _, rest = picked.partition(BETWEEN)
    revision, _, seen = rest.partition(BETWEEN)
    try:
        ballot = Ballot.model_validate({"choice": Choice.APPROVE, "revision": typed_number(revision), "seen": seen})
        return BulkItem(subject=subject, ballot=ballot)
    except ValidationError:
        raise Invalid("bad_form", "This list is not one of ours; open the inbox again.") from None
