"""How a step of a lifecycle is taken: on what was decided, once, and with those after it in one go (D7, D12).

Each step looks first whether it still is the next one, so that taking it twice, late or after a restart changes
nothing. A step that is asked to go `ahead` takes those after it as well: one trip through Temporal instead of several.
What fails on the way is left to the workflow, which takes it by itself, under its own name.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import NamedTuple

import duckdb
import structlog
from sqlalchemy import bindparam, select
from sqlmodel import col
from temporalio import activity

from activities.beating import Beats, beating
from activities.delivery import tries
from activities.payloads import Look, Progress, Step, StepInput, Trouble, step_input
from analysis.assessment import Wide
from commands import approvals, bookkeeping, cases
from commands.command import Call, Gateway
from connectors.target import Target
from domain.change import CLOSED, ChangeState
from domain.errors import Conflict, KeyReused, MandateError, Unavailable
from domain.party import SYSTEM
from store import changes
from store.audit import in_last_minute
from store.files import FileStore
from store.freezes import freezes
from store.lifecycle import Lifecycle, lifecycle_of
from store.tables.outbox import OutboxRow

LONGEST_WAIT, FIRST_WAIT, SOON = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=2)
OVERTAKEN_TRIES = 4
STEPS: Mapping[str, str] = {
    "assess": "assess_change",
    "simulate": "simulate_change",
    "schedule": "schedule_change",
    "release": "release_change",
    "deliver": "deliver_change",
    "monitor": "begin_monitoring",
    "complete": "complete_change",
    "restore": "restore_change",
    "finish": "finish_rollback",
}
"""The step that each next action of a lifecycle is."""
LARGE = ("prepare_simulation", "simulate_part", "conclude_simulation")
"""The steps that a large simulation is taken in instead of one."""
BELLS = select(col(OutboxRow.id)).where(
    col(OutboxRow.id).in_(bindparam("bells", expanding=True)), col(OutboxRow.subject) == bindparam("subject")
)
STRANGERS_A_MINUTE = 60
ASKS_TARGETS = ("deliver", "complete")
log = structlog.get_logger("lifecycle")


class Taken(NamedTuple):
    """Where a change stands after the work of a step, and why an effect was refused."""

    at: Lifecycle
    blocks: Sequence[str] = ()


@dataclass(frozen=True)
class Steps:
    """What steps need: commands, files, and the target systems by name."""

    gateway: Gateway
    files: FileStore
    targets: Mapping[str, Target]
    wide: Wide | None = None

    def all(self) -> list[Callable[..., object]]:
        """Every step, to register with a worker."""
        names = ("look_at_change", *STEPS.values(), *LARGE, "note_trouble")
        return [getattr(self, name) for name in names]

    def _step(self, step: StepInput, work: Callable[[StepInput], Taken]) -> Progress:
        """Do the work of a step, which commands refuse when it is not its turn; say where the change stands.

        A step whose answer was lost is taken again; what its first run has recorded holds, whatever it finds now.
        """
        try:
            taken = work(step) if is_brief() else self._while_wanted(step, work)
        except (Conflict, KeyReused) as moved:
            log.info("step_overtaken", change=step.change, code=moved.code)
            taken = Taken(self._noted(step.change))
        at = self._told(taken.at)
        return self._held(at, taken.blocks) if taken.blocks and at.open else self._onward(step, at)

    def _while_wanted(self, step: StepInput, work: Callable[[StepInput], Taken]) -> Taken:
        """A step with more time than seconds ends where its revision is withdrawn or edited meanwhile.

        Raises Conflict("step_stopped").
        """
        with beating(partial(self._is_wanted, step)) as beats:
            try:
                return work(step)
            except duckdb.InterruptException as stopped:
                if beats.stopped and not beats.given_up:
                    raise Unavailable("step_interrupted", "This process ends; the step is taken again.") from stopped
                raise Conflict("step_stopped", "Nobody waits for what this step looks for any more.") from stopped

    def _is_wanted(self, step: StepInput, beats: Beats) -> bool:
        """Where nobody can say, it is."""
        try:
            with self.gateway.database.reading() as session:
                row = changes.change(session, step.change)
                return row.revision == step.revision and ChangeState(row.state) not in CLOSED
        except MandateError as error:
            log.warning("step_not_looked_after", change=step.change, code=error.code)
            return True

    def _looked(self, look: Look) -> Progress:
        """Report strangers, read the facts, let time do what is due, and note what has been seen."""
        self._check_strangers(look)
        at = self._noted(look.change)
        if at.action == "advance":
            approvals.advance_timers(self.gateway, self._call(at, "advance"), look.change)
            at = self._noted(look.change)
        return self._told(at)

    def _note(self, trouble: Trouble) -> None:
        at = self._read(trouble.change)
        if trouble.resumed:
            cases.resume_step(self.gateway, self._call(at, f"resume/{trouble.step}"), trouble.change, trouble.step)
        else:
            cases.park_step(self.gateway, self._call(at, ""), trouble.change, trouble.step, trouble.code)

    def _onward(self, step: Step, at: Progress) -> Progress:
        """Take the steps that follow as well, if that was asked for and they need nothing but our own database."""
        took: list[str] = []
        while step.ahead and at.action in STEPS and not at.wide and not (self.targets and at.action in ASKS_TARGETS):
            took.append(STEPS[at.action])
            at = getattr(self, took[-1])(step_input(at).alone())
        return at.model_copy(update={"took": tuple(took)}) if took else at

    def _noted(self, change: str) -> Lifecycle:
        """Read the facts; what was seen and until when the workflow sleeps is kept: the sweeper knows whom to wake."""
        at = self._read(change)
        if at.action == "wait" and (at.seen_version, at.noted_deadline) != (at.version, at.due_at):
            bookkeeping.note_seen(self.gateway, Call(SYSTEM, ""), change, at.version, at.due_at)
        return at

    def _told(self, at: Lifecycle) -> Progress:
        """Where a change stands, as the workflow is told."""
        return _progress(at, at.action == "simulate" and self.is_wide(at.affected_quotes))

    def is_wide(self, affected: int) -> bool:
        """Whether so many affected quotes are work for the analysis queue: read from a snapshot, not one by one."""
        return self.wide is not None and affected > self.wide.few

    def _held(self, progress: Progress, blocks: Sequence[str]) -> Progress:
        """An effect that was refused waits for a person, for the end of a freeze, or for its next try."""
        with self.gateway.database.reading() as session:
            now = self.gateway.database.now(session)
            frozen = [f.until_at for f in freezes(session, progress.kind, ("*",), now)]
            pause = SOON if passing(blocks) else pause_after(tries(session, progress.change))
        again = min([*frozen, now + pause])
        seen = self._read(progress.change).seen_version
        bookkeeping.note_seen(self.gateway, Call(SYSTEM, ""), progress.change, seen, again)
        return progress.model_copy(
            update={
                "action": "wait",
                "blocks": tuple(blocks),
                "seconds": (again - now).total_seconds(),
                "due_at": again,
                "waiting_for": f"somebody to look: {blocks[0]}",
            }
        )

    def _read(self, change: str) -> Lifecycle:
        with self.gateway.database.reading() as session:
            return lifecycle_of(session, change, self.gateway.database.now(session))

    def _call(self, at: Lifecycle | StepInput, step: str) -> Call:
        """A step's key names subject, revision, step and the version that it was decided on: never a fresh one (D7)."""
        return Call(SYSTEM, f"{at.change}/{at.revision}/{step}/{at.version}" if step else "")

    def _check_strangers(self, look: Look) -> None:
        """Report signals that no command has sent; they have woken the workflow and nothing more (R-7.8).

        So many a minute and subject, so that nobody fills the disk with them; beyond, they are in the log.
        """
        if not (look.bells or look.strangers):
            return
        with self.gateway.database.reading() as session:
            found = set(session.execute(BELLS, {"subject": look.change, "bells": look.bells}).scalars())
            now = self.gateway.database.now(session)
            room = STRANGERS_A_MINUTE - in_last_minute(session, look.change, now, cases.STRANGER)
        strange = [("outbox id", bell, f"stranger/{bell}") for bell in sorted(set(look.bells) - found)]
        strange += [("signal", name, "") for name in look.strangers]
        for kind, value, key in strange[: max(room, 0)]:
            cases.report_stranger(self.gateway, Call(SYSTEM, key), look.change, kind, value)
        if len(strange) > room:
            log.warning("strangers_not_recorded", change=look.change, count=len(strange) - max(room, 0))


def is_brief() -> bool:
    """Whether this is a local step, which has seconds only: the regular one follows where they do not suffice."""
    return activity.in_activity() and activity.info().is_local


def _progress(at: Lifecycle, wide: bool = False) -> Progress:
    return Progress(
        change=at.change,
        state=at.state,
        revision=at.revision,
        version=at.version,
        kind=at.kind,
        owner=at.owner,
        tier=at.tier,
        action=at.action,
        seconds=at.seconds,
        due_at=at.due_at,
        waiting_for=at.waiting_for,
        wide=wide,
        emergency=at.emergency,
    )


def passing(blocks: Sequence[str]) -> bool:
    """Whether nothing but a release that went first stands in the way, so that trying again soon helps."""
    return bool(blocks) and all(block.startswith("simulated_on_other_base:") for block in blocks)


def pause_after(tries: int) -> timedelta:
    """How long until a target system is asked again: a minute at first, twice as long each time, an hour at most.

    tries: how often the delivery was tried; 0 where something else than a delivery holds the change.
    """
    return min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(tries - 1, 6)) if tries else LONGEST_WAIT
