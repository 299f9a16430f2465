"""Starting the workflows again from the database, after Temporal was lost or moved (D8)."""

from sqlalchemy import select

from commands.command import Authority, Control, command
from domain.change import ChangeState
from store.tables.change import ChangeRow
from store.unit_of_work import Bell, Transaction


@command(control=Control.OPERATION, authority=Authority.FREE)
def wake_open_changes(tx: Transaction) -> list[Bell]:
    """Leave a wake-up for every change that is under way and return them; whoever calls rings them."""
    under_way = select(ChangeRow.id).where(  # type: ignore[call-overload]
        ChangeRow.closed.is_(False),  # type: ignore[attr-defined]
        ChangeRow.state != ChangeState.DRAFT,
    )
    for change in tx.session.execute(under_way.order_by(ChangeRow.id)).scalars():
        tx.wake(change, "rebuild")
    tx.record("workflows.rebuilt", "installation", changes=len(tx.bells))
    return list(tx.bells)
