"""Freezes, and in development the business clock (chapter 12, D9)."""

import asyncio
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field, StrictInt
from sqlalchemy import select
from sqlmodel import col

from activities.travelling import Journey, journey
from api.development import loopback_only
from api.parts import Asking, InstallationParts, Now, Reading, Writing
from commands.calendar import Freeze, declare_freeze, lift_freeze
from commands.command import Call
from commands.installation import set_out, travel
from commands.working_time import CalendarEntry, set_calendar
from domain.errors import Invalid
from domain.model import Model
from queries.working_time import CalendarView, calendar_list
from store.lifecycle import seconds_to_next_deadline
from store.tables.calendar import FreezeRow

FARTHEST = 10 * 366 * 86_400
"""Seconds of the longest journey: ten years."""
router = APIRouter(prefix="/api", tags=["calendar"])


class FreezeView(Model):
    """A freeze as declared; `lifted_at` ends it before its time."""

    id: str
    kind: str
    market: str
    reason: str
    from_at: datetime
    until_at: datetime
    declared_by: str
    lifted_at: datetime | None


@router.get("/calendars")
def list_calendars(_asking: Asking, session: Reading, now: Now) -> list[CalendarView]:
    """When people work, with the days off ahead; stages that name a calendar count their hours by it."""
    return list(calendar_list(session, now))


@router.put("/calendars/{calendar}")
def write_calendar(
    calendar: str, installation: InstallationParts, call: Writing, entry: CalendarEntry
) -> dict[str, str]:
    """Write a calendar, new or anew. Raises Invalid("ids_differ")."""
    if entry.id != calendar:
        raise Invalid("ids_differ", "The calendar in the path and the one in the body are not the same.")
    return {"calendar": set_calendar(installation.gateway, call, entry)}


class Travel(Model):
    """How far to move business time ahead, in seconds."""

    seconds: Annotated[StrictInt, Field(gt=0, le=FARTHEST)]


class Clock(Model):
    """Business time as everything here sees it."""

    now: datetime


@router.get("/freezes")
def list_freezes(_asking: Asking, session: Reading) -> list[FreezeView]:
    """Every freeze, latest first."""
    rows = session.execute(select(FreezeRow).order_by(col(FreezeRow.from_at).desc())).scalars()
    return [FreezeView(**{name: getattr(row, name) for name in FreezeView.model_fields}) for row in rows]


@router.post("/freezes", status_code=201)
def declare(installation: InstallationParts, call: Writing, freeze: Freeze) -> dict[str, str]:
    """Forbid effects between two instants; drafting, simulating and approving go on."""
    return {"freeze": declare_freeze(installation.gateway, call, freeze)}


@router.post("/freezes/{freeze}/lift")
def lift(freeze: str, installation: InstallationParts, call: Writing) -> dict[str, str]:
    """Take back a freeze that you declared and that has not begun."""
    return {"freeze": lift_freeze(installation.gateway, call, freeze)}


@router.get("/clock")
def clock(_asking: Asking, now: Now) -> Clock:
    """Business time."""
    return Clock(now=now)


@router.post("/development/travel")
async def travel_ahead(request: Request, installation: InstallationParts, call: Writing, body: Travel) -> Journey:
    """Move business time ahead, and the waiting workflows with it; development mode only.

    The same call under the same key ends at the same moment, however far the first one got.
    """
    loopback_only(request, installation)
    client = installation.require_temporal()
    async with installation.travelling:
        until = await asyncio.to_thread(set_out, installation.gateway, call, body.seconds, installation.development)
        left = until - await asyncio.to_thread(_offset, installation)
        if left <= 0:
            return Journey(seconds=body.seconds, moved=0, stayed={})
        went = await journey(client, left, partial(_next_deadline, installation), partial(_hop, installation, call))
    return went.model_copy(update={"seconds": body.seconds - left + went.seconds})


def _hop(installation: InstallationParts, call: Call, seconds: int) -> None:
    """A part of a journey, whose key says where it begins: the way is not the same when the call comes again."""
    own = Call(call.actor, f"{call.key}/{_offset(installation)}", call.request)
    travel(installation.gateway, own, seconds, installation.development)


def _offset(installation: InstallationParts) -> int:
    """How many seconds business time is ahead."""
    with installation.gateway.database.reading() as session:
        clock = installation.gateway.database.clock(session)
    return round((clock.now - clock.wall).total_seconds())


def _next_deadline(installation: InstallationParts) -> float | None:
    """Seconds until time acts on the next open change; None when nothing waits for time."""
    with installation.gateway.database.reading() as session:
        return seconds_to_next_deadline(session, installation.gateway.database.now(session))
