"""Commands of the lifecycle up to the approval: what was found becomes evidence of the revision (chapters 5 to 7)."""

from collections.abc import Mapping

from analysis.assessment import Assessment
from commands.changes import Receipt, move, receipt, require_revision, touch
from commands.command import Control, command
from commands.notices import Notice, tell
from commands.snapshots import keep_snapshot
from commands.step import gate_case, require_system, stand
from domain.approval import ApprovalFacts, Verdict, gate
from domain.canonical import canonical, digest_of
from domain.change import ChangeState, Step, advance
from domain.impact import Confirmation, Impact, Movement, Provenance
from domain.judging import Consequence, doing, judged
from domain.model import Model
from domain.simulation import Simulation
from store import changes
from store.changes import COMBINED, CONFIRMATION, IMPACT, PLAN, PROVENANCE, RISK, SIMULATION
from store.lifecycle import Lifecycle
from store.subjects import CHANGE
from store.tables.change import ChangeRow, EvidenceRow
from store.touches import Collision
from store.unit_of_work import Transaction


@command(control=Control.NONE)
def begin_assessment(tx: Transaction, change: str, revision: int) -> Receipt:
    """The worker takes a submitted change up. Raises Conflict("revision_moved", "illegal_transition")."""
    row = _step(tx, change, revision)
    move(tx, row, advance(ChangeState(row.state), Step.ASSESS))
    tx.record("change.assessment_begun", change, revision=revision)
    return receipt(row)


@command(control=Control.NONE)
def record_assessment(tx: Transaction, change: str, revision: int, assessment: Assessment) -> Lifecycle:
    """Keep impact, risk, tier, plan and owner of a revision, and tell those who are told of it.

    How the impact was found is kept beside it; no approval depends on that.
    Raises Conflict("revision_moved", "illegal_transition"), NotFound("unknown_snapshot").
    """
    row = _step(tx, change, revision)
    move(tx, row, advance(ChangeState(row.state), Step.SIMULATE))
    impact, plan = assessment.impact, assessment.plan
    row.tier, row.owner_group, row.affected_quotes = plan.tier, assessment.ownership.accountable, impact.quotes
    row.standard = plan.standard
    found = write_evidence(tx, row, IMPACT, impact, impact.quotes_file)
    scored = write_evidence(tx, row, RISK, assessment.risk)
    planned = write_evidence(tx, row, PLAN, plan)
    if (provenance := assessment.provenance) is not None:
        write_evidence(tx, row, PROVENANCE, provenance, provenance.sql)
        _keep(tx, row, provenance)
    together = _keep_combined(tx, row, assessment)
    tell(tx, _notices(row, assessment))
    at = stand(tx, row)
    tx.record(
        "change.assessed",
        change,
        revision=revision,
        impact=found,
        risk=scored,
        plan=planned,
        tier=plan.tier,
        policy=plan.policy,
        policy_version=plan.policy_version,
        quotes=impact.quotes,
        collides_with=[other.change for other in assessment.collisions],
        **together,
    )
    return at


def _keep_combined(tx: Transaction, row: ChangeRow, assessment: Assessment) -> dict[str, str]:
    """What the change does together with others becomes evidence; its digest, named for the record."""
    if assessment.combined is None:
        return {}
    return {"combined": write_evidence(tx, row, COMBINED, assessment.combined)}


def _notices(row: ChangeRow, assessment: Assessment) -> list[Notice]:
    """Whoever is informed by ownership; and both sides of every collision (R-2.3, R-4.5)."""
    told = [
        Notice(
            subject=row.id, party_group=group, code="informed", message=f"{row.id} of kind {row.kind} is on its way."
        )
        for group in assessment.ownership.informed
    ]
    together = {found.change: found.words for found in (assessment.combined.found if assessment.combined else ())}
    for other in assessment.collisions:
        told += _both_sides(row, other, together.get(other.change, ""))
    return told


def _both_sides(row: ChangeRow, other: Collision, together: str) -> list[Notice]:
    what = f"{len(other.subjects)} entries or offerings"
    here = f"{row.id} touches {what} that {other.change} touches too.{together}"
    there = f"{other.change} touches {what} that {row.id} touches too.{together}"
    return [
        Notice(subject=row.id, person=row.requester, code="collision", message=here),
        Notice(subject=row.id, party_group=row.owner_group, code="collision", message=here),
        Notice(subject=other.change, person=other.requester, code="collision", message=there),
        Notice(subject=other.change, party_group=other.owner_group, code="collision", message=there),
    ]


