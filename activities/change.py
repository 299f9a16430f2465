"""The steps of a change's lifecycle: read the facts, assess, simulate, release, deliver, watch, take back (R-4.2).

How a step is taken, and how others follow it in one go, is in `steps`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple, TypeVar

from temporalio import activity

from activities.delivery import deliver_owed, troubles, verify_live
from activities.payloads import Look, Progress, StepInput, Trouble
from activities.simulation import SimulationSteps
from activities.steps import OVERTAKEN_TRIES, Taken, is_brief, passing
from analysis.assessment import Assessment, Requested, assess, find_impact, sources
from analysis.combining import combinations
from analysis.engine import STALE
from analysis.impact import Effort, Sources
from commands import assessments, releases, rollbacks
from domain.approval import Plan
from domain.errors import Unavailable
from domain.impact import Impact, Movement, Provenance, movements
from domain.simulation import Simulation
from store import artifacts, changes
from store.lifecycle import Lifecycle

Result = TypeVar("Result")


class FoundAgain(NamedTuple):
    """What was found before a release, in the order in which `confirm_impact` takes it."""

    impact: Impact
    moved: tuple[str, ...]
    differences: tuple[Movement, ...]
    provenance: Provenance | None
    versions: Mapping[str, int]
    simulation: str


class ChangeActivities(SimulationSteps):
    """What the steps of a change do."""

    @activity.defn
    def look_at_change(self, look: Look) -> Progress:
        """Read the facts, let time do what is due, and say what comes next and when (D9)."""
        return self._onward(look, self._looked(look))

    @activity.defn
    def assess_change(self, step: StepInput) -> Progress:
        """Find impact, tier and plan of a revision and keep them as its evidence (chapters 3, 5, 7)."""
        return self._step(step, self._assess)

    def _assess(self, at: StepInput) -> Taken:
        if at.state == "submitted":
            assessments.begin_assessment(self.gateway, self._call(at, "begin"), at.change, at.revision)
        assessment = self._on_records(lambda sources: self._assessment(sources, at))
        call = self._call(at, "assess")
        return Taken(assessments.record_assessment(self.gateway, call, at.change, at.revision, assessment))

    def _assessment(self, sources: Sources, at: StepInput) -> Assessment:
        content = changes.content(sources.session, at.change, at.revision)
        of = Requested(change=at.change, requester=changes.change(sources.session, at.change).requester)
        found = assess(sources, content, of)
        if not found.collisions:
            return found
        together = combinations(sources, content.parts, found.collisions, self.wide)
        return found.model_copy(update={"combined": together})

    @activity.defn
    def schedule_change(self, step: StepInput) -> Progress:
        """Resolve the effective time of each market (D6a)."""
        return self._step(step, self._schedule)

    def _schedule(self, at: StepInput) -> Taken:
        return Taken(releases.schedule_change(self.gateway, self._call(at, "schedule"), at.change, at.revision))

    @activity.defn
    def release_change(self, step: StepInput) -> Progress:
        """Find the impact again, then publish and activate what is due, if the gate is open (D2, D4a)."""
        return self._step(step, self._release)

    def _release(self, at: StepInput) -> Taken:
        """Confirm, then release; what another change overtook in between is confirmed again at once (R-4.5)."""
        for _ in range(OVERTAKEN_TRIES):
            if at.state == "scheduled" and (confirmed := self._confirm(at)).state != at.state:
                return Taken(confirmed)
            call = self._call(at, "release")
            report = releases.release_change(self.gateway, call, at.change, at.revision, tuple(self.targets))
            if not passing(report.blocks):
                break
            at = at.model_copy(update={"version": report.at.version})
        return Taken(report.at, report.blocks)

    def _confirm(self, at: StepInput) -> Lifecycle:
        """Find impact and simulation again and keep them; the change goes back when they are not what approvers saw."""
        found = self._on_records(lambda sources: self._found_again(sources, at))
        call = self._call(at, "confirm")
        return assessments.confirm_impact(self.gateway, call, at.change, at.revision, *found)

    def _found_again(self, sources: Sources, at: StepInput) -> FoundAgain:
        session = sources.session
        content = changes.content(session, at.change, at.revision)
        # Read first: what is published from here on is then known to have come later.
        versions = artifacts.latest_numbers(session)
        evidence = changes.Evidences(session, at.change, at.revision)
        seen, plan = evidence.of(changes.IMPACT, Impact), evidence.of(changes.PLAN, Plan)
        found = find_impact(sources, content)
        differences = movements(seen, found.impact, plan.impact_bound) if seen and plan else ()
        moved = tuple(m.figure for m in differences if m.beyond) if seen and plan else ("impact",)
        simulation, affected = evidence.of(changes.SIMULATION, Simulation), seen.quotes if seen else 0
        bound = plan.impact_bound if plan else 0
        again, worse = self.simulated_again(session, content, simulation, affected, bound)
        return FoundAgain(found.impact, (*moved, *worse), differences, found.provenance, versions, again)

    @activity.defn
    def deliver_change(self, step: StepInput) -> Progress:
        """Bring what is live to the target systems and keep what each one answered (D2c, R-15.3)."""
        return self._step(step, self._deliver)

    def _deliver(self, at: StepInput) -> Taken:
        """Answers are kept as they come; who takes the change back meanwhile does not wait for the silent rest."""
        now, troubled = self._read(at.change), list[str]()
        for notes in deliver_owed(self.gateway.database, self.targets, at.change, activity.heartbeat):
            now = releases.record_delivery(self.gateway, self._call(now, "deliver"), at.change, notes)
            if now.action != "deliver":
                return Taken(now)
            troubled += troubles(notes)
        return Taken(now, troubled)

    @activity.defn
    def begin_monitoring(self, step: StepInput) -> Progress:
        """Everything is live and confirmed: watch it from now on."""
        return self._step(step, self._monitor)

    def _monitor(self, at: StepInput) -> Taken:
        return Taken(releases.begin_monitoring(self.gateway, self._call(at, "monitor"), at.change, at.revision))

    @activity.defn
    def complete_change(self, step: StepInput) -> Progress:
        """Ask the targets once more what they hold; complete if it is what was released, else open a case (R-11.9)."""
        return self._step(step, self._complete)

    def _complete(self, at: StepInput) -> Taken:
        notes = verify_live(self.gateway.database, self.targets, at.change)
        if troubled := troubles(notes):
            call = self._call(at, "verify")
            return Taken(releases.record_delivery(self.gateway, call, at.change, notes), troubled)
        return Taken(releases.complete_change(self.gateway, self._call(at, "complete"), at.change, at.revision))

    @activity.defn
    def restore_change(self, step: StepInput) -> Progress:
        """Publish and activate the inverse of what the change did (D6, R-13.1)."""
        return self._step(step, self._restore)

    def _restore(self, at: StepInput) -> Taken:
        call = self._call(at, "restore")
        report = rollbacks.restore_change(self.gateway, call, at.change, at.revision, tuple(self.targets))
        return Taken(report.at, report.blocks)

    @activity.defn
    def finish_rollback(self, step: StepInput) -> Progress:
        """The earlier content is confirmed everywhere."""
        return self._step(step, self._finish)

    def _finish(self, at: StepInput) -> Taken:
        return Taken(rollbacks.finish_rollback(self.gateway, self._call(at, "finish"), at.change, at.revision))

    @activity.defn
    def note_trouble(self, trouble: Trouble) -> None:
        """Open the case of a step that failed, or close it when the step went on (D12)."""
        self._note(trouble)

    def _on_records(self, work: Callable[[Sources], Result]) -> Result:
        """Work on the live records; a snapshot that too much has left behind is brought up to now first.

        Raises TakesLonger in a local step, whose seconds do not suffice for a wide change: the regular one follows.
        """
        try:
            return self._in_session(work)
        except Unavailable as stale:
            if stale.code != STALE or self.wide is None:
                raise
        self._refresh(self.wide)
        return self._in_session(work)

    def _in_session(self, work: Callable[[Sources], Result]) -> Result:
        with self.gateway.database.reading() as session:
            found = sources(session, self.files, self.gateway.database.now(session), self.wide)
            return work(replace(found, effort=Effort.BRIEF if is_brief() else Effort.THOROUGH))
