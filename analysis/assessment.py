"""Impact, plan and simulation of a change from what is live now; shared by the lifecycle and by the dry run."""

from sqlmodel import Session

from analysis.impact import impact_of, touched_by
from analysis.simulation import simulate
from domain.approval import Plan
from domain.change import ChangeContent
from domain.impact import Impact
from domain.kinds import kind_of
from domain.pricing import PriceBook
from domain.simulation import Simulation
from domain.tiering import tiering_facts
from policies.content import policy_of
from policies.plan import plan_for, tier_of
from store import artifacts
from store.files import FileStore
from store.quotes import open_quotes_using

POLICY, PRICING = "approval/standard", "pricing/standard"


def find_impact(session: Session, content: ChangeContent, files: FileStore) -> Impact:
    """What the change moves in open quotes now."""
    return impact_of(content.parts, open_quotes_using(session, touched_by(content.parts)), files)


def find_plan(session: Session, content: ChangeContent, impact: Impact) -> Plan:
    """Tier and plan by the live approval policy. Raises Invalid("bad_rule", "no_stage_rule", "bad_policy")."""
    version = artifacts.latest(session, POLICY)
    policy = policy_of(artifacts.content(session, POLICY, version))
    tiering = tier_of(policy, tiering_facts(content, impact))
    return plan_for(policy, (POLICY, version), tiering, kind_of(content.kind).owner_group)


def run_simulation(session: Session, content: ChangeContent, files: FileStore) -> Simulation:
    """Every affected quote by the live and the proposed content. Raises Conflict("entries_moved")."""
    quotes = open_quotes_using(session, touched_by(content.parts))
    proposed = artifacts.proposed(session, content.parts)
    versions = {part.artifact: artifacts.latest(session, part.artifact) for part in content.parts}
    live = artifacts.price_book(session, PRICING, artifacts.latest(session, PRICING))
    return simulate(content.parts, quotes, live, PriceBook(proposed["pricing"]), proposed, versions, files)
