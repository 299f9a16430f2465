"""Approval policies: read, compare, examine a draft, propose a new version as a change (chapter 8)."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Response
from pydantic import Field
from sqlmodel import Session

from analysis.proposals import Proposal, ProposedPart
from api.parts import Asking, Counted, InstallationParts, Reading, Writing
from commands import changes
from commands.changes import Receipt
from commands.policies import (
    FindingAnswer,
    PolicyFinding,
    answer_finding,
    move_to_policy,
    note_examination,
    record_finding,
)
from domain.change import Effective, Planned
from domain.model import Model
from policies.difference import CellDifference
from queries import policies as reading
from queries.policies import Draft, PolicySummary, PolicyView

router = APIRouter(prefix="/api/policies", tags=["policies"])
Document = Annotated[dict[str, Any], Field(description="The policy as `mandate policy export` writes it.")]


class DraftedPolicy(Model):
    """A draft of a policy."""

    document: Document


class PolicyProposal(Model):
    """A new version of a policy, and why it is wanted."""

    document: Document
    title: str
    objective: str
    effective: Planned = Effective()


@router.get("")
def list_policies(_asking: Asking, session: Reading) -> list[PolicySummary]:
    """Every approval policy with its latest version, owner, effective and retirement time."""
    return list(reading.policies(session))


@router.get("/{kind}/{name}")
def read(kind: str, name: str, _asking: Asking, session: Reading, version: Counted | None = None) -> PolicyView:
    """A version of a policy, the latest by default, with everything found in it today."""
    return reading.policy_view(session, f"{kind}/{name}", version)


@router.get("/{kind}/{name}/difference")
def difference(
    kind: str,
    name: str,
    old: Counted,
    new: Counted,
    _asking: Asking,
    session: Reading,
) -> list[CellDifference]:
    """Two versions cell by cell."""
    return list(reading.difference(session, f"{kind}/{name}", old, new))


@router.post("/{kind}/{name}/examination")
def examine(
    kind: str, name: str, installation: InstallationParts, call: Writing, session: Reading, draft: DraftedPolicy
) -> Draft:
    """What is found in a draft and how it differs from the live version; only the fact is recorded."""
    found = reading.examine(session, f"{kind}/{name}", draft.document)
    note_examination(installation.gateway, call, f"{kind}/{name}", found.refused)
    return found


@router.post("/{kind}/{name}/changes", status_code=201)
def propose(
    kind: str,
    name: str,
    response: Response,
    installation: InstallationParts,
    call: Writing,
    session: Reading,
    proposed: Annotated[PolicyProposal, Body()],
) -> Receipt:
    """Propose a new version: a draft of a change of kind approval, with the edits that lead to it."""
    receipt = changes.create_change(installation.gateway, call, proposal_of(session, f"{kind}/{name}", proposed))
    response.headers["ETag"] = f'"{receipt.version}"'
    return receipt


@router.post("/{kind}/{name}/findings", status_code=201)
def record(kind: str, name: str, installation: InstallationParts, call: Writing, finding: PolicyFinding) -> str:
    """Record an audit finding; it holds the next release back until it is answered. Answers its id."""
    return record_finding(installation.gateway, call, f"{kind}/{name}", finding)


@router.post("/{kind}/{name}/findings/{finding}/answer")
def answer(
    kind: str, name: str, finding: str, installation: InstallationParts, call: Writing, answer: FindingAnswer
) -> None:
    """Answer an audit finding, as the policy's owner."""
    answer_finding(installation.gateway, call, f"{kind}/{name}", finding, answer)


@router.post("/{kind}/{name}/requests/{change}")
def move(kind: str, name: str, change: str, installation: InstallationParts, call: Writing) -> Receipt:
    """Have an open request planned again by the stricter of its policy and the present one."""
    return move_to_policy(installation.gateway, call, f"{kind}/{name}", change)


def proposal_of(session: Session, artifact: str, proposed: PolicyProposal) -> Proposal:
    """The change that a new version is. Raises Invalid, NotFound("unknown_policy")."""
    edits = reading.edits_to(session, artifact, proposed.document)
    return Proposal(
        kind=reading.KIND,
        title=proposed.title,
        objective=proposed.objective,
        parts=[ProposedPart(artifact=artifact, edits=edits)],
        effective=proposed.effective,
    )
