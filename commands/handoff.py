"""After an effect or a handoff: what a target has confirmed is kept as what it holds, and pairs about it are compared.

The record of a runtime cache is ours; that it says what the cache really holds is what the confirmation has proven: the
target was asked back and its digest compared.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlmodel import col

from commands.reconciliations import ask_for_runs
from domain.artifact import EVERYWHERE
from domain.canonical import digest
from domain.change import ChangeContent
from domain.kinds.entries import of_type
from domain.reconciliation import Mode
from store import artifacts
from store.tables.change import ChangeRow
from store.tables.columns import table_of
from store.tables.event import CatalogCacheRow
from store.tables.installation import MarketRow
from store.tables.release import DeliveryRow
from store.unit_of_work import Transaction

CATALOG = "catalog/standard"
CACHED = table_of(CatalogCacheRow)


def handed_off(tx: Transaction, change: str, confirmed: Iterable[DeliveryRow]) -> tuple[str, ...]:
    """Keep what targets have just confirmed and ask for the runs of the pairs that it is about; their ids."""
    found = list(confirmed)
    for delivery in found:
        if delivery.artifact == CATALOG:
            hold(tx, delivery.target, markets_of(tx, delivery.market), delivery.version)
    kinds = {delivery.artifact.partition("/")[0] for delivery in found}
    return ask_for_runs(tx, Mode.HANDOFF, f"{change} was delivered.", kinds)


def compare_after(tx: Transaction, row: ChangeRow, content: ChangeContent) -> tuple[str, ...]:
    """Ask for the runs of the pairs that an effect is about, after a migration of all (R-18.2); their ids."""
    mode = Mode.MIGRATION if row.kind == "migration" else Mode.EVENT
    kinds = {part.artifact.partition("/")[0] for part in content.parts}
    return ask_for_runs(tx, mode, f"{row.id} took effect.", kinds)


def markets_of(tx: Transaction, market: str) -> list[str]:
    """The market, or every one."""
    if market != EVERYWHERE:
        return [market]
    return list(tx.session.execute(select(col(MarketRow.code)).order_by(col(MarketRow.code))).scalars())


def hold(tx: Transaction, cache: str, markets: Sequence[str], version: int) -> None:
    """Write that a cache holds a version of the catalog in some markets, unless it holds a later one already."""
    for market in markets:
        here = (CACHED.c.cache == cache, CACHED.c.market == market)
        held = tx.session.execute(select(func.max(CACHED.c.catalog_version)).where(*here)).scalar() or 0
        if held <= version:
            tx.session.execute(delete(CACHED).where(*here))
            tx.session.execute(insert(CACHED), cached_rows(tx, cache, market, version))


def cached_rows(tx: Transaction, cache: str, market: str, version: int) -> list[dict[str, Any]]:
    """Every offering of a version of the catalog as a cache of a market holds it."""
    return [
        CatalogCacheRow(
            cache=cache,
            market=market,
            offering=entry["id"],
            catalog_version=version,
            entry_digest=digest(dict(entry)),
            lifecycle=entry["lifecycle"],
            warmed_at=tx.now,
        ).model_dump()
        for entry in of_type(artifacts.content(tx.session, CATALOG, version), "offering")
    ]
