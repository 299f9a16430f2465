"""Commands of people on a change request: create, revise, submit, withdraw (R-4.1 to R-4.4)."""

from sqlalchemy import delete, insert

from analysis.proposals import Proposal, build_content, not_in_past
from commands.command import Authority, Control, command, expect_version
from commands.remarks import keep_remark
from domain.change import (
    CLOSED,
    ChangeContent,
    ChangeState,
    Step,
    advance,
    revision_digest,
)
from domain.errors import Conflict, Invalid, Refused
from domain.kinds import kind_of
from domain.model import Model
from domain.ownership import authored_by, ownership_of
from domain.party import WORKER
from store import changes
from store.ownership import table as ownership_table
from store.tables.change import ChangeRow, RevisionRow, TouchRow
from store.tables.columns import table_of
from store.tables.request import RequestRow
from store.touches import touches
from store.unit_of_work import Transaction

TOUCHES = table_of(TouchRow)


class Receipt(Model):
    """What a command on a change answers: where it stands now. `version` is its ETag."""

    change: str
    state: ChangeState
    revision: int
    version: int


@command(control=Control.NONE)
def create_change(tx: Transaction, proposal: Proposal) -> Receipt:
    """Create a draft.

    Raises Invalid naming the wrong field or edit, NotFound("unknown_artifact", "unknown_market"),
    Refused("no_accountable_group").
    """
    content = build_content(tx.session, tx.now, proposal)
    number = tx.number(f"change-{tx.now.year}")
    kind = kind_of(content.kind)
    table = ownership_table(tx.session)
    row = ChangeRow(
        id=f"CR-{tx.now.year}-{number:04d}",
        kind=kind.name,
        title=content.title,
        state=ChangeState.DRAFT,
        owner_group=ownership_of(table, kind.name).accountable,
        emergency=content.emergency,
        authored=authored_by(table, tx.actor),
        requester=tx.actor.party,
        account=tx.actor.account,
        state_since=tx.now,
        created_at=tx.now,
    )
    tx.add(row)
    digest = write_revision(tx, row, content)
    tx.record("change.created", row.id, revision=1, digest=digest, kind=row.kind)
    return receipt(row)


@command(control=Control.NONE)
def revise_change(tx: Transaction, change: str, proposal: Proposal, version: int | None) -> Receipt:
    """Write a new revision (R-4.4). A change under way is assessed again; decisions whose inputs moved no longer count.

    Raises Conflict("version_moved", "illegal_transition"), Refused("not_yours"), Invalid like create_change.
    """
    row = mine(tx, change, version)
    before = row.state
    state = advance(ChangeState(row.state), Step.REVISE)
    content = build_content(tx.session, tx.now, proposal)
    if content.kind != row.kind:
        raise Invalid("kind_is_fixed", f"{change} is a change of kind {row.kind}; create another for {content.kind}.")
    content = _never_lower(tx, row, content)
    row.revision += 1
    row.emergency = content.emergency
    row.title, row.opened_at, row.tier = content.title, None, None
    digest = write_revision(tx, row, content)
    move(tx, row, state)
    wake_open(tx, row, "revised")
    tx.record("change.revised", change, revision=row.revision, digest=digest, was=before)
    return receipt(row)


def _never_lower(tx: Transaction, row: ChangeRow, content: ChangeContent) -> ChangeContent:
    """A tier that the requester asked for at least is kept by later revisions: it is raised, never lowered (R-3.3)."""
    before = changes.content(tx.session, row.id, row.revision).least_tier
    return content.model_copy(update={"least_tier": max(before, content.least_tier)})


