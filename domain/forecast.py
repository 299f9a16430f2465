"""What a dry run foresees: when people have decided, the earliest legal instants, what has to be there first.

A forecast binds nobody: freezes are judged again when a change would take effect (R-4.3, R-12.2, R-12.3).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from domain.approval_plan import Plan
from domain.artifact import EVERYWHERE
from domain.judging import Consequence, Judged
from domain.model import Model
from domain.working_time import after


class Closed(Model):
    """A period in which nothing may take effect in a market (`*`: any)."""

    freeze: str
    market: str
    since: datetime
    until: datetime


class Slot(Model):
    """The earliest instant at which a change may take effect in a market, and the freezes that it comes after."""

    market: str
    at: datetime
    after: tuple[str, ...] = ()


class Forecast(Model):
    """How long a change takes if every stage decides by its reminder.

    decided_at: when the last stage has; slots: one a market; completed_at: when the last market has been watched.
    """

    decided_at: datetime
    slots: tuple[Slot, ...]
    completed_at: datetime


def forecast(
    plan: Plan,
    instants: Mapping[str, datetime | None],
    periods: Sequence[Closed],
    watched: timedelta,
    now: datetime,
) -> Forecast:
    """What is to be expected of a change that is submitted now.

    instants: when it shall take effect by market, None as soon as it is approved; periods: the earliest first.
    """
    decided = decided_at(plan, now)
    slots = tuple(earliest(market, max(decided, at or decided), periods) for market, at in sorted(instants.items()))
    last = max((slot.at for slot in slots), default=decided)
    return Forecast(decided_at=decided, slots=slots, completed_at=last + watched)


def decided_at(plan: Plan, start: datetime) -> datetime:
    """When every stage has decided if each does by its reminder; working time of a calendar is what it counts."""
    done: dict[str, datetime] = {}
    for stage in plan.stages:
        opened = max((done[name] for name in plan.before(stage)), default=start)
        done[stage.id] = after(stage.calendar, opened, stage.remind_after)
    return max(done.values(), default=start)


def earliest(market: str, wanted: datetime, periods: Iterable[Closed]) -> Slot:
    """The first legal instant from `wanted` on."""
    at, behind = wanted, list[str]()
    for period in periods:
        holds = EVERYWHERE in (market, period.market) or market == period.market
        if holds and period.since <= at < period.until:
            at = period.until
            behind.append(period.freeze)
    return Slot(market=market, at=at, after=tuple(behind))


def missing(plan: Plan, judged: Iterable[Judged], unsatisfiable: Sequence[str]) -> tuple[str, ...]:
    """What still has to be there before the change can take effect, beside the decisions; one sentence each."""
    return (
        *(f"{one.title}: {one.outcome}. {DONE[one.does]}" for one in judged if one.does in DONE),
        *((BOARD,) if plan.board else ()),
        *(("Somebody for every place of the approval.",) if unsatisfiable else ()),
    )


BOARD = "The minutes of the governance board, and the owner's acceptance of what risk remains."
DONE = {
    Consequence.HOLD: "The owner accepts by name what remains.",
    Consequence.BLOCK: "The proposal is mended, or it goes back to its requester.",
}
