"""Proposing a price change: find offerings, give new prices and costs, try it out, hand it in."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from sqlmodel import Session

from analysis.proposals import Proposal
from api.parts import InstallationParts, Reading
from commands.changes import create_change, note_dry_run
from domain.artifact import EVERYWHERE, Content, Entry
from domain.errors import Conflict, Invalid, MandateError, NotFound
from queries.dry_run import DryRun, dry_run
from store.directory import names
from web.handing_in import handed_in
from web.lookups import CATALOG, PRICING, latest_content, markets, offering_names, offerings_like
from web.proposal_form import MOST_FIELDS, PriceForm, cost_key, dearer, proposal_of
from web.rendering import render, see
from web.visitor import FormCall, Visiting, Visitor

MOST_NAMED = 4
router = APIRouter(prefix="/changes", form_limits={"max_fields": MOST_FIELDS})


@router.get("/new")
def page(
    request: Request, visitor: Visiting, session: Reading, q: str = "", offering: str = "", all: bool = False
) -> Response:
    """Find an offering, then the empty form for it, or for all that the price book has prices of."""
    if not offering and not all:
        return render(request, "find_offering.html", visitor=visitor, q=q, offerings=offerings_like(session, q))
    return form_page(request, visitor, session, PriceForm(offering=_priced(session) if all else [offering]))


@router.post("/edit")
def edit(request: Request, visitor: Visiting, session: Reading, form: Annotated[PriceForm, Form()]) -> Response:
    """The form with what was typed, and with other offerings or markets if asked for; nothing is written."""
    try:
        return form_page(request, visitor, session, _moved(session, form))
    except (NotFound, Invalid) as error:
        return form_page(request, visitor, session, form.model_copy(update={"add": "", "percent": ""}), problem=error)


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
        result = dry_run(
            installation.sources(session, visitor.now), visitor.actor, proposed(session, form), installation.wide
        )
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
        receipt = create_change(installation.gateway, call, proposed(session, form))
    except (Invalid, NotFound, Conflict) as error:
        return form_page(request, visitor, session, form, problem=error)
    if form.then == "submit":
        return handed_in(request, visitor, call, receipt)
    return see(f"/changes/{receipt.change}")


def proposed(session: Session, form: PriceForm) -> Proposal:
    """The form as a proposal on the latest price book. Raises Invalid."""
    return proposal_of(latest_content(session, PRICING), form)


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
    if unknown := [offering for offering in form.offering if offering not in known]:
        raise NotFound("unknown_offering", f"The catalog has no offering {unknown[0]!r}.")
    asked = {person for group in result.candidates.values() for person in group} if result else set()
    content, places = latest_content(session, PRICING), markets(session)
    return render(
        request,
        "propose.html",
        problem.http_status if problem else 200,
        visitor=visitor,
        form=form,
        known=known,
        titles=_titles([known[offering] for offering in form.offering]),
        places=places,
        tables={offering: _rows(content, form, offering, places) for offering in form.offering},
        models=_selling_models(session, form.offering),
        channels=sorted({entry["channel"] for entry in content.values() if entry["type"] == "price"} | {EVERYWHERE}),
        added={offering: _added(form, offering) for offering in form.offering},
        problem=problem,
        result=result,
        names=names(session, asked),
    )


def _titles(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= MOST_NAMED else f"{len(names)} offerings"


def _rows(
    content: Content, form: PriceForm, offering: str, places: Mapping[str, Mapping[str, str]]
) -> list[tuple[str, Entry]]:
    """Prices and costs of an offering by key; of other markets than the chosen ones only what was typed."""
    shown = (*(form.market or places), EVERYWHERE)
    found = {
        key: entry
        for key, entry in content.items()
        if entry.get("offering") == offering and entry["type"] in ("price", "cost")
    }
    for currency in sorted({place["currency"] for place in places.values()}):
        found.setdefault(cost_key(offering, currency), _no_cost(offering, currency))
    typed = {*form.prices, *form.take_out}
    rows = [(key, e) for key, e in found.items() if e.get("market", EVERYWHERE) in shown or key in typed]
    return sorted(rows, key=lambda row: (row[1]["type"] == "cost", row[0]))


def _added(form: PriceForm, offering: str) -> list[dict[str, str]]:
    """Prices of an offering that the book does not have yet, as typed, and a blank one."""
    blank = {"selling_model": "", "market": "", "channel": "", "currency": "", "unit_price": ""}
    return [*(row for row in form.added if row["offering"] == offering), blank]


def _no_cost(offering: str, currency: str) -> dict[str, Any]:
    return {"type": "cost", "offering": offering, "currency": currency, "unit_cost_micros": None}


def _selling_models(session: Session, offerings: Sequence[str]) -> dict[str, list[str]]:
    catalog = latest_content(session, CATALOG)
    return {e["id"]: list(e["selling_models"]) for e in catalog.values() if e.get("id") in offerings and "family" in e}


def _moved(session: Session, form: PriceForm) -> PriceForm:
    """The form with an offering more or less, or filled in by percent. Raises NotFound("unknown_offering"), Invalid."""
    shown = [offering for offering in form.offering if offering != form.leave]
    if wanted := form.add.strip():
        known = offering_names(session)
        found = wanted if wanted in known else next((key for key, name in known.items() if name == wanted), None)
        if found is None:
            raise NotFound("unknown_offering", f"The catalog has no offering {wanted!r}.")
        shown = list(dict.fromkeys([*shown, found]))
    moved = form.model_copy(update={"offering": shown, "add": "", "leave": ""})
    return dearer(moved, _shown(session, moved)) if moved.percent.strip() else moved


def _shown(session: Session, form: PriceForm) -> dict[str, Entry]:
    """Everything that the form has a row for, by key."""
    content, places = latest_content(session, PRICING), markets(session)
    return {key: entry for offering in form.offering for key, entry in _rows(content, form, offering, places)}


def _priced(session: Session) -> list[str]:
    """The offerings of the catalog that have a list price, by name."""
    priced = {entry["offering"] for entry in latest_content(session, PRICING).values() if entry["type"] == "price"}
    return sorted(priced & set(offering_names(session)), key=offering_names(session).__getitem__)
