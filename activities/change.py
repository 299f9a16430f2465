"""The steps of a change's lifecycle: read the facts, assess, simulate, release, deliver, watch, take back (R-4.2).

Each step looks first whether it still is the next one, so that running it twice, late or after a
restart changes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import select
from sqlmodel import col
from temporalio import activity

from activities.delivery import deliver_owed, verify_live
from activities.payloads import Look, Progress, StepInput, Trouble
from analysis.assessment import find_impact, find_plan, run_simulation
from commands import approvals, assessments, bookkeeping, cases, releases
from commands.command import Call, Gateway
from connectors.target import Target
from domain.approval import Plan
from domain.errors import Conflict, KeyReused
from domain.impact import Impact, moved_beyond
from domain.party import SYSTEM
from queries.lifecycle import Lifecycle, lifecycle_of
from store import changes
from store.files import FileStore
from store.tables.outbox import OutboxRow

LONGEST_WAIT = timedelta(hours=1)
log = structlog.get_logger("lifecycle")


@dataclass(frozen=True)
class ChangeActivities:
    """The steps with what they need: commands, files, and the target systems by name."""

    gateway: Gateway
    files: FileStore
    targets: Mapping[str, Target]

    def all(self) -> list[Callable[..., object]]:
        """Every step, to register with a worker."""
        return [
            self.look_at_change,
            self.assess_change,
            self.simulate_change,
            self.schedule_change,
            self.release_change,
            self.deliver_change,
            self.begin_monitoring,
            self.complete_change,
            self.restore_change,
            self.finish_rollback,
            self.note_trouble,
        ]

    @activity.defn
    def look_at_change(self, look: Look) -> Progress:
        """Read the facts, let time do what is due, and say what comes next and when (D9)."""
        self._check_strangers(look)
        at = self._read(look.change)
        if at.action == "advance":
            approvals.advance_timers(self.gateway, self._call(at, "advance"), look.change)
            at = self._read(look.change)
        return self._noted(at) if at.action == "wait" else _progress(at)

    @activity.defn
    def assess_change(self, step: StepInput) -> Progress:
        """Find impact, tier and plan of a revision and keep them as its evidence (chapters 3, 5, 7)."""
        return self._step(step, self._assess)

    def _assess(self, at: StepInput) -> None:
        if at.state == "submitted":
            assessments.begin_assessment(self.gateway, self._call(at, "begin"), at.change, at.revision)
        with self.gateway.database.reading() as session:
            content = changes.revision_content(changes.revision(session, at.change, at.revision))
            impact = find_impact(session, content, self.files)
            plan = find_plan(session, content, impact)
        assessments.record_assessment(self.gateway, self._call(at, "assess"), at.change, at.revision, impact, plan)

    @activity.defn
    def simulate_change(self, step: StepInput) -> Progress:
        """Price every affected quote by the live and the proposed content, and keep the result (chapter 6)."""
        return self._step(step, self._simulate)

    def _simulate(self, at: StepInput) -> None:
        with self.gateway.database.reading() as session:
            content = changes.revision_content(changes.revision(session, at.change, at.revision))
            result = run_simulation(session, content, self.files)
        assessments.record_simulation(self.gateway, self._call(at, "simulate"), at.change, at.revision, result)

    @activity.defn
    def schedule_change(self, step: StepInput) -> Progress:
        """Resolve the effective time of each market (D6a)."""
        return self._step(
            step,
            lambda at: releases.schedule_change(self.gateway, self._call(at, "schedule"), at.change, at.revision),
        )

    @activity.defn
    def release_change(self, step: StepInput) -> Progress:
        """Find the impact again, then publish and activate what is due, if the gate is open (D2, D4a)."""
        blocks: list[str] = []

        def release(at: StepInput) -> None:
            if at.state == "scheduled" and not self._confirmed(at):
                return
            report = releases.release_change(
                self.gateway, self._call(at, "release"), at.change, at.revision, tuple(self.targets)
            )
            blocks.extend(report.blocks)

        return self._blocked(self._step(step, release), blocks)

    def _confirmed(self, at: StepInput) -> bool:
        """Whether the impact, found again and kept, still is what the approvers saw."""
        with self.gateway.database.reading() as session:
            content = changes.revision_content(changes.revision(session, at.change, at.revision))
            impact = find_impact(session, content, self.files)
            seen = changes.evidence_model(changes.evidence(session, at.change, at.revision, changes.IMPACT), Impact)
            plan = changes.evidence_model(changes.evidence(session, at.change, at.revision, changes.PLAN), Plan)
        moved = moved_beyond(seen, impact, plan.impact_bound) if seen and plan else ("impact",)
        assessments.confirm_impact(self.gateway, self._call(at, "confirm"), at.change, at.revision, impact, moved)
        return not moved

    @activity.defn
    def deliver_change(self, step: StepInput) -> Progress:
        """Bring what is live to the target systems and keep what each one answered (D2c, R-15.3)."""
        troubled: list[str] = []

        def deliver(at: StepInput) -> None:
            notes = deliver_owed(self.gateway.database, self.targets, at.change)
            releases.record_delivery(self.gateway, self._call(at, "deliver"), at.change, notes)
            troubled.extend(f"{note.state}:{note.target}" for note in notes if note.state != "confirmed")

        return self._blocked(self._step(step, deliver), troubled)

    @activity.defn
    def begin_monitoring(self, step: StepInput) -> Progress:
        """Everything is live and confirmed: watch it from now on."""
        return self._step(
            step,
            lambda at: releases.begin_monitoring(self.gateway, self._call(at, "monitor"), at.change, at.revision),
        )

    @activity.defn
    def complete_change(self, step: StepInput) -> Progress:
        """Ask the targets once more what they hold; complete if it is what was released, else open a case (R-11.9)."""
        troubled: list[str] = []

        def complete(at: StepInput) -> None:
            notes = verify_live(self.gateway.database, self.targets, at.change)
            troubled.extend(f"{note.state}:{note.target}" for note in notes if note.state != "confirmed")
            if troubled:
                releases.record_delivery(self.gateway, self._call(at, "verify"), at.change, notes)
            else:
                releases.complete_change(self.gateway, self._call(at, "complete"), at.change, at.revision)

        return self._blocked(self._step(step, complete), troubled)

    @activity.defn
    def restore_change(self, step: StepInput) -> Progress:
        """Publish and activate the inverse of what the change did (D6, R-13.1)."""
        blocks: list[str] = []

        def restore(at: StepInput) -> None:
            report = releases.restore_change(
                self.gateway, self._call(at, "restore"), at.change, at.revision, tuple(self.targets)
            )
            blocks.extend(report.blocks)

        return self._blocked(self._step(step, restore), blocks)

    @activity.defn
    def finish_rollback(self, step: StepInput) -> Progress:
        """The earlier content is confirmed everywhere."""
        return self._step(
            step,
            lambda at: releases.finish_rollback(self.gateway, self._call(at, "finish"), at.change, at.revision),
        )

    @activity.defn
    def note_trouble(self, trouble: Trouble) -> None:
        """Open the case of a step that failed, or close it when the step went on (D12)."""
        at = self._read(trouble.change)
        if trouble.resumed:
            cases.resume_step(self.gateway, self._call(at, f"resume/{trouble.step}"), trouble.change, trouble.step)
        else:
            cases.park_step(self.gateway, self._call(at, ""), trouble.change, trouble.step, trouble.code)

    def _step(self, step: StepInput, work: Callable[[StepInput], object]) -> Progress:
        """Do the work of a step, which commands refuse when it is not its turn; say where the change stands.

        A step whose answer was lost is taken again; what its first run has recorded holds, whatever it finds now.
        """
        try:
            work(step)
        except (Conflict, KeyReused) as moved:
            log.info("step_overtaken", change=step.change, code=moved.code)
        at = self._read(step.change)
        return self._noted(at) if at.action == "wait" else _progress(at)

    def _noted(self, at: Lifecycle) -> Progress:
        """Keep what has been seen and until when the workflow sleeps, so that the sweeper knows whom to wake."""
        if (at.seen_version, at.noted_deadline) != (at.version, at.due_at):
            bookkeeping.note_seen(self.gateway, Call(SYSTEM, ""), at.change, at.version, at.due_at)
        return _progress(at)

    def _blocked(self, progress: Progress, blocks: list[str]) -> Progress:
        """An effect that was refused waits for a person, for the end of a freeze, or for an hour."""
        if not blocks or not progress.open:
            return progress
        with self.gateway.database.reading() as session:
            now = self.gateway.database.now(session)
            frozen = [f.until_at for f in changes.freezes(session, progress.kind, ("*",), now)]
        again = min([*frozen, now + LONGEST_WAIT])
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
        """Report signals that no command has sent; they have woken the workflow and nothing more (R-7.8)."""
        if look.bells:
            with self.gateway.database.reading() as session:
                known = select(col(OutboxRow.id)).where(
                    col(OutboxRow.id).in_(look.bells), col(OutboxRow.subject) == look.change
                )
                found = set(session.execute(known).scalars())
            for bell in sorted(set(look.bells) - found):
                cases.report_stranger(self.gateway, Call(SYSTEM, f"stranger/{bell}"), look.change, "outbox id", bell)
        for name in look.strangers:
            cases.report_stranger(self.gateway, Call(SYSTEM, ""), look.change, "signal", name)


def _progress(at: Lifecycle) -> Progress:
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
    )
