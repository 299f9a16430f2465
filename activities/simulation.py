"""A wide simulation as steps of its own on the analysis queue: fix the snapshot, price its partitions, conclude (D14a).

Only references travel: digests of files, partition numbers, counts (D11). Every step can be taken again.
"""

import io
from collections.abc import Iterator, Mapping

import pyarrow.parquet as pq
from sqlmodel import Session
from temporalio import activity

from activities.beating import tell
from activities.payloads import Conclusion, PartDone, PartInput, Progress, SimulationJob, StepInput
from activities.snapshot import refresh
from activities.steps import Steps, Taken, is_brief
from analysis.assessment import Wide, build_subject, contents_at, overtaken, run_simulation, subject_of
from analysis.impact import TakesLonger
from analysis.simulation import (
    WRITTEN,
    Slice,
    conclude,
    partitions_of,
    simulate_partitions,
    some_ahead,
)
from analysis.simulation_parts import counted
from analysis.simulation_scenes import live_scenes
from analysis.simulation_subject import Subject
from commands import assessments, snapshots
from domain.change import ChangeContent
from domain.errors import Conflict, Unavailable
from domain.simulation import Simulation, worsened
from domain.snapshot import Snapshot
from store import artifacts, changes
from store.database import Database
from store.files import FileStore
from store.snapshots import named

GROUP = 4
"""Partitions in one step: few enough to show progress and to be taken again, enough to be worth compiling for."""