@command(control=Control.NONE)
def record_simulation(tx: Transaction, change: str, revision: int, simulation: Simulation) -> Lifecycle:
    """Keep the simulation and ask the people, or send the change back where the policy has a check block it (R-6.3).

    Decisions of earlier revisions whose inputs did not move still count; they may already grant it (R-4.4).
    """
    row = _step(tx, change, revision)
    found = write_evidence(tx, row, SIMULATION, simulation, simulation.cases_file)
    if simulation.snapshot:
        keep_snapshot(tx, simulation.snapshot, f"{change}/{revision}")
    plan = CHANGE.plan(tx.session, row)
    outcomes = judged(simulation, plan.checks if plan else ())
    if doing(outcomes, Consequence.BLOCK):
        move(tx, row, advance(ChangeState(row.state), Step.REQUEST_CHANGES))
        at = stand(tx, row)
        tx.record(
            "change.simulation_failed",
            change,
            "held",
            revision=revision,
            simulation=found,
            failed=list(doing(outcomes, Consequence.BLOCK)),
        )
        return at
    row.opened_at = tx.now
    move(tx, row, advance(ChangeState(row.state), Step.ASK))
    facts = changes.approval_facts(tx.session, row, tx.now)
    standing = gate(facts)
    gate_case(
        tx, row, "approval", [block for block in standing.blocks if block.startswith(("no_plan", "unsatisfiable"))]
    )
    if standing.verdict is Verdict.GRANTED:
        move(tx, row, advance(ChangeState(row.state), Step.APPROVE))
    at = stand(tx, row, facts)
    tx.record(
        "change.approval_asked",
        change,
        revision=revision,
        simulation=found,
        held=list(doing(outcomes, Consequence.HOLD)),
        inputs=dict(facts.inputs),
        carried=[d for d in standing.counted if _earlier(facts, d)],
        withdrawn=dict(standing.withdrawn),
    )
    return at


def _earlier(facts: ApprovalFacts, decision: str) -> bool:
    return any(d.id == decision and d.revision != facts.revision for d in facts.decisions)


@command(control=Control.NONE)
def confirm_impact(
    tx: Transaction,
    change: str,
    revision: int,
    impact: Impact,
    moved: tuple[str, ...],
    differences: tuple[Movement, ...] = (),
    provenance: Provenance | None = None,
    versions: Mapping[str, int] | None = None,
    simulation: str = "",
) -> Lifecycle:
    """Keep the impact as found again, with every difference to what approvers saw.

    versions: the bases on which it was found; simulation: the digest of a simulation that was run again on them. When
    it moved too far the change is assessed again and asks those who saw it (R-5.4).
    """
    row = _step(tx, change, revision)
    confirmation = Confirmation(
        impact=impact,
        moved=moved,
        at=tx.now.isoformat(),
        movements=differences,
        provenance=provenance,
        versions=versions or {},
        simulation=simulation,
    )
    found = write_evidence(tx, row, CONFIRMATION, confirmation, impact.quotes_file)
    if provenance is not None:
        _keep(tx, row, provenance)
    if moved:
        move(tx, row, advance(ChangeState(row.state), Step.REASSESS))
    else:
        touch(tx, row)
    at = stand(tx, row)
    tx.record(
        "change.impact_confirmed",
        change,
        "moved" if moved else "done",
        revision=revision,
        evidence=found,
        moved=list(moved),
        simulated_again=simulation,
    )
    return at


def _keep(tx: Transaction, row: ChangeRow, provenance: Provenance) -> None:
    """The snapshot on which evidence was found stays, so that anyone can find it again (R-6.4)."""
    if provenance.snapshot is not None:
        keep_snapshot(tx, provenance.snapshot, f"{row.id}/{row.revision}")


def write_evidence(tx: Transaction, row: ChangeRow, control: str, body: Model, file: str | None = None) -> str:
    """Store the canonical bytes of evidence for the current revision and return their digest (D4)."""
    stored = canonical(body.model_dump(mode="json"))
    digest = digest_of(stored)
    number = row.version
    tx.add(
        EvidenceRow(
            id=f"{row.id}/{row.revision}/{control}/{number}",
            change=row.id,
            revision=row.revision,
            control=control,
            number=number,
            body=stored,
            digest=digest,
            file=file,
            created_at=tx.now,
        )
    )
    return digest


def _step(tx: Transaction, change: str, revision: int) -> ChangeRow:
    require_system(tx)
    row = tx.lock(ChangeRow, change)
    require_revision(row, revision)
    return row
