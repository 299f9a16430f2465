"""Replaying past deals through two versions of a policy, or a version and a change of it, on a snapshot (R-8.4)."""

from collections.abc import Iterator, Mapping

import duckdb
import pyarrow as pa
from sqlmodel import Session

from analysis.engine import Limits, engine, parquet
from analysis.policies import policy_at
from analysis.replay import DEALS, Version, replay
from analysis.replay_deals import deals_of
from domain.artifact import Content
from domain.errors import Conflict, Invalid
from domain.replay import DealPage, Replay
from domain.snapshot import Snapshot
from policies.content import policy_of
from store import artifacts, changes
from store.snapshots import SnapshotFiles, latest

PRICING, KIND = "pricing/standard", "approval"
PAGE = 50
KINDS: Mapping[str, str] = {
    "quote": "id VARCHAR, currency VARCHAR, total_minor BIGINT, segment VARCHAR, status VARCHAR",
    "quote_line": "quote VARCHAR, offering VARCHAR, quantity BIGINT, unit_price_micros BIGINT, "
    "discount_basis_points BIGINT",
    "contract": "id VARCHAR, quote VARCHAR",
    "contract_term": "contract VARCHAR, payment_days BIGINT",
}


def version_of(session: Session, artifact: str, number: int) -> Version:
    """A published version. Raises NotFound("unknown_artifact", "unknown_version"), Invalid("bad_policy")."""
    return Version(policy_at(session, artifact, number), f"version {number}")


def proposed_by(session: Session, artifact: str, change: str) -> Version:
    """The policy as a change would make it. Raises NotFound("unknown_change_request"), Invalid("other_artifact")."""
    row = changes.change(session, change)
    content = changes.revision_content(changes.revision(session, change, row.revision))
    if artifact not in {part.artifact for part in content.parts}:
        raise Invalid("other_artifact", f"{change} does not change {artifact}.", change=change)
    return Version(policy_of(artifacts.proposed(session, content.parts)[KIND]), change)


def replay_policy(
    session: Session, files: SnapshotFiles, limits: Limits, artifact: str, old: Version, new: Version
) -> Replay:
    """Past deals of the current snapshot through two policies.

    Raises Conflict("no_snapshot"), Invalid("bad_rule", "no_quote_rule"), Disagreement("replay_disagrees").
    """
    return replay_snapshot(*_current(session), files, limits, artifact, old, new)


def replayed_deals(
    session: Session, files: SnapshotFiles, limits: Limits, versions: tuple[Version, Version], flow: int, start: int
) -> DealPage:
    """The deals of a flow of a replay, a page from `start` on.

    Raises NotFound("unknown_flow") beside what `replay_policy` raises.
    """
    snapshot, book = _current(session)
    with engine(files, limits) as connection:
        _deals(connection, files, snapshot, book)
        return deals_of(connection, *versions, flow, start, PAGE)


def _current(session: Session) -> tuple[Snapshot, Content]:
    """The current snapshot, and the price book that says what things cost. Raises Conflict("no_snapshot")."""
    snapshot = latest(session)
    if snapshot is None:
        raise Conflict(
            "no_snapshot",
            "There is no snapshot of quotes yet; wait for it, or take one (`mandate ops snapshot`).",
        )
    return snapshot, artifacts.content(session, PRICING, artifacts.latest(session, PRICING))


def replay_snapshot(
    snapshot: Snapshot, book: Content, files: SnapshotFiles, limits: Limits, artifact: str, old: Version, new: Version
) -> Replay:
    """Past deals of a snapshot, with the costs of a price book, through two policies. Raises as `replay_policy`."""
    with engine(files, limits) as connection:
        _deals(connection, files, snapshot, book)
        return replay(connection, artifact, old, new, snapshot.digest)


def _deals(connection: duckdb.DuckDBPyConnection, files: SnapshotFiles, snapshot: Snapshot, book: Content) -> None:
    """Make the view `deal` over the snapshot and the unit costs of the price book."""
    for kind, columns in KINDS.items():
        paths = files.paths(snapshot, kind)
        if paths:
            connection.execute(f"CREATE VIEW {kind} AS SELECT * FROM {parquet(paths)}")
        else:
            connection.execute(f"CREATE TABLE {kind} ({columns})")
    costs = pa.table(dict(zip(("offering", "currency", "unit_cost_micros"), _costs(book), strict=True)))
    connection.register("unit_cost", costs)
    connection.execute(f"CREATE VIEW deal AS {DEALS}")


def _costs(book: Content) -> Iterator[pa.Array]:
    found = [entry for entry in book.values() if entry["type"] == "cost"]
    yield pa.array([entry["offering"] for entry in found], pa.string())
    yield pa.array([entry["currency"] for entry in found], pa.string())
    yield pa.array([entry["unit_cost_micros"] for entry in found], pa.int64())
