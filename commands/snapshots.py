"""Recording snapshots: from this transaction on a snapshot is the current one; old ones go by reference (D13a)."""

from sqlalchemy import delete, select

from commands.command import Authority, Control, command
from commands.step import require_system
from domain.canonical import canonical, parse
from domain.snapshot import Snapshot
from store import changes, snapshots
from store.tables.columns import table_of
from store.tables.snapshot import SnapshotRow, SnapshotUseRow
from store.unit_of_work import Transaction

KEPT = 3
"""Unreferenced snapshots that are kept: who has just read the manifest of one still finds its files."""
HELD = "held/"
"""Before the name of what is being simulated on a snapshot, and is no evidence yet."""
ROWS, USES = table_of(SnapshotRow), table_of(SnapshotUseRow)


@command(control=Control.OPERATION, authority=Authority.FREE)
def record_snapshot(tx: Transaction, snapshot: Snapshot) -> str:
    """Make a snapshot the current one. Raises Refused("system_only")."""
    require_system(tx)
    manifest = canonical(snapshot.model_dump(mode="json"))
    tx.add(SnapshotRow(digest=snapshot.digest, manifest=manifest, created_at=tx.now))
    tx.record(
        "snapshot.taken",
        "snapshots",
        digest=snapshot.digest,
        rows={kind: snapshot.rows(kind) for kind in snapshot.kinds},
        below=dict(snapshot.below),
        faults=dict(snapshot.faults),
    )
    return snapshot.digest


@command(control=Control.OPERATION, authority=Authority.FREE, audited=False)
def forget_snapshots(tx: Transaction) -> list[str]:
    """Forget snapshots that no evidence refers to and no simulation runs on, apart from the last few.

    Returns the files that those kept still need. Raises Refused("system_only").
    """
    require_system(tx)
    _let_go(tx)
    last = select(ROWS.c.number).order_by(ROWS.c.number.desc()).limit(KEPT)
    used = select(USES.c.snapshot)
    tx.session.execute(
        delete(ROWS).where(ROWS.c.number.not_in(last.scalar_subquery()), ROWS.c.digest.not_in(used.scalar_subquery()))
    )
    kept = tx.session.execute(select(ROWS.c.manifest)).scalars()
    manifests = [Snapshot.model_validate(parse(manifest)) for manifest in kept]
    return sorted({partition.file for manifest in manifests for partition in manifest.partitions})


@command(control=Control.OPERATION, authority=Authority.FREE, audited=False)
def hold_snapshot(tx: Transaction, digest: str, change: str, revision: int) -> None:
    """A wide simulation of a revision begins on a snapshot, which stays until it is done, however many are taken since.

    Raises Refused("system_only"), NotFound("unknown_snapshot").
    """
    require_system(tx)
    keep_snapshot(tx, digest, f"{HELD}{change}/{revision}")


def _let_go(tx: Transaction) -> None:
    """What was held for simulations that are over: concluded, withdrawn or edited. Evidence keeps its own."""
    held = tx.session.execute(select(USES.c.used_by).where(USES.c.used_by.startswith(HELD))).scalars()
    for used_by in set(held):
        change, _, revision = used_by.removeprefix(HELD).rpartition("/")
        if not changes.simulates(tx.session, change, int(revision)):
            tx.session.execute(delete(USES).where(USES.c.used_by == used_by))


def keep_snapshot(tx: Transaction, digest: str, used_by: str) -> None:
    """Evidence refers to a snapshot: it is kept from now on. Raises NotFound("unknown_snapshot")."""
    snapshots.named(tx.session, digest)
    if tx.session.get(SnapshotUseRow, (digest, used_by)) is None:
        tx.add(SnapshotUseRow(snapshot=digest, used_by=used_by))
