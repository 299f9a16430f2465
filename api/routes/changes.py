"""Change requests: create, read, revise, submit, decide, withdraw, roll back (chapters 4 to 7)."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from analysis.proposals import Proposal
from api.parts import Asking, Counted, Cursor, ExpectedVersion, InstallationParts, Limit, Now, Reading, Whole, Writing
from commands import approvals, cases, changes
from commands.approvals import Ballot, DecisionReceipt
from commands.changes import Receipt
from commands.command import Command
from commands.remarks import Reason
from commands.rollbacks import give_up_rollback, roll_back_change
from domain.model import Model
from domain.ownership import Authorship
from queries import changes as reading
from queries.changes import ChangePage, ChangeView, TimelineEntry
from queries.dry_run import DryRun, dry_run
from queries.kept_lists import next_cursor, start_of
from queries.revisions import RevisionPage, RevisionView, revision_page, revision_view
from store.changes import IMPACT, SIMULATION

router = APIRouter(prefix="/api/changes", tags=["changes"])


class Page(Model):
    """A page of a long list, and the cursor of the next one (None at the end)."""

    items: list[Any]
    total: int
    next: str | None


@router.post("", status_code=201)
def create(
    response: Response,
    installation: InstallationParts,
    call: Writing,
    proposal: Proposal,
) -> Receipt:
    """Create a draft."""
    return _tagged(response, changes.create_change(installation.gateway, call, proposal))


@router.post("/dry-run")
def try_out(installation: InstallationParts, call: Writing, session: Reading, now: Now, proposal: Proposal) -> DryRun:
    """What would happen on submission: tier, plan, impact, simulation, earliest instant.

    Only the fact of the dry run is recorded.
    """
    result = dry_run(installation.sources(session, now), call.actor, proposal, installation.wide)
    changes.note_dry_run(installation.gateway, call, proposal.kind, result.tier)
    return result


@router.get("")
def list_changes(
    _asking: Asking,
    session: Reading,
    limit: Limit = 50,
    cursor: str | None = None,
    state: str | None = None,
    kind: str | None = None,
    authored: Authorship | None = None,
) -> ChangePage:
    """Changes, newest first, of business and engineering side by side or of one of them."""
    return reading.list_changes(session, cursor, limit, state=state, kind=kind, authored=authored)


@router.get("/{change}")
def read(response: Response, change: str, asking: Asking, session: Reading, now: Now) -> ChangeView:
    """Everything about a change; the ETag protects against lost updates."""
    view = reading.change_view(session, change, now, asking.person)
    response.headers["ETag"] = f'"{view.summary.version}"'
    return view


@router.put("/{change}")
def revise(
    response: Response,
    change: str,
    installation: InstallationParts,
    call: Writing,
    version: ExpectedVersion,
    proposal: Proposal,
) -> Receipt:
    """Write a new revision; decisions whose inputs moved no longer count."""
    return _tagged(response, changes.revise_change(installation.gateway, call, change, proposal, version))


@router.post("/{change}/submit")
def submit(
    response: Response, change: str, installation: InstallationParts, call: Writing, version: ExpectedVersion
) -> Receipt:
    """Hand a draft in: it is assessed, simulated, and its approvers are asked."""
    return _tagged(response, changes.submit_change(installation.gateway, call, change, version))


Explained = Callable[[Command[[str, str, int | None], Receipt]], Receipt]


async def explained(
    response: Response,
    change: str,
    installation: InstallationParts,
    call: Writing,
    version: ExpectedVersion,
    body: Reason,
) -> Explained:
    """Runs a command that takes a reason, on the version that was read."""
    return lambda command: _tagged(response, command(installation.gateway, call, change, body.reason, version))


ExplainedHere = Annotated[Explained, Depends(explained)]


@router.post("/{change}/withdraw")
def withdraw(explained: ExplainedHere) -> Receipt:
    """Take a change back before it has taken effect."""
    return explained(changes.withdraw_change)


@router.post("/{change}/rollback")
def roll_back(explained: ExplainedHere) -> Receipt:
    """Take a released change back: the earlier content is released again."""
    return explained(roll_back_change)


@router.post("/{change}/give-up")
def give_up(explained: ExplainedHere) -> Receipt:
    """End a rollback that cannot be done, and say why: the change has failed, and what is live stays."""
    return explained(give_up_rollback)


@router.post("/{change}/retry")
def retry(change: str, installation: InstallationParts, call: Writing) -> dict[str, str]:
    """Try the step that waits again now."""
    return {"case": cases.retry_change(installation.gateway, call, change)}


@router.post("/{change}/decisions", status_code=201)
def decide(
    response: Response, change: str, installation: InstallationParts, call: Writing, ballot: Ballot
) -> DecisionReceipt:
    """Decide, bound to the revision and the evidence that was read (`seen` of the change)."""
    receipt = approvals.decide(installation.gateway, call, change, ballot)
    _tagged(response, receipt.change)
    return receipt


@router.get("/{change}/revisions")
def revisions(
    change: str,
    _asking: Asking,
    session: Reading,
    limit: Limit = 50,
    cursor: Whole = 0,
) -> RevisionPage:
    """The revisions of the change, first to last: who wrote which, and what each changed against the one before."""
    return revision_page(session, change, cursor, limit)


@router.get("/{change}/revisions/{number}")
def revision(change: str, number: Counted, _asking: Asking, session: Reading) -> RevisionView:
    """A revision as it was written."""
    return revision_view(session, change, number)


@router.get("/{change}/timeline")
def timeline(change: str, _asking: Asking, session: Reading) -> list[TimelineEntry]:
    """The audit chain of the change."""
    return list(reading.timeline(session, change))


@router.get("/{change}/quotes")
def affected_quotes(
    change: str,
    installation: InstallationParts,
    _asking: Asking,
    session: Reading,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Page:
    """The ids of the open quotes that the change affects."""
    kept = reading.kept_list(session, change, IMPACT)
    start = start_of(cursor, kept)
    items = reading.evidence_list(session, installation.files, change, IMPACT)
    end = start + limit
    return Page(items=items[start:end], total=len(items), next=next_cursor(end, len(items), kept))


@router.get("/{change}/cases")
def simulated_cases(
    change: str,
    installation: InstallationParts,
    _asking: Asking,
    session: Reading,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Page:
    """Every affected quote, old price against new, in minor units of its currency."""
    kept = reading.kept_list(session, change, SIMULATION)
    start = start_of(cursor, kept)
    items, total = reading.simulated_cases(session, installation.files, change, start, limit)
    return Page(items=items, total=total, next=next_cursor(start + limit, total, kept))


def _tagged(response: Response, receipt: Receipt) -> Receipt:
    response.headers["ETag"] = f'"{receipt.version}"'
    return receipt
