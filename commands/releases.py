"""Commands that make an approved change live and watch it; the effect asks the gate anew.

The gate is asked in the transaction of the effect itself (D2, D6a).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field
from sqlmodel import col

from analysis.assessment import overtaken
from commands.assessments import write_evidence
from commands.changes import move, require_revision, touch
from commands.command import Control, command
from commands.emergency import open_review
from commands.fallout import case_of
from commands.handoff import compare_after, handed_off
from commands.step import gate_case, held_at, require_system, stand
from domain.approval import ApprovalFacts, Plan, Standing, Verdict, gate
from domain.artifact import Part
from domain.change import ChangeContent, ChangeState, Step, advance
from domain.errors import Refused
from domain.evidence import judgement
from domain.impact import Confirmation
from domain.kinds import kind_of_artifact
from domain.model import Model
from store import artifacts, carried, changes
from store.changes import CONFIRMATION, GATE
from store.freezes import freezes
from store.lifecycle import Lifecycle
from store.policies import release_blocks
from store.standards import STANDARDS, lost
from store.tables.artifact import ArtifactRow, VersionRow
from store.tables.change import ChangeRow
from store.tables.release import DeliveryRow, PlannedActivationRow
from store.unit_of_work import Transaction

DELIVERED_KINDS = ("catalog/", "pricing/")
RELEASE, ROLLBACK = "release", "rollback"


class ReleaseReport(Model):
    """What a release step did: markets made live now, what keeps the gate closed, where the change stands."""

    activated: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()
    at: Lifecycle


@command(control=Control.NONE)
def schedule_change(tx: Transaction, change: str, revision: int) -> Lifecycle:
    """Resolve the effective time to one instant per market (D6a). As soon as approved means now."""
    require_system(tx)
    row = tx.lock(ChangeRow, change)
    require_revision(row, revision)
    content = changes.content(tx.session, change, revision)
    instants = content.effective.instants(changes.zones(tx.session, content.scope.markets))
    move(tx, row, advance(ChangeState(row.state), Step.SCHEDULE))
    for market, at in instants.items():
        tx.session.merge(PlannedActivationRow(change=change, revision=revision, market=market, due_at=at or tx.now))
    standing = stand(tx, row)
    tx.record(
        "change.scheduled",
        change,
        revision=revision,
        tzdata=artifacts.TZDATA,
        instants={market: at.isoformat() if at else "now" for market, at in instants.items()},
    )
    return standing


@command(control=Control.EFFECT)
def release_change(tx: Transaction, change: str, revision: int, targets: tuple[str, ...]) -> ReleaseReport:
    """Publish an approved change and make it live in each market whose instant has come, if the gate is open.

    targets: the systems that have to be told. A closed gate changes nothing, opens a case and is recorded as blocked
    (D2, R-11.7).
    """
    require_system(tx)
    content = changes.content(tx.session, change, revision)
    tx.lock_all(ArtifactRow, _bases(tx, content))
    row = tx.lock(ChangeRow, change)
    require_revision(row, revision)
    state = advance(ChangeState(row.state), Step.RELEASE)
    due = [
        plan
        for plan in changes.planned(tx.session, change, revision)
        if plan.activated_at is None and plan.due_at <= tx.now
    ]
    facts = effect_facts(tx, row, content, due)
    standing = gate(facts)
    blocks = effect_blocks(standing)
    gate_case(tx, row, RELEASE, blocks)
    if blocks:
        touch(tx, row)
        at = stand(tx, row)
        tx.record("change.release_blocked", change, "blocked", revision=revision, blocks=list(blocks))
        return ReleaseReport(blocks=blocks, at=at)
    versions = _published(tx, row) or publish(tx, row, content.parts)
    instead = _activate(tx, row, versions, due, targets)
    judged = write_evidence(tx, row, GATE, judgement(facts))
    move(tx, row, state)
    open_review(tx, row, content.emergency_reason, facts.plan.review_within if facts.plan else None)
    wake_queued(tx, change)
    runs = compare_after(tx, row, content)
    markets = tuple(plan.market for plan in due)
    at = stand(tx, row)
    tx.record(
        "change.released",
        change,
        revision=revision,
        versions=versions,
        digests=artifacts.digests(tx.session, versions),
        markets=list(markets),
        instead=instead,
        counted=list(standing.counted),
        gate=judged,
        reconciliations=list(runs),
        late_seconds=max((int((tx.now - plan.due_at).total_seconds()) for plan in due), default=0),
    )
    return ReleaseReport(activated=markets, at=at)


def _bases(tx: Transaction, content: ChangeContent) -> set[str]:
    """The artifacts that a release rests on.

    Its own, the template of a standard change, and all to which something that collides could be published between the
    facts and the effect: those that lead to offerings, for a change that does (R-4.5).
    """
    found = {part.artifact for part in content.parts}
    if any(_about_offerings(artifact) for artifact in found):
        found |= {artifact for artifact in artifacts.latest_numbers(tx.session) if _about_offerings(artifact)}
    return found | ({STANDARDS} if content.standard else set())


def _about_offerings(artifact: str) -> bool:
    return kind_of_artifact(artifact).leads_to_offerings


def effect_facts(
    tx: Transaction, row: ChangeRow, content: ChangeContent, due: Sequence[PlannedActivationRow]
) -> ApprovalFacts:
    """What the gate is asked with: facts just read under lock, with everything else that forbids an effect now."""
    facts = changes.approval_facts(tx.session, row, tx.now)
    markets = tuple(plan.market for plan in due)
    blocks = [f"frozen:{freeze.id}" for freeze in freezes(tx.session, row.kind, markets, tx.now, row.id)]
    blocks += [*release_blocks(tx.session, content.parts), *changes.held(tx.session, row, facts.plan)]
    if not due:
        blocks.append("not_due")
    if row.state == ChangeState.SCHEDULED:
        blocks += [f"moved:{entry}" for entry in changes.collisions(tx.session, row, content)]
        blocks += _confirmation_blocks(tx, row, facts.plan, content)
        if row.standard and lost(tx.session, row.standard, content.standard, tx.now):
            blocks.append(f"standard_lost:{content.standard}")
    blocks += [f"waits_for:{other}" for other in sorted(_waits_for(tx, row, content, markets))]
    return facts.model_copy(update={"blocks": tuple(blocks)})


def effect_blocks(standing: Standing) -> tuple[str, ...]:
    """Why an effect is refused now; empty only when the approval is granted and nothing else forbids it."""
    verdict = () if standing.verdict is Verdict.GRANTED else (f"approval:{standing.verdict}",)
    return (*verdict, *standing.blocks)


def _confirmation_blocks(tx: Transaction, row: ChangeRow, plan: Plan | None, content: ChangeContent) -> list[str]:
    """The impact must have been found again, recently, on these bases, and moved no further than allowed (D4a)."""
    found = changes.evidence_model(changes.evidence(tx.session, row.id, row.revision, CONFIRMATION), Confirmation)
    if found is None or plan is None:
        return ["impact_not_confirmed"]
    age = tx.now - datetime.fromisoformat(found.at)
    if age > timedelta(seconds=plan.confirm_within):
        return ["impact_confirmation_too_old"]
    if found.moved:
        return ["impact_moved"]
    return [f"simulated_on_other_base:{artifact}" for artifact in overtaken(tx.session, found.versions, content)]


def _waits_for(tx: Transaction, row: ChangeRow, content: ChangeContent, markets: Sequence[str]) -> set[str]:
    """Other changes that this one would make live in these markets before their time: they queue (R-4.5, R-11.7).

    A change that has not published waits for all that did; one that has, for those that its own version carries.
    """
    own = _published(tx, row)
    if not own:
        return carried.early(tx.session, row.id, [part.artifact for part in content.parts], markets)
    fits = carried.fitting(tx.session, row.id, own, markets)
    return {other for fit in fits.values() for other in fit.early}


def wake_queued(tx: Transaction, change: str) -> None:
    """Wake the changes whose release, or whose taking back, waits for this one."""
    for case in (*held_at(tx, RELEASE), *held_at(tx, ROLLBACK)):
        if f"waits_for:{change}" in case.message.split("; "):
            tx.wake(case.subject, f"{change} went on")


def _published(tx: Transaction, row: ChangeRow) -> dict[str, int]:
    """The versions that this change has published already, by artifact."""
    if row.state != ChangeState.RELEASING:
        return {}
    return {version.artifact: version.number for version in tx.find(VersionRow, VersionRow.change == row.id)}


def publish(tx: Transaction, row: ChangeRow, parts: Sequence[Part]) -> dict[str, int]:
    """The next version of each artifact, with the number it got."""
    return {
        part.artifact: artifacts.publish(tx.session, part, row.id, tx.actor.account, tx.now)
        for part in sorted(parts, key=lambda part: part.artifact)
    }


def _activate(
    tx: Transaction,
    row: ChangeRow,
    versions: dict[str, int],
    due: Sequence[PlannedActivationRow],
    targets: Sequence[str],
) -> dict[str, dict[str, int]]:
    """Make versions live in the markets that are due.

    Returns, by market, those that are live instead of the own: later ones, where something in the own was taken back.
    """
    again = row.state == ChangeState.RELEASING
    fits = carried.fitting(tx.session, row.id, versions, [plan.market for plan in due]) if again else {}
    instead: dict[str, dict[str, int]] = {}
    for plan in due:
        plan.activated_at = tx.now
        for artifact, own in sorted(versions.items()):
            number = fits[artifact, plan.market].number if fits else own
            if number != own:
                instead.setdefault(plan.market, {})[artifact] = number
            artifacts.activate(tx.session, artifact, number, plan.market, row.id, plan.due_at, tx.now)
            owe(tx, row.id, artifact, number, plan.market, targets)
    return instead


def delivered(artifact: str) -> bool:
    """Whether target systems hold copies of an artifact."""
    return artifact.startswith(DELIVERED_KINDS)


def owe(tx: Transaction, change: str, artifact: str, number: int, market: str, targets: Sequence[str]) -> None:
    """What target systems now have to hold: a delivery row for each (D2c)."""
    for target in targets if delivered(artifact) else ():
        tx.add(
            DeliveryRow(
                change=change, target=target, artifact=artifact, version=number, market=market, updated_at=tx.now
            )
        )


class DeliveryNote(Model):
    """What is known of one delivery: target, artifact, version, market, state and a sentence."""

    target: str
    artifact: str
    version: int
    market: str
    state: Annotated[str, Field(pattern="^(pending|confirmed|unknown|failed|differs)$")]
    detail: str = ""


@command(control=Control.OPERATION)
def record_delivery(tx: Transaction, change: str, notes: tuple[DeliveryNote, ...]) -> Lifecycle:
    """Keep what target systems answered; what is not confirmed opens a case (R-15.6)."""
    require_system(tx)
    row, confirmed = tx.lock(ChangeRow, change), list[DeliveryRow]()
    for note in notes:
        delivery = tx.lock(DeliveryRow, (change, note.target, note.artifact, note.version, note.market))
        if note.state == "confirmed" != delivery.state:
            confirmed.append(delivery)
        delivery.state, delivery.detail, delivery.updated_at = note.state, note.detail, tx.now
        delivery.attempts += 1
    failed = any(note.state != "confirmed" for note in notes)
    runs = _delivery_case(tx, row, failed) + handed_off(tx, change, confirmed)
    touch(tx, row)
    at = stand(tx, row)
    tx.record(
        "change.delivered",
        change,
        "held" if failed else "done",
        deliveries=[note.model_dump(mode="json", exclude={"detail"}) for note in notes],
        reconciliations=list(runs),
    )
    return at


def _delivery_case(tx: Transaction, row: ChangeRow, failed: bool) -> tuple[str, ...]:
    """One case for all deliveries that were tried and are not confirmed: answers may be kept one by one."""
    tx.session.flush()
    tried = DeliveryRow.change == row.id, col(DeliveryRow.state).not_in(("confirmed", "pending"))
    found = sorted(tx.find(DeliveryRow, *tried), key=lambda delivery: (delivery.market, delivery.artifact))
    if found and not failed:
        return ()
    message = "; ".join(
        f"{d.target} {d.artifact} version {d.version} in {d.market}: {d.state} {d.detail}" for d in found
    )
    return case_of(tx, row, "delivery", f"delivery_{found[0].state}" if found else None, message)


@command(control=Control.NONE)
def begin_monitoring(tx: Transaction, change: str, revision: int) -> Lifecycle:
    """Every market is live and every target confirmed: the change is watched from now on."""
    require_system(tx)
    row = tx.lock(ChangeRow, change)
    require_revision(row, revision)
    _require_released(tx, row)
    move(tx, row, advance(ChangeState(row.state), Step.MONITOR))
    at = stand(tx, row)
    tx.record("change.monitoring", change, revision=revision)
    return at


def _require_released(tx: Transaction, row: ChangeRow) -> None:
    """Raises Refused("not_released") while a market waits or a target has not confirmed (D2c)."""
    waiting = [plan.market for plan in changes.planned(tx.session, row.id, row.revision) if plan.activated_at is None]
    owed = [d.target for d in tx.find(DeliveryRow, DeliveryRow.change == row.id, DeliveryRow.state != "confirmed")]
    if waiting or owed:
        raise Refused("not_released", "Markets or targets are still waiting.", markets=waiting, targets=owed)


@command(control=Control.NONE)
def complete_change(tx: Transaction, change: str, revision: int) -> Lifecycle:
    """The monitoring period is over and nothing spoke against the change."""
    require_system(tx)
    row = tx.lock(ChangeRow, change)
    require_revision(row, revision)
    content = changes.content(tx.session, change, revision)
    if row.state_since + content.monitoring_period > tx.now:
        raise Refused("still_monitoring", "The monitoring period is not over.")
    move(tx, row, advance(ChangeState(row.state), Step.COMPLETE))
    at = stand(tx, row)
    tx.record("change.completed", change, revision=revision)
    return at
