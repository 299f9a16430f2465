"""Commands of people on a change request: create, revise, submit, withdraw (R-4.1 to R-4.4)."""

from analysis.proposals import Proposal, build_content, not_in_past
from commands.command import Authority, Control, command, expect_version
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
from domain.party import WORKER
from store import changes
from store.tables.change import ChangeRow, RevisionRow
from store.unit_of_work import Transaction


class Receipt(Model):
    """What a command on a change answers: where it stands now. `version` is its ETag."""

    change: str
    state: ChangeState
    revision: int
    version: int


@command(control=Control.NONE)
def create_change(tx: Transaction, proposal: Proposal) -> Receipt:
    """Create a draft. Raises Invalid naming the wrong field or edit, NotFound("unknown_artifact", "unknown_market")."""
    content = build_content(tx.session, tx.now, proposal)
    number = tx.number(f"change-{tx.now.year}")
    kind = kind_of(content.kind)
    row = ChangeRow(
        id=f"CR-{tx.now.year}-{number:04d}",
        kind=kind.name,
        title=content.title,
        state=ChangeState.DRAFT,
        owner_group=kind.owner_group,
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
    row.revision += 1
    row.title, row.opened_at, row.tier = content.title, None, None
    digest = write_revision(tx, row, content)
    move(tx, row, state)
    wake_open(tx, row, "revised")
    tx.record("change.revised", change, revision=row.revision, digest=digest, was=before)
    return receipt(row)


@command(control=Control.NONE)
def submit_change(tx: Transaction, change: str, version: int | None) -> Receipt:
    """Hand a draft in.

    Raises Conflict("version_moved", "illegal_transition"), Refused("not_yours"), Invalid("effective_in_past").
    """
    row = mine(tx, change, version)
    content = changes.revision_content(changes.revision(tx.session, change, row.revision))
    not_in_past(tx.session, tx.now, content.effective, content.scope.markets)
    move(tx, row, advance(ChangeState(row.state), Step.SUBMIT))
    tx.wake(change, "submitted")
    tx.record("change.submitted", change, revision=row.revision)
    return receipt(row)


@command(control=Control.NONE)
def withdraw_change(tx: Transaction, change: str, reason: str, version: int | None) -> Receipt:
    """Take a change back before it has taken effect. Raises Conflict("illegal_transition"), Refused("not_yours")."""
    row = mine(tx, change, version)
    was = row.state
    move(tx, row, advance(ChangeState(row.state), Step.WITHDRAW))
    tx.wake(change, "withdrawn")
    tx.record("change.withdrawn", change, revision=row.revision, was=was, reason_given=bool(reason.strip()))
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


def move(tx: Transaction, row: ChangeRow, state: ChangeState) -> None:
    """Put a change into a state; the caller found it by `advance`."""
    if row.state != state:
        row.state, row.state_since = state, tx.now
        row.closed = state in CLOSED
    touch(tx, row)


def touch(tx: Transaction, row: ChangeRow) -> None:
    """Count a write. What the lifecycle itself writes, the lifecycle has seen."""
    row.version += 1
    if tx.actor.account == WORKER:
        row.seen_version = row.version


def wake_open(tx: Transaction, row: ChangeRow, reason: str) -> None:
    """Wake the workflow of a change that has one; a draft has none yet."""
    if row.state != ChangeState.DRAFT:
        tx.wake(row.id, reason)


def receipt(row: ChangeRow) -> Receipt:
    """Where a change stands."""
    return Receipt(change=row.id, state=ChangeState(row.state), revision=row.revision, version=row.version)


def write_revision(tx: Transaction, row: ChangeRow, content: ChangeContent) -> str:
    """Store the exact bytes of a revision and return their digest (D4)."""
    stored = content.bytes()
    digest = revision_digest(stored)
    tx.add(
        RevisionRow(
            change=row.id, number=row.revision, content=stored, digest=digest, author=tx.actor.party, created_at=tx.now
        )
    )
    return digest


def require_revision(row: ChangeRow, revision: int) -> None:
    """Raises Conflict("revision_moved") unless the change still is at this revision."""
    if row.revision != revision:
        raise Conflict("revision_moved", f"{row.id} is at revision {row.revision} now.", revision=row.revision)
