"""Commands of the calendar: freezes hold back every effect, judged when it would happen (R-12.2)."""

import secrets
from typing import Annotated

from pydantic import Field

from commands.command import Authority, Control, command
from domain.artifact import EVERYWHERE
from domain.errors import Invalid, NotFound, Refused
from domain.given import Instant
from domain.kinds import kind_of
from domain.model import Model
from store.changes import zones
from store.tables.calendar import FreezeRow
from store.unit_of_work import Transaction

MAY_FREEZE = frozenset({"revenue-operations", "finance", "commercial-directors"})


class Freeze(Model):
    """No effect on this kind in this market between these instants; `*` is any."""

    kind: str = EVERYWHERE
    market: str = EVERYWHERE
    reason: Annotated[str, Field(min_length=3, max_length=400)]
    from_at: Instant
    until_at: Instant


@command(control=Control.OPERATION, authority=Authority.EXCLUSIVE)
def declare_freeze(tx: Transaction, freeze: Freeze) -> str:
    """Declare a freeze and return its id.

    Raises Invalid("bad_window", "unknown_kind"), NotFound("unknown_market"), Refused("may_not_freeze").
    """
    _may(tx)
    if freeze.kind != EVERYWHERE:
        kind_of(freeze.kind)
    zones(tx.session, (freeze.market,))
    if freeze.until_at <= freeze.from_at or freeze.until_at <= tx.now:
        raise Invalid("bad_window", "A freeze ends after it begins and after now.")
    row = FreezeRow(id=f"freeze-{secrets.token_hex(4)}", declared_by=tx.actor.party, **freeze.model_dump())
    tx.add(row)
    tx.record("calendar.freeze_declared", row.id, kind=row.kind, market=row.market, until=row.until_at.isoformat())
    return row.id


@command(control=Control.OPERATION, authority=Authority.EXCLUSIVE)
def lift_freeze(tx: Transaction, freeze: str) -> str:
    """Take back a freeze that has not begun, by whoever declared it.

    One that holds is ended by nobody alone: an exception for every change does it, to which others agree (R-12.3).
    Raises NotFound("unknown_freeze"), Refused("may_not_freeze", "not_yours", "freeze_in_force").
    """
    _may(tx)
    row = tx.lock(FreezeRow, freeze)
    if row.declared_by != tx.actor.party:
        raise Refused("not_yours", "Only who declared it takes it back; ask for an exception for every change (`*`).")
    if row.from_at <= tx.now:
        raise Refused("freeze_in_force", "It holds already; ask for an exception for every change (`*`).")
    if row.lifted_at is not None:
        raise NotFound("unknown_freeze", f"{freeze} is lifted already.")
    row.lifted_at = tx.now
    tx.record("calendar.freeze_lifted", freeze)
    return freeze


def _may(tx: Transaction) -> None:
    tx.actor.as_person()
    if not tx.actor.groups & MAY_FREEZE:
        raise Refused("may_not_freeze", f"Freezes are declared by {', '.join(sorted(MAY_FREEZE))}.")
