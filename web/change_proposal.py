"""Proposing a price change: find an offering, give new prices, try it out, hand it in."""

from collections.abc import Mapping
from datetime import date as LocalDate
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request, Response
from pydantic import Field, ValidationError
from sqlmodel import Session

from analysis.proposals import Proposal, ProposedPart
from api.parts import InstallationParts, Reading
from commands.changes import create_change, note_dry_run, submit_change
from domain.change import Effective, Monitoring
from domain.errors import Conflict, Invalid, MandateError, NotFound
from domain.kinds.kind import first_error
from queries.dry_run import DryRun, dry_run
from store.directory import names
from web.lookups import PRICING, latest_content, offering_names, offerings_like
from web.present import DAY
from web.rendering import render, see
from web.visitor import FormCall, PageForm, Visiting, Visitor

router = APIRouter(prefix="/changes")
Text = Annotated[str, Field(max_length=8000)]


class PriceForm(PageForm):
    """The form as it was filled in: one new price (blank: unchanged) for each entry, in the same order."""

    offering: Text
    entry: list[Text] = []
    unit_price: list[Text] = []
    title: Text = ""
    objective: Text = ""
    effective_date: Text = ""
    monitoring_days: Text = "1"
    monitoring: Text = Monitoring().requirement
    then: Literal["draft", "submit", "try"] = "draft"
    change: Text = ""
    """The change that this is a new revision of; empty for a new change."""
    version: int = 0

    @property
    def prices(self) -> Mapping[str, str]:
        return {
            entry: price.strip() for entry, price in zip(self.entry, self.unit_price, strict=False) if price.strip()
        }


@router.get("/new")
def page(request: Request, visitor: Visiting, session: Reading, q: str = "", offering: str = "") -> Response:
    """Find an offering, then the empty form for it."""
    if not offering:
        return render(request, "find_offering.html", visitor=visitor, q=q, offerings=offerings_like(session, q))
    return form_page(request, visitor, session, PriceForm(csrf="", key="", offering=offering))


@router.post("/try")
def try_out(
    request: Request,
    visitor: Visiting,
    installation: InstallationParts,
    session: Reading,
    call: FormCall,
    form: Annotated[PriceForm, Form()],
) -> Response:
    """What would happen; nothing is recorded but the fact of the dry run."""
    try:
        result = dry_run(session, visitor.now, installation.files, visitor.actor, proposal_of(session, form))
    except (Invalid, NotFound, Conflict) as error:
        return form_page(request, visitor, session, form, problem=error)
    note_dry_run(installation.gateway, call, "pricing", result.tier)
    return form_page(request, visitor, session, form, result=result)


@router.post("/new")
def create(
    request: Request,
    visitor: Visiting,
    installation: InstallationParts,
    session: Reading,
    call: FormCall,
    form: Annotated[PriceForm, Form()],
) -> Response:
    """Write the draft and, if asked for, hand it in."""
    try:
        receipt = create_change(installation.gateway, call, proposal_of(session, form))
        if form.then == "submit":
            submit_change(installation.gateway, call, receipt.change, receipt.version)
    except (Invalid, NotFound, Conflict) as error:
        return form_page(request, visitor, session, form, problem=error)
    return see(f"/changes/{receipt.change}")


def form_page(
    request: Request,
    visitor: Visitor,
    session: Session,
    form: PriceForm,
    problem: MandateError | None = None,
    result: DryRun | None = None,
) -> Response:
    """The form with what was filled in, and what was wrong or what would happen."""
    known = offering_names(session)
    if form.offering not in known:
        raise NotFound("unknown_offering", f"The catalog has no offering {form.offering!r}.")
    asked = {person for group in result.candidates.values() for person in group} if result else set()
    return render(
        request,
        "propose.html",
        problem.http_status if problem else 200,
        visitor=visitor,
        form=form,
        name=known[form.offering],
        prices=_prices(session, form.offering),
        problem=problem,
        result=result,
        known=known,
        names=names(session, asked),
    )


def _prices(session: Session, offering: str) -> list[tuple[str, Mapping[str, Any]]]:
    """The list prices of an offering as they are now, by entry id."""
    content = latest_content(session, PRICING)
    return sorted((k, e) for k, e in content.items() if e["type"] == "price" and e["offering"] == offering)


def proposal_of(session: Session, form: PriceForm) -> Proposal:
    """The form as a proposal. Raises Invalid("no_new_price", "bad_form")."""
    if not form.prices:
        raise Invalid("no_new_price", "Give at least one new price.")
    try:
        return Proposal(
            kind="pricing",
            title=form.title.strip(),
            objective=form.objective.strip(),
            parts=[ProposedPart(artifact=PRICING, edits=_edits(session, form))],
            effective=Effective(date=LocalDate.fromisoformat(form.effective_date) if form.effective_date else None),
            monitoring=Monitoring(seconds=int(form.monitoring_days) * DAY, requirement=form.monitoring),
        )
    except ValidationError as error:
        raise Invalid("bad_form", first_error(error)) from None
    except ValueError:
        raise Invalid("bad_form", "Give the date as a day and the monitoring in whole days.") from None


def _edits(session: Session, form: PriceForm) -> list[dict[str, Any]]:
    found = dict(_prices(session, form.offering))
    if unknown := sorted(set(form.prices) - set(found)):
        raise Invalid("unknown_price", f"The price book has no price {unknown[0]} of {form.offering} any more.")
    fields = ("offering", "selling_model", "market", "channel", "currency")
    return [
        {"edit": "set_price", **{name: found[entry][name] for name in fields}, "unit_price": price}
        for entry, price in form.prices.items()
    ]