@command(control=Control.NONE)
def submit_change(tx: Transaction, change: str, version: int | None) -> Receipt:
    """Hand a draft in.

    Raises Conflict("version_moved", "illegal_transition"), Refused("not_yours"), Invalid("effective_in_past").
    """
    row = mine(tx, change, version)
    content = changes.content(tx.session, change, row.revision)
    not_in_past(tx.session, tx.now, content.effective, content.scope.markets)
    move(tx, row, advance(ChangeState(row.state), Step.SUBMIT))
    tx.wake(change, "submitted")
    tx.record("change.submitted", change, revision=row.revision)
    return receipt(row)


@command(control=Control.NONE)
def withdraw_change(tx: Transaction, change: str, reason: str, version: int | None) -> Receipt:
    """Take a change back before it has taken effect, for a reason that is kept as a remark (R-24.4).

    Raises Conflict("illegal_transition"), Refused("not_yours").
    """
    row = mine(tx, change, version)
    was = row.state
    move(tx, row, advance(ChangeState(row.state), Step.WITHDRAW))
    tx.wake(change, "withdrawn")
    said = keep_remark(tx, change, row.revision, "withdrawal", reason)
    tx.record("change.withdrawn", change, revision=row.revision, was=was, **said)
    return receipt(row)


@command(control=Control.NONE, authority=Authority.FREE)
def note_dry_run(tx: Transaction, kind: str, tier: int) -> None:
    """Record that a dry run took place, and nothing else of it (R-4.3)."""
    tx.record("change.dry_run", f"actor/{tx.actor.account}", kind=kind, tier=tier)


def mine(tx: Transaction, change: str, version: int | None) -> ChangeRow:
    """The change, locked, if the actor is its requester or of its owner group."""
    row = tx.lock(ChangeRow, change)
    expect_version(row.version, version)
    if tx.actor.party != row.requester and row.owner_group not in tx.actor.groups:
        raise Refused("not_yours", "Only the requester and the owner group may do this.", change=change)
    return row


def move(tx: Transaction, row: ChangeRow | RequestRow, state: ChangeState) -> None:
    """Put a change, or another subject of an approval, into a state; the caller found it by `advance`."""
    if row.state != state:
        row.state, row.state_since = state, tx.now
        row.closed = state in CLOSED
        if isinstance(row, ChangeRow) and row.closed and state is not ChangeState.COMPLETED:
            row.affected_quotes = 0
    touch(tx, row)


def touch(tx: Transaction, row: ChangeRow | RequestRow) -> None:
    """Count a write. What the lifecycle itself writes, the lifecycle has seen."""
    row.version += 1
    if tx.actor.account == WORKER:
        row.seen_version = row.version


def wake_open(tx: Transaction, row: ChangeRow, reason: str) -> None:
    """Wake the workflow of a change that has one; a draft has none yet."""
    if row.state != ChangeState.DRAFT:
        tx.wake(row.id, reason)


def receipt(row: ChangeRow | RequestRow) -> Receipt:
    """Where a change, or another subject of an approval, stands."""
    return Receipt(change=row.id, state=ChangeState(row.state), revision=row.revision, version=row.version)


def write_revision(tx: Transaction, row: ChangeRow, content: ChangeContent) -> str:
    """Store the exact bytes of a revision and what it touches; return the digest of the bytes (D4, R-4.5)."""
    stored = content.bytes()
    digest = revision_digest(stored)
    tx.add(
        RevisionRow(
            change=row.id, number=row.revision, content=stored, digest=digest, author=tx.actor.party, created_at=tx.now
        )
    )
    if row.revision > 1:
        tx.session.execute(delete(TOUCHES).where(TOUCHES.c.change == row.id))
    if found := touches(content):
        rows = [{"change": row.id, "subject": name, "start_micros": micros} for name, micros in found.items()]
        tx.session.execute(insert(TOUCHES), rows)
    return digest


def require_revision(row: ChangeRow, revision: int) -> None:
    """Raises Conflict("revision_moved") unless the change still is at this revision."""
    if row.revision != revision:
        raise Conflict("revision_moved", f"{row.id} is at revision {row.revision} now.", revision=row.revision)
