"""Replaying past deals through two versions of a policy, or a version and a change of it, on a snapshot (R-8.4)."""

from functools import partial

from sqlmodel import Session

from analysis.deals import Past, load_deals
from analysis.engine import Limits, engine
from analysis.policies import policy_at
from analysis.replay import Version, replay
from analysis.replay_deals import deals_of
from domain.errors import Conflict, Invalid, NotFound
from domain.pricing import PriceBook
from domain.replay import DealPage, Replay
from policies.content import policy_of
from store import artifacts, changes
from store.quote_approvals import kept_facts, owner
from store.snapshots import SnapshotFiles, latest

PRICING, KIND = "pricing/standard", "approval"
PAGE = 50


def version_of(session: Session, artifact: str, number: int) -> Version:
    """A published version. Raises NotFound("unknown_artifact", "unknown_version"), Invalid("bad_policy")."""
    return Version(policy_at(session, artifact, number), f"version {number}", owner(session))


def proposed_by(session: Session, artifact: str, change: str) -> Version:
    """The policy as a change would make it. Raises NotFound("unknown_change_request"), Invalid("other_artifact")."""
    row = changes.change(session, change)
    content = changes.content(session, change, row.revision)
    if artifact not in {part.artifact for part in content.parts}:
        raise Invalid("other_artifact", f"{change} does not change {artifact}.", change=change)
    return Version(policy_of(artifacts.proposed(session, content.parts)[KIND]), change, owner(session))


def replay_policy(
    session: Session, files: SnapshotFiles, limits: Limits, artifact: str, old: Version, new: Version
) -> Replay:
    """Past deals of the current snapshot through two policies.

    Raises Conflict("no_snapshot"), Invalid("bad_rule", "no_quote_rule"), Disagreement("replay_disagrees").
    """
    return replay_snapshot(_current(session), files, limits, artifact, old, new)


def replayed_deals(
    session: Session, files: SnapshotFiles, limits: Limits, versions: tuple[Version, Version], flow: int, start: int
) -> DealPage:
    """The deals of a flow of a replay, a page from `start` on.

    Raises NotFound("unknown_flow") beside what `replay_policy` raises.
    """
    with engine(files, limits) as connection:
        load_deals(connection, files, _current(session))
        return deals_of(connection, *versions, flow, start, PAGE)


def _current(session: Session) -> Past:
    """The deals of the current snapshot, and what decides about them. Raises Conflict("no_snapshot")."""
    snapshot = latest(session)
    if snapshot is None:
        raise Conflict(
            "no_snapshot",
            "There is no snapshot of quotes yet; wait for it, or take one (`mandate ops snapshot`).",
        )
    return Past(snapshot, partial(_book, session), kept_facts(session))


def _book(session: Session, number: int) -> PriceBook | None:
    try:
        return artifacts.price_book(session, PRICING, number)
    except NotFound:
        return None


def replay_snapshot(
    past: Past, files: SnapshotFiles, limits: Limits, artifact: str, old: Version, new: Version
) -> Replay:
    """Past deals of a snapshot through two policies. Raises as `replay_policy`."""
    with engine(files, limits) as connection:
        deals = load_deals(connection, files, past)
        compared = deals.compare()
        found = replay(connection, artifact, old, new, past.snapshot.digest)
    return found.model_copy(update={"decided": deals.decided, "compared": compared})
