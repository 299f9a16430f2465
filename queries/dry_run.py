"""What would happen if a change were submitted: nothing is recorded but the fact of the dry run (R-4.3)."""

from dataclasses import replace
from datetime import datetime

from analysis.assessment import Requested, Wide, assess, run_simulation
from analysis.impact import Sources
from analysis.proposals import Proposal, build_content
from domain.approval import ApprovalFacts, Plan, gate
from domain.forecast import Forecast, forecast, missing
from domain.impact import Impact
from domain.judging import Judged, judged
from domain.model import Model
from domain.ownership import Ownership
from domain.party import Actor
from domain.risk import RiskScore
from domain.simulation import Simulation
from queries.changes import words
from store import changes
from store.directory import holders
from store.freezes import closed_periods, freezes
from store.touches import Collision


class DryRun(Model):
    """What a submission would lead to.

    The tier and why, the risk, who owns it, who would be asked, which stages nobody can fill, impact, simulation,
    what follows of checks that did not pass, open changes of the same, freezes now, instants by market as asked for,
    the earliest legal slots and how long it takes, what evidence is missing.
    """

    tier: int
    reasons: tuple[str, ...]
    plan: Plan
    candidates: dict[str, tuple[str, ...]]
    unsatisfiable: tuple[str, ...]
    impact: Impact
    risk: RiskScore
    ownership: Ownership
    collisions: tuple[Collision, ...]
    simulation: Simulation
    judged: tuple[Judged, ...]
    instants: dict[str, datetime | None]
    freezes: tuple[str, ...]
    forecast: Forecast
    missing: tuple[str, ...]
    words: tuple[str, ...]


def dry_run(sources: Sources, actor: Actor, proposal: Proposal, wide: Wide | None = None) -> DryRun:
    """Try a proposal and keep no file of it. Raises Invalid, NotFound and Conflict as submitting it would."""
    sources = replace(sources, files=sources.files.unkept())
    session, now = sources.session, sources.now
    content = build_content(session, now, proposal)
    found = assess(sources, content, Requested(change="", requester=actor.party))
    impact, plan = found.impact, found.plan
    groups = frozenset(group for stage in plan.stages for slot in stage.slots for group in slot.groups)
    standing = gate(
        ApprovalFacts(
            revision=1,
            plan=plan,
            inputs={},
            groups=holders(session, groups).groups,
            excluded={actor.party: "you request it"},
            opened_at=now,
        )
    )
    markets = content.scope.markets
    simulation = run_simulation(session, content, sources.files, impact.quotes, wide)
    outcomes = judged(simulation, plan.checks)
    instants = content.effective.instants(changes.zones(session, markets))
    periods = closed_periods(session, content.kind, now)
    return DryRun(
        tier=plan.tier,
        reasons=plan.reasons,
        plan=plan,
        candidates={
            stage.id: tuple(sorted({c for slot in stage.slots for c in slot.candidates})) for stage in standing.stages
        },
        unsatisfiable=standing.blocks,
        impact=impact,
        risk=found.risk,
        ownership=found.ownership,
        collisions=found.collisions,
        simulation=simulation,
        judged=outcomes,
        instants=instants,
        freezes=tuple(freeze.id for freeze in freezes(session, content.kind, markets, now)),
        forecast=forecast(plan, instants, periods, content.monitoring_period, now),
        missing=missing(plan, outcomes, standing.blocks),
        words=words(content),
    )
