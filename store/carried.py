"""What a version brings along: all that was published before it, also what is not live in a market yet (ADR 0004).

So a version may become live in a market only where everything that it carries and that is meant for this market is
live or was taken back (R-11.7).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, func, select
from sqlmodel import Session

from domain.change import ChangeState
from store import artifacts
from store.artifacts import VERSIONS
from store.tables.change import ChangeRow
from store.tables.columns import table_of
from store.tables.release import PlannedActivationRow

CHANGES, PLANNED = table_of(ChangeRow), table_of(PlannedActivationRow)
ABSENT = (
    select(
        VERSIONS.c.artifact,
        PLANNED.c.market,
        CHANGES.c.id.label("change"),
        func.min(VERSIONS.c.number).label("first"),
        func.max(VERSIONS.c.number).label("last"),
    )
    .join(CHANGES, CHANGES.c.id == VERSIONS.c.change)
    .join(PLANNED, (PLANNED.c.change == CHANGES.c.id) & (PLANNED.c.revision == CHANGES.c.revision))
    .where(
        CHANGES.c.state.in_((ChangeState.RELEASING, ChangeState.ROLLING_BACK, ChangeState.ROLLED_BACK)),
        CHANGES.c.id != bindparam("change"),
        VERSIONS.c.artifact.in_(bindparam("artifacts", expanding=True)),
        PLANNED.c.market.in_(bindparam("markets", expanding=True)),
        PLANNED.c.activated_at.is_(None),
    )
    .group_by(VERSIONS.c.artifact, PLANNED.c.market, CHANGES.c.id)
)
"""Changes that published and are not live everywhere; a change has a second version where it was taken back."""


class Absent(NamedTuple):
    """A change that is not live in a market that it is meant for, and its first and its last version of an artifact."""

    artifact: str
    market: str
    change: str
    first: int
    last: int

    @property
    def taken_back(self) -> bool:
        """Whether the last version took back what the first did."""
        return self.first < self.last

    def is_in(self, number: int) -> bool:
        """Whether a version carries what the change did."""
        return self.first <= number and not (self.taken_back and self.last <= number)


class Fit(NamedTuple):
    """A version for a market, and the changes that it would make live there before their time."""

    number: int
    early: frozenset[str]


def early(session: Session, change: str, moved: Iterable[str], markets: Sequence[str]) -> set[str]:
    """The other changes that the next version of any of these artifacts would make live early in any of the markets."""
    return {one.change for one in _absent(session, change, moved, markets) if not one.taken_back}


def fitting(
    session: Session, change: str, own: Mapping[str, int], markets: Sequence[str]
) -> dict[tuple[str, str], Fit]:
    """The version of each artifact to be made live in each market for a change that has published already.

    own: what it published. That, or a later one which took back something that is in it and not live there.
    """
    absent = _absent(session, change, own, markets)
    found = {}
    for artifact, number in own.items():
        for market in markets:
            here = [one for one in absent if (one.artifact, one.market) == (artifact, market)]
            found[artifact, market] = _fit(here, max(number, artifacts.live_number(session, artifact, market)))
    return found


def _absent(session: Session, change: str, moved: Iterable[str], markets: Sequence[str]) -> list[Absent]:
    asked = {"change": change, "artifacts": list(moved), "markets": list(markets)}
    return [Absent(*row) for row in session.execute(ABSENT, asked)]


def _fit(absent: Sequence[Absent], least: int) -> Fit:
    numbers = sorted({least, *(one.last for one in absent if one.taken_back and one.last > least)})
    fits = [Fit(number, frozenset(one.change for one in absent if one.is_in(number))) for number in numbers]
    return min(fits, key=lambda fit: len(fit.early))
