"""Policy replay: past deals through two versions of a policy, or a version and a change of it (R-8.4)."""

from typing import Annotated

from fastapi import APIRouter, Query
from sqlmodel import Session

from analysis.engine import Limits
from analysis.replay import Version
from api.parts import Asking, Counted, InstallationParts, Parts, Reading, Whole
from domain.errors import Invalid
from domain.replay import DealPage, Replay
from queries.replay import proposed_by, replay_policy, replayed_deals, version_of
from store.snapshots import SnapshotFiles

router = APIRouter(prefix="/api/policy-replays", tags=["policies"])
POLICY = "approval/standard"


def tools(installation: Parts) -> tuple[SnapshotFiles, Limits]:
    """Where snapshots are, and how much an analysis may use."""
    return SnapshotFiles(installation.settings.snapshot_url), installation.limits


def replayed(
    session: Session, installation: Parts, policy: str, old: int, new: int | None, change: str | None
) -> Replay:
    """Version `old` against version `new` or against a change. Raises Invalid("nothing_to_compare") without either."""
    return replay_policy(session, *tools(installation), policy, *compared(session, policy, old, new, change))


def compared(session: Session, policy: str, old: int, new: int | None, change: str | None) -> tuple[Version, Version]:
    """The two policies. Raises Invalid("nothing_to_compare") where there is no second one, or two of them."""
    if (new is None) == (change is None):
        raise Invalid("nothing_to_compare", "Name a second version, or a change of the policy.")
    one = version_of(session, policy, old)
    other = proposed_by(session, policy, change) if change is not None else version_of(session, policy, new or 0)
    return one, other


@router.get("")
def compare(
    installation: InstallationParts,
    _asking: Asking,
    session: Reading,
    old: Counted,
    new: Counted | None = None,
    change: Annotated[str | None, Query(max_length=40)] = None,
    policy: Annotated[str, Query(max_length=120)] = POLICY,
) -> Replay:
    """Past deals through two versions, or through a version and a change of it that is proposed."""
    return replayed(session, installation, policy, old, new, change)


@router.get("/deals")
def deals(
    installation: InstallationParts,
    _asking: Asking,
    session: Reading,
    old: Counted,
    flow: Whole,
    new: Counted | None = None,
    change: Annotated[str | None, Query(max_length=40)] = None,
    policy: Annotated[str, Query(max_length=120)] = POLICY,
    start: Whole = 0,
) -> DealPage:
    """The deals of a flow, by its place among the flows, with the facts that policies ask for.

    The largest of each currency come in turn.
    """
    versions = compared(session, policy, old, new, change)
    return replayed_deals(session, *tools(installation), versions, flow, start)
