"""Bringing live versions to target systems: ask before repeating what may have happened, compare what came (R-15.3)."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from commands.releases import DeliveryNote
from connectors.target import DeliveryOrder, DeliveryResult, Target, settle
from domain.artifact import EVERYWHERE
from domain.errors import Unavailable
from store import artifacts
from store.database import Database
from store.tables.artifact import VersionRow
from store.tables.release import DeliveryRow

OVERTAKEN = "a later version is there"
KEPT_AFTER = 2.0


def deliver_owed(
    database: Database, targets: Mapping[str, Target], change: str, beat: Callable[[], None]
) -> Iterator[tuple[DeliveryNote, ...]]:
    """Deliver what a change still owes, the latest version for each place, and say what became of each delivery.

    What is known is handed over after a few seconds at the latest, so that it can be kept while others keep silent;
    beat: called after each delivery.
    """
    notes, begun = list[DeliveryNote](), time.monotonic()
    for row, order, later in _orders(database, change, owed=True):
        overtaken = "confirmed" in later
        notes.append(_as_note(row, "confirmed", OVERTAKEN) if overtaken else _deliver(targets, row, order, bool(later)))
        beat()
        if time.monotonic() - begun > KEPT_AFTER:
            yield tuple(notes)
            notes, begun = [], time.monotonic()
    if notes:
        yield tuple(notes)


def verify_live(database: Database, targets: Mapping[str, Target], change: str) -> tuple[DeliveryNote, ...]:
    """Ask every target whether it still holds what the change delivered; nothing is sent."""
    if not targets:
        return ()
    notes = []
    for row, order, later in _orders(database, change, owed=False):
        if not later and (target := targets.get(row.target)) is not None:
            notes.append(_note(row, settle(target, order)))
    return tuple(notes)


def troubles(notes: Sequence[DeliveryNote]) -> tuple[str, ...]:
    """The deliveries that are not confirmed, as state and target."""
    return tuple(f"{note.state}:{note.target}" for note in notes if note.state != "confirmed")


def tries(session: Session, change: str) -> int:
    """How often the deliveries that a change still owes were tried at most; 0 where it owes none."""
    owed = col(DeliveryRow.change) == change, col(DeliveryRow.state) != "confirmed"
    return session.execute(select(func.max(col(DeliveryRow.attempts))).where(*owed)).scalar_one() or 0


def _orders(database: Database, change: str, owed: bool) -> Sequence[tuple[DeliveryRow, DeliveryOrder, frozenset[str]]]:
    """The deliveries of a change with what is to be held, and the states of later deliveries to the same place."""
    with database.reading() as session:
        query = (
            select(DeliveryRow)
            .where(col(DeliveryRow.change) == change)
            .order_by(col(DeliveryRow.market), col(DeliveryRow.artifact))
        )
        if owed:
            query = query.where(col(DeliveryRow.state) != "confirmed")
        rows = list(session.execute(query).scalars())
        orders = []
        for row in rows:
            digest = session.execute(
                select(col(VersionRow.digest)).where(
                    col(VersionRow.artifact) == row.artifact, col(VersionRow.number) == row.version
                )
            ).scalar_one()
            entries = _for_market(artifacts.content(session, row.artifact, row.version), row.market)
            order = DeliveryOrder(
                artifact=row.artifact, market=row.market, version=row.version, digest=digest, entries=entries
            )
            orders.append((row, order, _later(session, row)))
        session.expunge_all()
    return orders


def _later(session: Session, row: DeliveryRow) -> frozenset[str]:
    """The states of deliveries of later versions to the same place, where this one must not go once they are there."""
    later = select(col(DeliveryRow.state)).where(
        col(DeliveryRow.target) == row.target,
        col(DeliveryRow.artifact) == row.artifact,
        col(DeliveryRow.market) == row.market,
        col(DeliveryRow.version) > row.version,
    )
    return frozenset(session.execute(later).scalars())


def _for_market(content: Mapping[str, Mapping[str, Any]], market: str) -> dict[str, dict[str, Any]]:
    """The entries that hold in a market."""
    return {
        key: dict(entry)
        for key, entry in content.items()
        if market == EVERYWHERE or entry.get("market", EVERYWHERE) in (market, EVERYWHERE)
    }


def _deliver(
    targets: Mapping[str, Target], row: DeliveryRow, order: DeliveryOrder, later_on_its_way: bool
) -> DeliveryNote:
    target = targets.get(row.target)
    if target is None:
        return _as_note(row, "failed", "this worker does not know the target")
    try:
        # A later version may have arrived although nobody has heard of it yet.
        if later_on_its_way and target.ask(order.artifact, order.market, order.channel).version > order.version:
            return _as_note(row, "confirmed", OVERTAKEN)
        if row.state == "unknown" and (known := settle(target, order)).outcome != "failed":
            return _note(row, known)
        return _note(row, target.deliver(order, _key(row)))
    except Unavailable as error:
        return _as_note(row, "failed", error.code)


def _key(row: DeliveryRow) -> str:
    """One key for one order, whatever is repeated; where the target holds something else the order is a new one."""
    again = f"/{row.attempts}" if row.state == "differs" else ""
    return f"{row.change}/{row.artifact}/{row.version}/{row.market}{again}"


def _note(row: DeliveryRow, result: DeliveryResult) -> DeliveryNote:
    return _as_note(row, result.outcome, result.detail)


def _as_note(row: DeliveryRow, state: str, detail: str) -> DeliveryNote:
    return DeliveryNote(
        target=row.target,
        artifact=row.artifact,
        version=row.version,
        market=row.market,
        state=state,
        detail=detail[:400],
    )
