"""Commands of the lifecycle up to the approval: what was found becomes evidence of the revision (chapters 5 to 7)."""

from commands.changes import Receipt, move, receipt, require_revision, touch
from commands.command import Control, command
from commands.step import gate_case, require_system
from domain.approval import ApprovalFacts, Plan, Verdict, gate
from domain.canonical import canonical, digest_of
from domain.change import ChangeState, Step, advance
from domain.impact import Confirmation, Impact
from domain.model import Model
from domain.simulation import Simulation
from store import changes
from store.changes import CONFIRMATION, IMPACT, PLAN, SIMULATION
from store.tables.change import ChangeRow, EvidenceRow
from store.unit_of_work import Transaction


@command(control=Control.NONE)
def begin_assessment(tx: Transaction, change: str, revision: int) -> Receipt:
    """The worker takes a submitted change up. Raises Conflict("revision_moved", "illegal_transition")."""
    row = _step(tx, change, revision)
    move(tx, row, advance(ChangeState(row.state), Step.ASSESS))
    tx.record("change.assessment_begun", change, revision=revision)
    return receipt(row)


@command(control=Control.NONE)
def record_assessment(tx: Transaction, change: str, revision: int, impact: Impact, plan: Plan) -> Receipt:
    """Keep impact, tier and plan of a revision. Raises Conflict("revision_moved", "illegal_transition")."""
    row = _step(tx, change, revision)
    move(tx, row, advance(ChangeState(row.state), Step.SIMULATE))
    row.tier = plan.tier
    found = write_evidence(tx, row, IMPACT, impact, impact.quotes_file)
    planned = write_evidence(tx, row, PLAN, plan)
    tx.record(
        "change.assessed",
        change,
        revision=revision,
        impact=found,
        plan=planned,
        tier=plan.tier,
        policy=plan.policy,
        policy_version=plan.policy_version,
        quotes=impact.quotes,
    )
    return receipt(row)


@command(control=Control.NONE)
def record_simulation(tx: Transaction, change: str, revision: int, simulation: Simulation) -> Receipt:
    """Keep the simulation and ask the people, or send the change back when an invariant fails (R-6.3).

    Decisions of earlier revisions whose inputs did not move still count; they may already grant it (R-4.4).
    """
    row = _step(tx, change, revision)
    found = write_evidence(tx, row, SIMULATION, simulation, simulation.cases_file)
    if simulation.failed:
        move(tx, row, advance(ChangeState(row.state), Step.REQUEST_CHANGES))
        tx.record(
            "change.simulation_failed",
            change,
            "held",
            revision=revision,
            simulation=found,
            failed=list(simulation.failed),
        )
        return receipt(row)
    row.opened_at = tx.now
    move(tx, row, advance(ChangeState(row.state), Step.ASK))
    facts = changes.approval_facts(tx.session, row)
    standing = gate(facts)
    gate_case(
        tx, row, "approval", [block for block in standing.blocks if block.startswith(("no_plan", "unsatisfiable"))]
    )
    if standing.verdict is Verdict.GRANTED:
        move(tx, row, advance(ChangeState(row.state), Step.APPROVE))
    tx.record(
        "change.approval_asked",
        change,
        revision=revision,
        simulation=found,
        inputs=dict(facts.inputs),
        carried=[d for d in standing.counted if _earlier(facts, d)],
        withdrawn=dict(standing.withdrawn),
    )
    return receipt(row)


def _earlier(facts: ApprovalFacts, decision: str) -> bool:
    return any(d.id == decision and d.revision != facts.revision for d in facts.decisions)


@command(control=Control.NONE)
def confirm_impact(tx: Transaction, change: str, revision: int, impact: Impact, moved: tuple[str, ...]) -> Receipt:
    """Keep the impact as found again; when it moved too far the change is assessed again and asks those who saw it."""
    row = _step(tx, change, revision)
    found = write_evidence(tx, row, CONFIRMATION, Confirmation(impact=impact, moved=moved, at=tx.now.isoformat()))
    if moved:
        move(tx, row, advance(ChangeState(row.state), Step.REASSESS))
    else:
        touch(tx, row)
    tx.record(
        "change.impact_confirmed",
        change,
        "moved" if moved else "done",
        revision=revision,
        evidence=found,
        moved=list(moved),
    )
    return receipt(row)


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
