"""Starting the workflows again from the database, after Temporal was lost or moved (D8)."""

from sqlalchemy import select
from sqlmodel import col

from commands.command import Authority, Control, command
from domain.change import ChangeState
from store.subjects import SUBJECTS
from store.unit_of_work import Bell, Transaction


@command(control=Control.OPERATION, authority=Authority.FREE)
def wake_open_changes(tx: Transaction) -> list[Bell]:
    """Leave a wake-up for every change and request that is under way and return them; whoever calls rings them."""
    for kind in SUBJECTS:
        under_way = select(col(kind.table.id)).where(
            col(kind.table.closed).is_(False), col(kind.table.state) != ChangeState.DRAFT
        )
        for subject in tx.session.execute(under_way.order_by(col(kind.table.id))).scalars():
            tx.wake(subject, "rebuild")
    tx.record("workflows.rebuilt", "installation", changes=len(tx.bells))
    return list(tx.bells)
