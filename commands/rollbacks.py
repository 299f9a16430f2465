"""Commands that take a released change back: the inverse of what it did, and nothing else, is released (D6, R-13.1).

Taking back was approved with the release: it needs the judgement of the gate that was kept then, and whatever forbids
an effect now forbids it as well.
"""

from collections.abc import Sequence

from sqlmodel import col

from commands.changes import Receipt, mine, move, receipt, require_revision, touch
from commands.command import Control, command
from commands.fallout import case_of
from commands.handoff import compare_after
from commands.releases import ROLLBACK, ReleaseReport, owe, publish, wake_queued
from commands.remarks import keep_remark
from commands.step import require_system, stand
from domain.artifact import Part, conflicts, invert
from domain.change import ChangeContent, ChangeState, Step, advance
from domain.errors import Conflict, Invalid, Refused
from store import artifacts, carried, changes
from store.changes import GATE
from store.freezes import freezes
from store.lifecycle import Lifecycle
from store.tables.artifact import ArtifactRow, VersionRow
from store.tables.change import CaseRow, ChangeRow
from store.tables.release import DeliveryRow
from store.unit_of_work import Transaction


@command(control=Control.OPERATION)
def roll_back_change(tx: Transaction, change: str, reason: str, version: int | None) -> Receipt:
    """Ask for a released change to be taken back, and why, which was approved with its release (R-13.1, R-13.3).

    Raises Refused("machine_may_not", "not_yours"), Conflict("illegal_transition", "version_moved",
    "never_released").
    """
    tx.actor.as_person()
    row = mine(tx, change, version)
    state = advance(ChangeState(row.state), Step.ROLL_BACK)
    if changes.evidence(tx.session, change, row.revision, GATE) is None:
        raise Conflict("never_released", "This did not go through the gate, so nothing approved that it is taken back.")
    move(tx, row, state)
    tx.wake(change, "roll back")
    said = keep_remark(tx, change, row.revision, "rollback", reason)
    tx.record("change.rollback_asked", change, revision=row.revision, **said)
    return receipt(row)


@command(control=Control.EFFECT)
def restore_change(tx: Transaction, change: str, revision: int, targets: tuple[str, ...]) -> ReleaseReport:
    """Publish the inverse of what a change did, and nothing else, and make it live where the change was (D6, R-13.1).

    The rollback was approved with the change (R-13.1), of which the kept judgement of the gate is the proof. Freezes of
    the markets where the change is live hold it as they hold a release, exceptions included; so does a later change
    that is not live in all of them yet, as it would be with what is published now (R-11.7). Entries that moved since
    are conflicts: nothing is changed and a case names them. Restoring twice changes nothing more.
    """
    require_system(tx)
    content = changes.content(tx.session, change, revision)
    tx.lock_all(ArtifactRow, {part.artifact for part in content.parts})
    row = tx.lock(ChangeRow, change)
    require_revision(row, revision)
    advance(ChangeState(row.state), Step.RESTORED)
    if restored(tx, content, change):
        at = stand(tx, row)
        tx.record("change.rolled_back", change, "unchanged", revision=revision)
        return ReleaseReport(at=at)
    inverse = tuple(part.model_copy(update={"operations": invert(part.operations)}) for part in content.parts)
    markets = [plan.market for plan in changes.planned(tx.session, change, revision) if plan.activated_at is not None]
    blocks = _restore_blocks(tx, row, inverse, markets)
    runs = case_of(tx, row, ROLLBACK, "gate_closed" if blocks else None, "; ".join(blocks))
    if blocks:
        touch(tx, row)
        at = stand(tx, row)
        about = {"blocks": list(blocks), "reconciliations": list(runs)}
        tx.record("change.rollback_blocked", change, "blocked", revision=revision, **about)
        return ReleaseReport(blocks=blocks, at=at)
    versions = publish(tx, row, inverse)
    _supersede(tx, change)
    for market in markets:
        for artifact, number in sorted(versions.items()):
            artifacts.activate(tx.session, artifact, number, market, change, None, tx.now)
            owe(tx, change, artifact, number, market, targets)
    runs += compare_after(tx, row, content)
    wake_queued(tx, change)
    touch(tx, row)
    at = stand(tx, row)
    tx.record(
        "change.rolled_back",
        change,
        revision=revision,
        versions=versions,
        digests=artifacts.digests(tx.session, versions),
        markets=markets,
        reconciliations=list(runs),
    )
    return ReleaseReport(activated=tuple(markets), at=at)


