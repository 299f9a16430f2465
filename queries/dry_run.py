"""What would happen if a change were submitted: nothing is recorded but the fact of the dry run (R-4.3)."""

from datetime import datetime

from sqlmodel import Session

from analysis.assessment import find_impact, find_plan, run_simulation
from analysis.proposals import Proposal, build_content
from domain.approval import ApprovalFacts, Plan, gate
from domain.impact import Impact
from domain.model import Model
from domain.party import Actor
from domain.simulation import Simulation
from queries.changes import words
from store import changes
from store.directory import holders
from store.files import FileStore


class DryRun(Model):
    """What a submission would lead to.

    The tier and why, who would be asked, which stages nobody can fill, impact, simulation, freezes now, instants by
    market.
    """

    tier: int
    reasons: tuple[str, ...]
    plan: Plan
    candidates: dict[str, tuple[str, ...]]
    unsatisfiable: tuple[str, ...]
    impact: Impact
    simulation: Simulation
    instants: dict[str, datetime | None]
    freezes: tuple[str, ...]
    words: tuple[str, ...]


def dry_run(session: Session, now: datetime, files: FileStore, actor: Actor, proposal: Proposal) -> DryRun:
    """Try a proposal. Raises Invalid, NotFound and Conflict as submitting it would."""
    content = build_content(session, now, proposal)
    impact = find_impact(session, content, files)
    plan = find_plan(session, content, impact)
    groups = frozenset(group for stage in plan.stages for slot in stage.slots for group in slot.groups)
    standing = gate(
        ApprovalFacts(
            revision=1,
            plan=plan,
            inputs={},
            groups=holders(session, groups),
            excluded={actor.party: "you request it"},
            opened_at=now,
        )
    )
    markets = content.scope.markets
    return DryRun(
        tier=plan.tier,
        reasons=plan.reasons,
        plan=plan,
        candidates={
            stage.id: tuple(sorted({c for slot in stage.slots for c in slot.candidates})) for stage in standing.stages
        },
        unsatisfiable=standing.blocks,
        impact=impact,
        simulation=run_simulation(session, content, files),
        instants=content.effective.instants(changes.zones(session, markets)),
        freezes=tuple(freeze.id for freeze in changes.freezes(session, content.kind, markets, now)),
        words=words(content),
    )
