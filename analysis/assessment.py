"""Impact, plan and simulation of a change from what is live now; shared by the lifecycle and by the dry run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlmodel import Session

from analysis.colliding import collides
from analysis.engine import USUAL, Limits
from analysis.impact import Sources, find, touched_by
from analysis.policies import strict_plan
from analysis.simulation import simulate_few, simulate_many
from analysis.simulation_engine import Books
from analysis.simulation_scenes import live_scenes
from analysis.simulation_subject import Subject
from domain.approval import Plan
from domain.artifact import Content, Part, apply
from domain.change import ChangeContent
from domain.combination import Combinations
from domain.impact import Found, Impact, Provenance
from domain.kinds import kind_of
from domain.kinds.kind import Touched
from domain.kinds.workflow import closing
from domain.model import Model
from domain.ownership import Ownership, ownership_of
from domain.pricing import book_of
from domain.risk import RiskFacts, RiskScore, risk_of
from domain.simulation import Simulation
from domain.snapshot import Snapshot
from domain.tiering import summed_fall, tiering_facts
from policies.plan import Calendars, plan_for, raised, tier_of
from policies.table import ApprovalPolicy
from store import artifacts, changes
from store.calendars import calendars
from store.files import FileStore
from store.freezes import freezes
from store.ownership import OWNERSHIP
from store.policies import before_own
from store.quotes import open_ids_using, open_quotes_using
from store.snapshots import SnapshotFiles, latest
from store.standards import STANDARDS, standard_standing
from store.touches import Collision, Surroundings, surroundings

POLICY, PRICING, CONTRACTS = "approval/standard", "pricing/standard", "integration/standard"
WORKFLOW = "workflow/standard"
READ = frozenset({"catalog", "pricing", "promotion", "integration"})
"""Kinds whose content other systems read through contracts."""


@dataclass(frozen=True)
class Wide:
    """Where wide simulations find their quotes, and how much they may use.

    few: up to so many affected quotes the reference is quicker than the engine, which has to look at all.
    """

    snapshots: SnapshotFiles
    limits: Limits
    few: int = 500


def sources(session: Session, files: FileStore, now: datetime, wide: Wide | None) -> Sources:
    """What an analysis of impact works with."""
    return Sources(session, files, now, wide.snapshots if wide else None, wide.limits if wide else USUAL)


def find_impact(sources: Sources, content: ChangeContent) -> Found:
    """What the change moves in open business now, and how that was found."""
    return find(sources, content.parts)


class Requested(Model):
    """For whom a change is assessed: its id (empty in a dry run) and who asked for it."""

    change: str
    requester: str


class Assessment(Model):
    """What is found of a revision before people are asked: impact, risk, plan, owner, and who touches the same.

    combined: what it does together with those of them that it meets.
    """

    impact: Impact
    provenance: Provenance | None
    risk: RiskScore
    plan: Plan
    ownership: Ownership
    collisions: tuple[Collision, ...]
    combined: Combinations | None = None


def assess(sources: Sources, content: ChangeContent, of: Requested) -> Assessment:
    """Impact, risk, tier and plan by the policy and the ownership in force.

    Raises Invalid("bad_rule", "no_stage_rule", "bad_policy"), Refused("no_accountable_group").
    """
    session, now = sources.session, sources.now
    found = find_impact(sources, content)
    impact = found.impact
    latest = artifacts.latest_of(session, POLICY, OWNERSHIP, CONTRACTS, STANDARDS, WORKFLOW)
    owner = ownership_of(latest[OWNERSHIP].content, content.kind)
    around = surroundings(session, content, of.change, of.requester, owner.accountable, now)
    starts = content.effective.date or now.date()
    facts = tiering_facts(content, impact, around.earlier, closing(latest[WORKFLOW].content, starts))
    planned = partial(_plan, facts=facts, content=content, owner=owner, working=calendars(session, now))
    plan = strict_plan(session, latest[POLICY].number, _binding(session, of, now), planned)
    assert plan is not None
    if content.standard:
        summed = int(str(facts["summed_increase_percent"])), summed_fall(content, around.earlier)
        plan = _standard_plan(session, plan, content, impact, summed, latest[STANDARDS].content, now)
    return Assessment(
        impact=impact,
        provenance=found.provenance,
        risk=risk_of(content, impact, _risk_facts(session, content, now, around, facts, latest[CONTRACTS].content)),
        plan=plan,
        ownership=owner,
        collisions=around.collisions,
    )


def _plan(
    policy: ApprovalPolicy,
    version: int,
    facts: Mapping[str, object],
    content: ChangeContent,
    owner: Ownership,
    working: Calendars,
) -> Plan:
    tiering = raised(tier_of(policy, facts), content.least_tier)
    return plan_for(policy, (POLICY, version), tiering, owner, working)


def _binding(session: Session, of: Requested, now: datetime) -> set[int]:
    """The earlier versions of the policy below which a plan may not fall (R-8.6).

    That is the one with which the change started, and those before one that the requester has written lately.
    """
    started = changes.started_with(session, of.change)
    return before_own(session, POLICY, of.requester, now) | ({started} if started else set())


HIGHEST_STANDARD_TIER = 2


def _standard_plan(
    session: Session,
    plan: Plan,
    content: ChangeContent,
    impact: Impact,
    summed: tuple[int, int],
    templates: Content,
    now: datetime,
) -> Plan:
    """Nobody is asked inside the bounds of a template; outside, everybody is, and the plan says why (R-3.5)."""
    key, reasons = standard_standing(session, templates, content, impact, summed, now)
    if content.least_tier or plan.tier > HIGHEST_STANDARD_TIER:
        reasons = (*reasons, f"tier {plan.tier} is decided each time")
    if reasons:
        why = f"not the standard change {content.standard}: {', '.join(reasons)}"
        return plan.model_copy(update={"reasons": (*plan.reasons, why)})
    pre_approved = f"inside the bounds of the standard change {content.standard}, which is approved in advance"
    return plan.model_copy(update={"stages": (), "standard": key, "reasons": (*plan.reasons, pre_approved)})


def _risk_facts(
    session: Session,
    content: ChangeContent,
    now: datetime,
    around: Surroundings,
    facts: Mapping[str, object],
    contracts: Content,
) -> RiskFacts:
    markets = content.scope.markets
    instants = content.effective.instants(changes.zones(session, markets))
    return RiskFacts(
        tiering=facts,
        risk=kind_of(content.kind).risk,
        failures=around.failures,
        collisions=len(around.collisions),
        frozen=len(freezes(session, content.kind, markets, now)),
        starts=min((at for at in instants.values() if at is not None), default=None),
        now=now,
        consumers=sum(entry["type"] == "consumer" for entry in contracts.values()) if content.kind in READ else 0,
    )


def run_simulation(
    session: Session,
    content: ChangeContent,
    files: FileStore,
    affected: int = 0,
    wide: Wide | None = None,
    snapshot: Snapshot | None = None,
) -> Simulation:
    """Every affected quote by the live and the proposed content. Raises Conflict("entries_moved").

    affected: how many quotes the impact found; many of them are read from the snapshot (None: from the one that is
    there, if any).
    """
    subject = subject_of(session, content.parts)
    snapshot = snapshot or (latest(session) if wide and affected > wide.few else None)
    look = live_scenes(session)
    if wide is None or snapshot is None:
        return simulate_few(subject, open_quotes_using(session, touched_by(content.parts)), files, look)
    return simulate_many(subject, snapshot, wide.snapshots, wide.limits, files, look=look)


def is_wide(session: Session, touched: Sequence[Touched], wide: Wide | None) -> bool:
    """Whether so many open quotes are affected that a snapshot is scanned, where there is one."""
    return wide is not None and len(open_ids_using(session, touched)) > wide.few


def on_todays_quotes(session: Session, files: FileStore, subject: Subject, wide: Wide | None) -> Simulation:
    """A simulation that nobody is asked about, in memory or, where so many quotes are affected, over the snapshot."""
    touched, snapshot = subject.books.touched, latest(session) if wide else None
    if wide and snapshot and is_wide(session, touched, wide):
        return simulate_many(subject, snapshot, wide.snapshots, wide.limits, files, look=live_scenes(session))
    return simulate_few(subject, open_quotes_using(session, touched), files, live_scenes(session))


def subject_of(session: Session, parts: Sequence[Part], with_changes: tuple[str, ...] = ()) -> Subject:
    """What is simulated: parts of one or several changes on what is live. Raises Conflict("entries_moved")."""
    now = artifacts.latest_of(session).values()
    contents = {found.artifact: found.content for found in now}
    return build_subject(contents, {found.artifact: found.number for found in now}, parts, with_changes)


def overtaken(session: Session, versions: Mapping[str, int], content: ChangeContent) -> list[str]:
    """The artifacts to which something that collides with the change was published after these versions (R-4.5).

    versions: of every artifact, so that one that is not among them came later; without any nothing is known.
    """
    found = []
    for artifact, newest in artifacts.latest_numbers(session).items() if versions else ():
        number = versions.get(artifact, 0)
        if newest > number:
            since = Part(
                artifact=artifact, base=number, operations=artifacts.operations_since(session, artifact, number)
            )
            if collides(session, content.parts, (since,)):
                found.append(artifact)
    return found


def contents_at(session: Session, versions: Mapping[str, int]) -> dict[str, Content]:
    """The content of each artifact at a version. Raises NotFound("unknown_version")."""
    return {name: artifacts.content(session, name, number) for name, number in versions.items()}


def build_subject(
    live: Mapping[str, Content], versions: Mapping[str, int], parts: Sequence[Part], with_changes: tuple[str, ...] = ()
) -> Subject:
    """The books before and after the parts, one after the other. Raises Conflict("entries_moved")."""
    after = dict(live)
    for part in parts:
        after[part.artifact] = apply(after[part.artifact], part.operations)
    old, new = (book_of(contents.get(PRICING, {}), contents) for contents in (live, after))
    current, proposed = (
        artifacts.by_kind((name.partition("/")[0], content) for name, content in contents.items())
        for contents in (live, after)
    )
    return Subject(parts, current, proposed, versions, Books(old, new, touched_by(parts)), with_changes)
