"""The page of an approval policy: read it, edit it as tables, see what is found beside the cells, propose it."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from sqlmodel import Session

from analysis.proposals import Proposal, ProposedPart
from api.parts import Counted, InstallationParts, Reading
from commands.changes import create_change
from commands.policies import FindingAnswer, PolicyFinding, answer_finding, note_examination, record_finding
from domain.errors import Conflict, Invalid, MandateError, NotFound
from policies.facts import Fact, facts_of
from queries.artifacts import rules
from queries.policies import KIND, Draft, PolicyView, difference, edits_to, examine, policy_view
from store.policies import findings_open
from web.handing_in import handed_in
from web.policy_form import TABLES, PolicyForm, columns_shown, document_of_form, form_of, rows_of
from web.rendering import render, see
from web.visitor import FormCall, PageForm, Visiting, Visitor

router = APIRouter(prefix="/policies/{kind}/{name}")
TITLES = {
    "tier": "Which tier a change has",
    "stages": "Which stages a tier needs",
    "quote": "Which stages a quote needs",
    "request": "Who agrees to a request that is no change",
}


@router.get("")
def page(
    request: Request,
    kind: str,
    name: str,
    visitor: Visiting,
    session: Reading,
    old: Counted | None = None,
    new: Counted | None = None,
    column: Annotated[list[str] | None, Query()] = None,
) -> Response:
    """The live version in the form, with what is found in it, its scenarios, and two versions compared."""
    artifact = f"{kind}/{name}"
    view = policy_view(session, artifact, None)
    later = new or view.summary.version
    earlier = old or max(later - 1, 1)
    return _show(
        request,
        visitor,
        session,
        view,
        form_of(view.document, column or ()),
        compared=(earlier, later, difference(session, artifact, earlier, later)),
    )


@router.post("/examination")
def examined(
    request: Request,
    kind: str,
    name: str,
    visitor: Visiting,
    installation: InstallationParts,
    session: Reading,
    call: FormCall,
    form: Annotated[PolicyForm, Form()],
) -> Response:
    """What is found in what was typed; only the fact is recorded."""
    artifact = f"{kind}/{name}"
    view = policy_view(session, artifact, None)
    try:
        draft = examine(session, artifact, document_of_form(form))
    except Invalid as error:
        return _show(request, visitor, session, view, form, problem=error)
    note_examination(installation.gateway, call, artifact, draft.refused)
    return _show(request, visitor, session, view, form, draft=draft)


@router.post("/changes")
def propose(
    request: Request,
    kind: str,
    name: str,
    visitor: Visiting,
    installation: InstallationParts,
    session: Reading,
    call: FormCall,
    form: Annotated[PolicyForm, Form()],
) -> Response:
    """Propose what was typed as the next version: a change like any other, handed in at once."""
    artifact = f"{kind}/{name}"
    try:
        part = ProposedPart(artifact=artifact, edits=edits_to(session, artifact, document_of_form(form)))
        proposal = Proposal(kind=KIND, title=form.title.strip(), objective=form.objective.strip(), parts=[part])
        receipt = create_change(installation.gateway, call, proposal)
    except (Invalid, NotFound, Conflict) as error:
        return _show(request, visitor, session, policy_view(session, artifact, None), form, problem=error)
    return handed_in(request, visitor, call, receipt)


class FindingForm(PageForm):
    """An audit finding as it is typed."""

    code: str
    text: str


@router.post("/findings")
def found(
    kind: str, name: str, installation: InstallationParts, call: FormCall, form: Annotated[FindingForm, Form()]
) -> Response:
    """Record an audit finding against the policy."""
    finding = PolicyFinding.model_validate({"code": form.code, "text": form.text})
    record_finding(installation.gateway, call, f"{kind}/{name}", finding)
    return see(f"/policies/{kind}/{name}#findings")


class AnswerForm(PageForm):
    """The answer to a finding."""

    finding: str
    text: str


@router.post("/answers")
def answered(
    kind: str, name: str, installation: InstallationParts, call: FormCall, form: Annotated[AnswerForm, Form()]
) -> Response:
    """Answer an audit finding."""
    answer = FindingAnswer.model_validate({"text": form.text})
    answer_finding(installation.gateway, call, f"{kind}/{name}", form.finding, answer)
    return see(f"/policies/{kind}/{name}#findings")


def _show(
    request: Request,
    visitor: Visitor,
    session: Session,
    view: PolicyView,
    form: PolicyForm,
    *,
    problem: MandateError | None = None,
    draft: Draft | None = None,
    compared: tuple[int, int, Any] | None = None,
) -> Response:
    unreadable: Mapping[str, Any] = {**problem.facts} if problem else (draft.unreadable or {} if draft else {})
    judged: PolicyView | Draft = draft or view
    return render(
        request,
        "policy.html",
        problem.http_status if problem else 200,
        visitor=visitor,
        view=view,
        form=form,
        rows=list(rows_of(form)),
        tables={table: (TITLES[table], _facts(form, table)) for table in TABLES},
        more={table: [fact for fact in facts_of(table) if fact not in _facts(form, table)] for table in TABLES},
        judged=judged,
        unreadable=unreadable,
        problem=problem,
        draft=draft,
        compared=compared,
        audit=findings_open(session, view.summary.artifact),
        answers={one.rule: one for one in rules(session, view.summary.artifact, visitor.now)},
    )


def _facts(form: PolicyForm, table: str) -> list[Fact]:
    shown = columns_shown(form, table)
    return [fact for fact in facts_of(table) if fact.name in shown]
