"""A change together with each open one that it collides with: a third simulation, of both (R-4.5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlmodel import Session

from analysis.assessment import Wide, is_wide, on_todays_quotes, subject_of
from analysis.colliding import meets
from analysis.impact import Effort, Sources, TakesLonger, touched_by
from analysis.simulation_checks import content_checks
from analysis.simulation_subject import Subject
from domain.artifact import Part
from domain.change import EFFECTIVE
from domain.combination import Combination, Combinations, combination, invalid_together, not_combined
from domain.errors import MandateError
from domain.simulation import Check, Outcome, Simulation
from store import artifacts, changes
from store.files import FileStore
from store.touches import Collision

MOST, MOST_WIDE = 3, 1
"""Combinations that are simulated by themselves for one change; of those over very many quotes only the first."""


class Other(Collision):
    """An open change that a change meets, with what it does."""

    parts: tuple[Part, ...]


def combinations(
    sources: Sources, parts: Sequence[Part], collisions: Sequence[Collision], wide: Wide | None
) -> Combinations | None:
    """What a change does together with each that it meets, oldest first; None where it meets none. No file is kept.

    What cannot be combined is inconclusive and says why. Raises TakesLonger for what was to be found briefly.
    """
    # What has been published already is part of what every simulation runs on.
    ahead = [one for one in collisions if one.state not in EFFECTIVE]
    others = [other for one in ahead if meets(parts, (other := _other(sources.session, one)).parts)]
    if not others:
        return None
    if sources.effort is Effort.BRIEF:
        raise TakesLonger("takes_longer", "What colliding changes do together is found by a step with more time.")
    combining = Combining(sources.session, sources.files.unkept(), parts, wide)
    versions = artifacts.latest_numbers(sources.session)
    return Combinations(found=tuple(combining.with_all(others)), versions=versions)


def _other(session: Session, one: Collision) -> Other:
    content = changes.content(session, one.change, one.revision)
    return Other(**one.model_dump(), parts=content.parts)


@dataclass(frozen=True)
class Combining:
    """A change that is simulated together with others, each in the way in which it is done on request."""

    session: Session
    files: FileStore
    parts: Sequence[Part]
    wide: Wide | None

    def with_all(self, others: Sequence[Other]) -> list[Combination]:
        """The combination with each, as far as the bounds go."""
        found, wide = list[Combination](), 0
        for number, other in enumerate(others):
            many = self._many(other)
            if number >= MOST or (many and wide >= MOST_WIDE):
                reason = "so many changes meet this one that it was not simulated together with all of them by itself"
                found.append(not_combined(other.change, other.revision, reason))
                continue
            wide += many
            found.append(self._with(other))
        return found

    def _many(self, other: Other) -> bool:
        """Whether both together affect so many quotes that a snapshot is scanned."""
        return is_wide(self.session, touched_by((*self.parts, *other.parts)), self.wide)

    def _with(self, other: Other) -> Combination:
        if same := _same_entries(self.parts, other.parts):
            reason = f"both move {', '.join(same)}; whichever is released later has to be written anew"
            return not_combined(other.change, other.revision, reason)
        try:
            return self._simulated(other)
        except MandateError as refused:
            # What keeps two changes from being combined holds neither of them back.
            return not_combined(other.change, other.revision, refused.detail)

    def _simulated(self, other: Other) -> Combination:
        theirs = subject_of(self.session, other.parts)
        both = subject_of(self.session, (*other.parts, *self.parts), (other.change,))
        if any(check.outcome is Outcome.FAIL for check in _content(both)):
            alone = _content(self._own), _content(theirs)
            return invalid_together(other.change, other.revision, alone, _content(both))
        return combination(other.change, other.revision, (self._alone, self._run(theirs)), self._run(both))

    @cached_property
    def _own(self) -> Subject:
        return subject_of(self.session, self.parts)

    @cached_property
    def _alone(self) -> Simulation:
        return self._run(self._own)

    def _run(self, subject: Subject) -> Simulation:
        return on_todays_quotes(self.session, self.files, subject, self.wide)


def _content(subject: Subject) -> tuple[Check, ...]:
    return tuple(content_checks(subject.parts, subject.current, subject.proposed))


def _same_entries(parts: Sequence[Part], others: Sequence[Part]) -> list[str]:
    return sorted(_entries(parts) & _entries(others))


def _entries(parts: Sequence[Part]) -> set[str]:
    return {f"{part.artifact}:{op.entry}" for part in parts for op in part.operations}
