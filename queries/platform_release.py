"""What runs: the release of each platform component that is live, where, since when, by which change (R-3.6)."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from domain.artifact import EVERYWHERE
from domain.canonical import parse
from domain.kinds.platform import Release
from domain.model import Model
from store import artifacts, changes
from store.tables.artifact import ActivationRow, VersionRow

RELEASES = "platform/standard"
AT_ONCE = 100
"""Versions that are read together on the way back to those that brought in what runs."""
OPERATIONS = (
    select(col(VersionRow.number), col(VersionRow.operations))
    .where(
        col(VersionRow.artifact) == RELEASES,
        col(VersionRow.number) > bindparam("after"),
        col(VersionRow.number) <= bindparam("latest"),
    )
    .order_by(col(VersionRow.number).desc())
)


class RunningRelease(Model):
    """The release of a component that is live in these markets: what a pipeline may deploy there, and nothing else.

    since, change: when and by which change it became live; version: of the artifact, the one that brought it in.
    """

    release: Release
    markets: tuple[str, ...]
    since: datetime
    change: str
    version: int


def running_releases(session: Session, now: datetime, component: str = "") -> tuple[RunningRelease, ...]:
    """What is live at an instant by component, of one or of all; a component of which nothing is live is left out.

    Activation records say so, not the latest version: one that waits for its instant or is held is not live (R-11.7).
    """
    places: dict[tuple[str, int, datetime, str], list[str]] = {}
    for market in sorted(changes.zones(session, (EVERYWHERE,))):
        live = artifacts.live(session, RELEASES, market, EVERYWHERE, now)
        for key, number in _brought(session, live.version).items() if live else ():
            places.setdefault((key, number, *_since(session, number, market)), []).append(market)
    found = [
        RunningRelease(
            release=Release.model_validate(artifacts.content(session, RELEASES, number)[key]),
            markets=tuple(markets),
            since=since,
            change=change,
            version=number,
        )
        for (key, number, since, change), markets in sorted(places.items())
    ]
    return tuple(one for one in found if component in ("", one.release.component))


def _brought(session: Session, version: int) -> Mapping[str, int]:
    """For each component of a version, the version that brought its release in: components are released one by one."""
    wanted, found = set(artifacts.content(session, RELEASES, version)), dict[str, int]()
    for latest in range(version, 0, -AT_ONCE):
        if len(found) == len(wanted):
            break
        for number, operations in session.execute(OPERATIONS, {"after": latest - AT_ONCE, "latest": latest}):
            moved = {op["entry"] for op in parse(operations)} & wanted - found.keys()
            found |= dict.fromkeys(moved, number)
    return found


def _since(session: Session, number: int, market: str) -> tuple[datetime, str]:
    """When a version became live in a market, and by which change (ADR 0004).

    With a later version where something in it had to be taken back first.
    """
    query = select(col(ActivationRow.from_at), col(ActivationRow.change)).where(
        col(ActivationRow.artifact) == RELEASES,
        col(ActivationRow.version) >= number,
        col(ActivationRow.market).in_((market, EVERYWHERE)),
    )
    at, change = session.execute(query.order_by(col(ActivationRow.from_at)).limit(1)).one()
    return at, change
