"""The page of a change: what it does and is worth, who decided and who is missing, what comes next, what happened."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session

from activities.house import change_workflow_id
from api.parts import InstallationParts, Reading
from domain.change import TRANSITIONS, ChangeState, Step
from domain.errors import MandateError
from domain.model import Model
from domain.party import Actor
from queries.changes import ChangeView, change_view, evidence_list, timeline
from queries.lifecycle import lifecycle_of
from store import changes
from store.directory import names
from web.change_revision import fits_the_form
from web.lookups import offering_names
from web.rendering import render
from web.stepper import steps
from web.visitor import Visiting, Visitor

router = APIRouter(prefix="/changes/{change}")
FIRST, PAGE = 8, 50
MOVING = {"submitted", "assessing", "simulating", "approved", "releasing", "rolling_back"}
"""States in which the platform is at work, so that a page soon is out of date."""


class Doable(Model):
    """What this visitor can do now; `why_not` says why somebody asked to decide may not."""

    decide: bool
    why_not: str
    submit: bool
    revise: bool
    withdraw: bool
    roll_back: bool
    retry: bool


@router.get("")
def page(request: Request, change: str, visitor: Visiting, session: Reading) -> Response:
    """Everything about one change."""
    return change_page(request, visitor, session, change)


@router.get("/progress")
def progress(
    request: Request, change: str, visitor: Visiting, session: Reading, version: int, quiet: bool = False
) -> Response:
    """The state of a change, fetched again every few seconds; a page that nobody types on is told to reload."""
    standing = lifecycle_of(session, change, visitor.now)
    if standing.version != version and not quiet:
        return Response(status_code=200, headers={"HX-Refresh": "true"})
    view = change_view(session, change, visitor.now)
    return render(request, "progress.html", **progress_context(visitor, view), version=version, quiet=quiet)


@router.get("/quotes")
def quotes_page(
    request: Request,
    change: str,
    visitor: Visiting,
    installation: InstallationParts,
    session: Reading,
    start: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """Every affected quote, old against new where the simulation has run."""
    view = change_view(session, change, visitor.now)
    effects = evidence_list(session, installation.files, change, changes.SIMULATION)
    ids = [] if effects else evidence_list(session, installation.files, change, changes.IMPACT)
    return render(
        request,
        "change_quotes.html",
        visitor=visitor,
        view=view,
        effects=effects[start : start + PAGE],
        ids=ids[start : start + PAGE],
        total=len(effects or ids),
        start=start,
        page=PAGE,
    )


def change_page(
    request: Request,
    visitor: Visitor,
    session: Session,
    change: str,
    problem: MandateError | None = None,
    kept: Mapping[str, str] | None = None,
) -> Response:
    """The page, read in one transaction. After a refusal it says why and keeps what was typed: `comment`, `reason`."""
    view = change_view(session, change, visitor.now)
    records = timeline(session, change)
    people = {record.person or record.actor for record in records} | set(_persons(view))
    doable = can(visitor.actor, view)
    return render(
        request,
        "change.html",
        problem.http_status if problem else 200,
        **progress_context(visitor, view),
        version=view.summary.version,
        quiet=doable.decide or problem is not None,
        doable=doable,
        problem=problem,
        kept={"comment": "", "reason": "", **(kept or {})},
        records=records,
        names=names(session, people),
        offerings=offering_names(session),
        expected=view.content.effective.instants(changes.zones(session, view.content.scope.markets)),
        first_quotes=evidence_list(session, visitor.parts.files, change, changes.IMPACT)[:FIRST],
        temporal_url=_temporal_url(visitor, change),
    )


def progress_context(visitor: Visitor, view: ChangeView) -> dict[str, Any]:
    """What the progress part of the page needs."""
    return {"visitor": visitor, "view": view, "steps": steps(view), "moving": view.summary.state in MOVING}


def can(actor: Actor, view: ChangeView) -> Doable:
    """What an actor can do on a change now; the commands check again."""
    state = ChangeState(view.summary.state)
    stage = view.standing.open_stage if state is ChangeState.AWAITING_APPROVAL else None
    decides = stage is not None and any(actor.person in slot.candidates for slot in stage.slots)
    mine = actor.party == view.summary.requester or view.summary.owner_group in actor.groups
    return Doable(
        decide=decides,
        why_not="" if decides or stage is None else _why_not(actor, view),
        submit=mine and state in TRANSITIONS[Step.SUBMIT],
        revise=mine and state in TRANSITIONS[Step.REVISE] and fits_the_form(view.content),
        withdraw=mine and state in TRANSITIONS[Step.WITHDRAW],
        roll_back=mine and actor.person is not None and state in TRANSITIONS[Step.ROLL_BACK],
        retry=actor.person is not None and any(case.closed_at is None for case in view.cases),
    )


def _why_not(actor: Actor, view: ChangeView) -> str:
    if actor.person is None:
        return "You are signed in as a machine account; machines read and propose, they never decide."
    if actor.person == view.summary.requester:
        return "You requested this change, so others decide on it."
    if actor.person == view.author:
        return "You wrote a part of this change, so others decide on it."
    if any(d.person == actor.person and d.counts for d in view.decisions):
        return "You have decided on this revision already."
    return "This stage is decided by others; see below who can."


def _persons(view: ChangeView) -> set[str]:
    found = {view.summary.requester, view.author, *view.names}
    return found | {person for s in view.standing.stages for slot in s.slots for person in slot.candidates}


def _temporal_url(visitor: Visitor, change: str) -> str:
    workflow = change_workflow_id(change).replace("/", "%2F")
    return f"{visitor.parts.settings.temporal_ui_url}/namespaces/{visitor.parts.namespace}/workflows/{workflow}"
