"""Loading freezes: those that hold effects back now, and the periods in which none will be legal (R-12.2, R-12.3)."""

from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlmodel import Session

from domain.artifact import EVERYWHERE
from domain.emergency import NEVER_TIER
from domain.forecast import Closed
from store.tables.calendar import FreezeRow
from store.tables.change import ChangeRow
from store.tables.columns import table_of
from store.tables.emergency import BreakGlassRow
from store.tables.request import FreezeExceptionRow

FREEZES, EXCEPTIONS, GLASS = table_of(FreezeRow), table_of(FreezeExceptionRow), table_of(BreakGlassRow)
CHANGES = table_of(ChangeRow)

# Built once, as it is on the path of every release.
FROZEN = select(FreezeRow).where(
    FREEZES.c.from_at <= bindparam("now"),
    FREEZES.c.until_at > bindparam("now"),
    FREEZES.c.lifted_at.is_(None),
    FREEZES.c.kind.in_(bindparam("kinds", expanding=True)),
    FREEZES.c.id.not_in(
        select(EXCEPTIONS.c.freeze).where(
            EXCEPTIONS.c.change.in_(bindparam("changes", expanding=True)), EXCEPTIONS.c.until_at > bindparam("now")
        )
    ),
)
BROKEN = (
    select(GLASS.c.id)
    .join(CHANGES, CHANGES.c.id == GLASS.c.change)
    .where(
        GLASS.c.change == bindparam("change"),
        GLASS.c.until_at > bindparam("now"),
        CHANGES.c.emergency,
        CHANGES.c.tier < NEVER_TIER,
    )
    .limit(1)
)


def freezes(
    session: Session, kind: str, markets: tuple[str, ...], now: datetime, change_id: str = EVERYWHERE
) -> list[FreezeRow]:
    """The freezes that forbid an effect of this kind in any of these markets now (R-12.2).

    change_id: the change that would take effect; approved exceptions for it, and for every change, count (R-12.3).
    """
    asked = {"now": now, "kinds": (kind, EVERYWHERE), "changes": (change_id, EVERYWHERE)}
    rows = session.execute(FROZEN, asked).scalars()
    found = [row for row in rows if row.market == EVERYWHERE or EVERYWHERE in markets or row.market in markets]
    return [] if found and _glass_broken(session, change_id, now) else found


def _glass_broken(session: Session, change_id: str, now: datetime) -> bool:
    """Whether a break-glass window lets a change pass freezes; never one of tier 4, whatever it was before (R-4.7)."""
    return session.execute(BROKEN, {"change": change_id, "now": now}).first() is not None


def closed_periods(session: Session, kind: str, now: datetime) -> list[Closed]:
    """The periods from now on in which no effect of this kind is legal, by market; the earliest first.

    Exceptions for every change are taken off; those for one change are not, as it is not there yet.
    """
    lifted = (
        select(func.max(EXCEPTIONS.c.until_at))
        .where(EXCEPTIONS.c.freeze == FREEZES.c.id, EXCEPTIONS.c.change == EVERYWHERE)
        .scalar_subquery()
    )
    query = select(FREEZES.c.id, FREEZES.c.market, FREEZES.c.from_at, FREEZES.c.until_at, lifted).where(
        FREEZES.c.until_at > now, FREEZES.c.lifted_at.is_(None), FREEZES.c.kind.in_((kind, EVERYWHERE))
    )
    found = (
        Closed(freeze=freeze, market=market, since=max(since, open_until or since), until=until)
        for freeze, market, since, until, open_until in session.execute(query)
    )
    return sorted((period for period in found if period.since < period.until), key=lambda period: period.since)