def restored(tx: Transaction, content: ChangeContent, change: str) -> bool:
    """Whether the inverse of a change has been published: each of its artifacts then has two versions of it."""
    return len(tx.find(VersionRow, VersionRow.change == change)) >= 2 * len(content.parts)


@command(control=Control.NONE)
def finish_rollback(tx: Transaction, change: str, revision: int) -> Lifecycle:
    """The earlier content is live again and every target has confirmed it."""
    require_system(tx)
    row = tx.lock(ChangeRow, change)
    require_revision(row, revision)
    content = changes.content(tx.session, change, revision)
    owed = [d.target for d in tx.find(DeliveryRow, DeliveryRow.change == change, DeliveryRow.state != "confirmed")]
    if owed or not restored(tx, content, change):
        raise Refused("not_restored", "The earlier content is not confirmed everywhere yet.", targets=owed)
    move(tx, row, advance(ChangeState(row.state), Step.RESTORED))
    at = stand(tx, row)
    tx.record("change.rollback_finished", change, revision=revision)
    return at


@command(control=Control.OPERATION)
def give_up_rollback(tx: Transaction, change: str, reason: str, version: int | None) -> Receipt:
    """End a rollback that cannot be done: later changes build on what it would take back, or a target never answers.

    The change has failed (R-4.2); what is live stays as it is, and whatever has to be put right is a change of its own.
    Raises Refused("machine_may_not", "not_yours"), Conflict("illegal_transition", "version_moved", "nothing_waits"),
    Invalid("reason_missing").
    """
    tx.actor.as_person()
    row = mine(tx, change, version)
    state = advance(ChangeState(row.state), Step.GIVE_UP)
    if not reason.strip():
        raise Invalid("reason_missing", "Say why the rollback is given up.")
    waiting = tx.find(CaseRow, CaseRow.subject == change, col(CaseRow.closed_at).is_(None))
    if not waiting:
        raise Conflict("nothing_waits", "Nothing stands in the way of this rollback; it goes on.")
    for case in waiting:
        case.closed_at, case.resolution = tx.now, "the rollback was given up"
    move(tx, row, state)
    tx.wake(change, "rollback given up")
    wake_queued(tx, change)
    said = keep_remark(tx, change, row.revision, "giving_up", reason)
    tx.record("change.rollback_given_up", change, revision=row.revision, cases=[case.id for case in waiting], **said)
    return receipt(row)


def _restore_blocks(tx: Transaction, row: ChangeRow, inverse: Sequence[Part], markets: Sequence[str]) -> list[str]:
    held = freezes(tx.session, row.kind, tuple(markets), tx.now, row.id)
    blocks = [f"frozen:{freeze.id}" for freeze in held]
    if changes.evidence(tx.session, row.id, row.revision, GATE) is None:
        blocks.append("never_released")
    moved = [part.artifact for part in inverse]
    blocks += [f"waits_for:{other}" for other in sorted(carried.early(tx.session, row.id, moved, markets))]
    for part in inverse:
        live = artifacts.content(tx.session, part.artifact, artifacts.latest(tx.session, part.artifact))
        blocks += [f"moved:{part.artifact}:{entry}" for entry in conflicts(live, part.operations)]
    return blocks


def _supersede(tx: Transaction, change: str) -> None:
    """What the change still owed to its targets is not owed any more: the earlier content is."""
    for delivery in tx.find(DeliveryRow, DeliveryRow.change == change, DeliveryRow.state != "confirmed"):
        delivery.state, delivery.detail = "confirmed", "superseded by the rollback"
