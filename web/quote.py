"""A quote with its lines and the versions that it is pinned to, and its approval (R-7.11)."""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request, Response
from pydantic import Field
from sqlmodel import Session

from api.parts import InstallationParts, Reading
from commands.quote_approvals import submit_quote
from domain.errors import Conflict, Invalid, MandateError, NotFound, Refused
from domain.quote import QuoteTerms
from queries.quote_approvals import quote_approvals_of
from store import quotes
from web.correction import corrections_of
from web.lookups import CATALOG, PRICING, offering_names
from web.rendering import render, see
from web.visitor import FormCall, PageForm, Visiting, Visitor, as_typed, typed_number

router = APIRouter(prefix="/quotes")
QuoteId = Annotated[str, Path(max_length=60)]
Text = Annotated[str, Field(max_length=20)]


class TermsForm(PageForm):
    """The terms as they were typed; no days: those of the contract, or the usual ones."""

    payment_days: Text = ""
    other_clauses: Text = ""
    regions: Text = "1"

    def terms(self) -> QuoteTerms:
        """Raises Invalid("bad_form")."""
        with as_typed():
            return QuoteTerms.model_validate(
                {
                    "payment_days": typed_number(self.payment_days) if self.payment_days.strip() else None,
                    "standard_clauses": not self.other_clauses,
                    "regions": typed_number(self.regions) if self.regions.strip() else 1,
                }
            )


EMPTY = TermsForm(csrf="", key="")


@router.get("/{quote}")
def page(request: Request, quote: QuoteId, visitor: Visiting, session: Reading) -> Response:
    """One quote."""
    return _page(request, quote, visitor, session, EMPTY)


@router.post("/{quote}/approval")
def submit(
    request: Request,
    quote: QuoteId,
    installation: InstallationParts,
    visitor: Visiting,
    session: Reading,
    call: FormCall,
    form: Annotated[TermsForm, Form()],
) -> Response:
    """Ask for the approval of a draft."""
    try:
        asked = submit_quote(installation.gateway, call, quote, form.terms())
    except (Conflict, Refused, Invalid) as error:
        return _page(request, quote, visitor, session, form, error)
    return see(f"/requests/{asked.request}")


def _page(
    request: Request,
    quote: str,
    visitor: Visitor,
    session: Session,
    form: TermsForm,
    problem: MandateError | None = None,
) -> Response:
    """The page; after a refusal it says why and keeps what was typed."""
    found = quotes.quote(session, quote)
    if found is None:
        raise NotFound("unknown_quote", f"There is no quote {quote!r}.")
    return render(
        request,
        "quote.html",
        problem.http_status if problem else 200,
        visitor=visitor,
        quote=found,
        pinned=[
            (artifact, version)
            for artifact, version in ((CATALOG, found.catalog_version), (PRICING, found.price_version))
            if version is not None
        ],
        offerings=offering_names(session),
        approval=quote_approvals_of(session, quote),
        form=form,
        problem=problem,
        **corrections_of(session, found),
    )
