"""Commands of a governance board: its agenda and its minutes; votes are decisions of persons in its stage (R-3.4)."""

import secrets
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from commands.command import Control, command
from domain.approval import Stage
from domain.change import visible
from domain.errors import Conflict, Invalid, Refused
from domain.given import Instant
from domain.model import Model
from store.changes import MINUTES
from store.directory import holders
from store.subjects import CHANGE
from store.tables.approval import DecisionRow
from store.tables.change import ChangeRow
from store.tables.emergency import MeetingRow
from store.unit_of_work import Transaction

Text = Annotated[str, Field(min_length=3, max_length=8000), AfterValidator(visible)]


class AgendaItem(Model):
    """What the board is to look at, and when it meets."""

    text: Text
    meets_at: Instant


class Minutes(Model):
    """What was said, and who was there (person ids)."""

    text: Text
    present: Annotated[tuple[str, ...], Field(min_length=1, max_length=50)]


class BoardReceipt(Model):
    """The id of what was recorded."""

    record: str


@command(control=Control.NONE)
def put_on_agenda(tx: Transaction, change: str, item: AgendaItem) -> BoardReceipt:
    """Put a change on the agenda of its board.

    Raises Conflict("no_board"), Refused("machine_may_not", "not_on_the_board"), Invalid("meeting_in_past").
    """
    row, _ = _board(tx, change)
    if item.meets_at <= tx.now:
        raise Invalid("meeting_in_past", "A meeting on the agenda is still ahead.")
    return _keep(tx, row, "agenda", item.text, meets_at=item.meets_at)


@command(control=Control.NONE)
def record_minutes(tx: Transaction, change: str, minutes: Minutes) -> BoardReceipt:
    """Keep the minutes of a meeting that had its quorum: as many members as the stage asks, and everybody who voted.

    Raises Conflict("no_board"), Refused("machine_may_not", "not_on_the_board"), Invalid("not_members", "no_quorum",
    "voter_not_present").
    """
    row, stage = _board(tx, change)
    present = frozenset(minutes.present)
    groups = _groups(stage)
    held = holders(tx.session, groups, present).groups
    if strangers := sorted(person for person in present if not held.get(person, frozenset()) & groups):
        raise Invalid("not_members", f"Not on the board: {', '.join(strangers)}.", persons=strangers)
    if len(present) < len(stage.slots):
        raise Invalid("no_quorum", f"{len(present)} were there; the quorum is {len(stage.slots)}.")
    voted = tx.find(DecisionRow, DecisionRow.subject == change, DecisionRow.stage == stage.id)
    if absent := sorted({vote.person for vote in voted if vote.revision == row.revision} - present):
        raise Invalid("voter_not_present", f"Voted without being there: {', '.join(absent)}.", persons=absent)
    if not row.closed:
        tx.wake(change, "minutes kept")
    return _keep(tx, row, MINUTES, minutes.text, present=" ".join(sorted(present)))


def _board(tx: Transaction, change: str) -> tuple[ChangeRow, Stage]:
    """The change and the board's stage of its plan, for a member of the board."""
    tx.actor.as_person()
    row = tx.lock(ChangeRow, change)
    plan = CHANGE.plan(tx.session, row)
    stage = plan.board if plan else None
    if stage is None:
        raise Conflict("no_board", f"No governance board is asked about {change}.")
    if not tx.actor.groups & _groups(stage):
        raise Refused("not_on_the_board", "Only members of the board keep its agenda and minutes.", change=change)
    return row, stage


def _groups(stage: Stage) -> frozenset[str]:
    return frozenset(group for slot in stage.slots for group in slot.groups)


def _keep(
    tx: Transaction, row: ChangeRow, what: str, text: str, present: str = "", meets_at: datetime | None = None
) -> BoardReceipt:
    record = MeetingRow(
        id=f"board-{secrets.token_hex(6)}",
        change=row.id,
        revision=row.revision,
        what=what,
        text=text,
        present=present,
        meets_at=meets_at,
        recorded_by=tx.actor.party,
        recorded_at=tx.now,
    )
    tx.add(record)
    tx.record(f"board.{what}", row.id, revision=row.revision, record=record.id, present=len(present.split()))
    return BoardReceipt(record=record.id)
