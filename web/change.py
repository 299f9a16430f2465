"""The page of a change: what it does and is worth, who decided and who is missing, what comes next, what happened."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from activities.house import change_workflow_id
from api.parts import InstallationParts, Reading, Whole
from commands.emergency import HELD_BACK
from commands.residual_risk import STATABLE
from domain.change import TRANSITIONS, ChangeState, Step
from domain.errors import MandateError
from domain.model import Model
from domain.party import Actor
from queries.changes import ChangeView, change_view, evidence_list, simulated_cases, timeline
from store import changes
from store.directory import names
from store.lifecycle import lifecycle_of
from web.approval_parts import NOTHING_TYPED, board_of, talk_of
from web.lookups import offering_names
from web.proposal_form import fits_the_form
from web.rendering import render
from web.step_up import proven
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
    give_up: bool
    retry: bool
    state_risk: bool
    break_glass: bool


@router.get("")
def page(request: Request, change: str, visitor: Visiting, session: Reading) -> Response:
    """Everything about one change."""
    return change_page(request, visitor, session, change)


@router.get("/progress")
def progress(
    request: Request, change: str, visitor: Visiting, session: Reading, version: Whole, quiet: bool = False
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
    start: Whole = 0,
) -> Response:
    """Every affected quote, old against new where the simulation has run."""
    view = change_view(session, change, visitor.now)
    effects, total = simulated_cases(session, installation.files, change, start, PAGE)
    ids = [] if total else evidence_list(session, installation.files, change, changes.IMPACT)
    return render(
        request,
        "change_quotes.html",
        visitor=visitor,
        view=view,
        effects=effects,
        ids=ids[start : start + PAGE],
        total=total or len(ids),
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
    saved: bool = False,
) -> Response:
    """The page, read in one transaction.

    After a refusal it says why and keeps what was typed; NOTHING_TYPED names what that can be. saved: what was typed is
    this change now, and only handing it in was refused.
    """
    view = change_view(session, change, visitor.now, visitor.actor.person)
    records = timeline(session, change)
    sitting = board_of(session, visitor.actor, view)
    people = {record.person or record.actor for record in records} | _persons(view) | set(sitting.members)
    doable = can(visitor.actor, view)
    return render(
        request,
        "change.html",
        problem.http_status if problem else 200,
        **progress_context(visitor, view),
        version=view.summary.version,
        quiet=doable.decide or problem is not None,
        doable=doable,
        proven=doable.decide and proven(session, visitor, change, view.summary.revision),
        problem=problem,
        saved=saved,
        kept={**NOTHING_TYPED, **(kept or {})},
        talk=talk_of(visitor.actor, view),
        sitting=sitting,
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
    owner = view.summary.owner_group in actor.groups
    mine = owner or actor.party == view.summary.requester
    waits = any(case.closed_at is None for case in view.cases)
    return Doable(
        decide=view.asked and view.yours.stage is not None,
        why_not=view.yours.why_not if state is ChangeState.AWAITING_APPROVAL else "",
        submit=mine and state in TRANSITIONS[Step.SUBMIT],
        revise=mine and state in TRANSITIONS[Step.REVISE] and fits_the_form(view.content),
        withdraw=mine and state in TRANSITIONS[Step.WITHDRAW],
        roll_back=mine and actor.person is not None and state in TRANSITIONS[Step.ROLL_BACK],
        give_up=mine and actor.person is not None and waits and state in TRANSITIONS[Step.GIVE_UP],
        retry=actor.person is not None and waits,
        state_risk=actor.person is not None and owner and state in STATABLE,
        break_glass=owner and view.content.emergency and state in HELD_BACK,
    )


def _persons(view: ChangeView) -> set[str]:
    found = {view.summary.requester, view.author, *view.names}
    found |= {person for record in view.board for person in (record.recorded_by, *record.present)}
    return found | {person for s in view.standing.stages for slot in s.slots for person in slot.candidates}


def _temporal_url(visitor: Visitor, change: str) -> str:
    workflow = change_workflow_id(change).replace("/", "%2F")
    return f"{visitor.parts.settings.temporal_ui_url}/namespaces/{visitor.parts.namespace}/workflows/{workflow}"