class SimulationSteps(Steps):
    """How a change is simulated: few quotes in one step on our own database, many in steps on the analysis queue."""

    @activity.defn
    def simulate_change(self, step: StepInput) -> Progress:
        """Price every affected quote by the live and the proposed content, and keep the result (chapter 6)."""
        return self._step(step, self._simulate)

    def _simulate(self, at: StepInput) -> Taken:
        with self.gateway.database.reading() as session:
            content = changes.content(session, at.change, at.revision)
            affected = changes.change(session, at.change).affected_quotes
            result = None if self.is_wide(affected) else run_simulation(session, content, self.files)
        return self._record(at, result or self._simulated_wide(content, affected))

    def _simulated_wide(self, content: ChangeContent, affected: int) -> Simulation:
        wide = self._wide()
        self._refresh(wide)
        with self.gateway.database.reading() as session:
            return run_simulation(session, content, self.files, affected, wide)

    @activity.defn
    def prepare_simulation(self, step: StepInput) -> SimulationJob:
        """Bring the snapshot up to now and say which partitions are to be priced together, on which versions."""
        forget_parts(self.gateway.database, self.files)
        wide = self._wide()
        snapshot = self._refresh(wide)
        snapshots.hold_snapshot(self.gateway, self._call(step, ""), snapshot.digest, step.change, step.revision)
        numbers = partitions_of(snapshot)
        groups = tuple(numbers[start : start + GROUP] for start in range(0, len(numbers), GROUP))
        with self.gateway.database.reading() as session:
            versions = artifacts.latest_numbers(session)
        return SimulationJob(snapshot=snapshot.digest, groups=groups, parts=_owner(step), versions=versions)

    @activity.defn
    def simulate_part(self, part: PartInput) -> PartDone:
        """Price some partitions; the beats tell how many are done."""
        wide, subject = self._wide(), self._subject(part.step, part.versions)
        with self.gateway.database.reading() as session:
            snapshot = named(session, part.snapshot)
        kept, files = self._parts(part.parts), list[tuple[int, str]]()
        compared, differing, sql = 0, list[str](), ""
        pieces = simulate_partitions(subject, snapshot, wide.snapshots, wide.limits, part.numbers)
        for piece in some_ahead(pieces):
            buffer = io.BytesIO()
            pq.write_table(piece.effects, buffer, **WRITTEN)
            files.append((piece.number, kept.put(buffer.getvalue())))
            compared, sql = compared + piece.compared, piece.sql
            differing += piece.differing
            tell(len(files), len(part.numbers))
        return PartDone(files=tuple(files), compared=compared, differing=tuple(differing), sql=sql)

    @activity.defn
    def conclude_simulation(self, conclusion: Conclusion) -> Progress:
        """Merge the parts to the result and keep it as evidence."""

        def work(at: StepInput) -> Taken:
            subject, kept = self._subject(at, conclusion.versions), self._parts(conclusion.kept)
            with self.gateway.database.reading() as session:
                if not changes.simulates(session, at.change, at.revision):
                    raise Conflict("simulated", "This revision is not being simulated any more.")
                snapshot = named(session, conclusion.snapshot)
                slices = (piece for part in conclusion.parts for piece in _slices(part, kept))
                result = conclude(subject, snapshot, slices, self.files, live_scenes(session))
            return self._record(at, result)

        concluded = self._step(conclusion.step, work)
        forget_parts(self.gateway.database, self.files)
        return concluded

    def simulated_again(
        self, session: Session, content: ChangeContent, seen: Simulation | None, affected: int, bound: int
    ) -> tuple[str, tuple[str, ...]]:
        """Simulate again where something that collides was published since, on the quotes of now (R-4.5).

        seen: the simulation that approvers saw; affected: how many quotes they saw affected. Returns the digest of the
        new cases, empty where the first simulation still holds, and what approvers have not seen. Raises TakesLonger
        for a wide one in a local step, Unavailable("snapshot_busy").
        """
        if seen is None or not overtaken(session, seen.versions, content):
            return "", ()
        try:
            snapshot = self._refresh_in_time(self.wide) if self.wide and self.is_wide(affected) else None
            now = run_simulation(session, content, self.files, affected, self.wide, snapshot)
        except Conflict:
            # The gate itself refuses a change whose entries have moved, and names them.
            return "", ()
        return now.digest, worsened(seen, now, bound)

    def _parts(self, owner: str) -> FileStore:
        """Where the files of parts are; a simulation that an earlier release began has none apart."""
        return self.files.apart(owner) if owner else self.files

    def _subject(self, at: StepInput, versions: Mapping[str, int]) -> Subject:
        """The change on the versions on which its simulation began; on what is live if an earlier release began it."""
        with self.gateway.database.reading() as session:
            content = changes.content(session, at.change, at.revision)
            if not versions:
                return subject_of(session, content.parts)
            return build_subject(contents_at(session, versions), versions, content.parts)

    def _record(self, at: StepInput, result: Simulation) -> Taken:
        call = self._call(at, "simulate")
        return Taken(assessments.record_simulation(self.gateway, call, at.change, at.revision, result))

    def _refresh(self, wide: Wide) -> Snapshot:
        """Bring the snapshot up to now. Raises Unavailable("snapshot_busy") while another process does."""
        try:
            return refresh(self.gateway, wide.snapshots)
        except Conflict as busy:
            raise Unavailable("snapshot_busy", busy.detail) from busy

    def _refresh_in_time(self, wide: Wide) -> Snapshot:
        """The same, where there are more than the seconds of a local step. Raises TakesLonger."""
        if is_brief():
            raise TakesLonger("takes_longer", "So many quotes are affected that a step with more time prices them.")
        return self._refresh(wide)

    def _wide(self) -> Wide:
        if self.wide is None:
            raise Unavailable("no_snapshots", "This worker knows no folder of snapshots.")
        return self.wide


def _owner(step: StepInput) -> str:
    """The name of one simulation: another for each time that a revision is simulated, so that none is reused."""
    at = activity.info()
    return f"{step.change}.{step.revision}.{at.workflow_run_id}-{at.activity_id}"


def forget_parts(database: Database, files: FileStore) -> None:
    """Remove the files of parts that no simulation needs any more: concluded, withdrawn, edited, or lost with a worker.

    They are listed before the facts are read, so that a simulation that begins meanwhile is not touched.
    """
    owners = files.owners()
    if not owners:
        return
    with database.reading() as session:
        over = [owner for owner in owners if not changes.simulates(session, *_simulated(owner))]
    for owner in over:
        files.forget(owner)


def _simulated(owner: str) -> tuple[str, int]:
    change, revision, _ = owner.split(".", 2)
    return change, int(revision)


def _slices(part: PartDone, kept: FileStore) -> Iterator[Slice]:
    compared, differing = part.compared, part.differing
    for number, file in part.files:
        yield Slice(number, counted(pq.read_table(io.BytesIO(kept.get(file)))), compared, differing, part.sql)
        compared, differing = 0, ()
