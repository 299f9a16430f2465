"""Slots filled by distinct natural persons: a maximum matching over groups and delegations (D3, R-7.2)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import islice

from domain.approval_plan import ApprovalFacts, Decision, Fired, Plan, Slot, SlotStanding, Stage

SHOWN = 50
"""Candidates that a slot lists; no fewer than a plan has slots, so that the lists say what is possible."""
Key = tuple[str, str]
"""A slot: stage id, slot id."""


def slot_groups(stage: Stage, slot: Slot, fired: Iterable[Fired]) -> tuple[str, ...]:
    """The groups that may fill a slot now: its own and those that escalations added."""
    levels = {f.level for f in fired if f.stage == stage.id and f.what == "escalation"}
    added = [group for n, level in enumerate(stage.escalations, 1) if n in levels for group in level.groups]
    return tuple(dict.fromkeys((*slot.groups, *added)))


def stage_groups(stage: Stage, fired: Iterable[Fired]) -> frozenset[str]:
    """The groups that may fill any slot of a stage now."""
    return frozenset(group for slot in stage.slots for group in slot_groups(stage, slot, fired))


def voice(facts: ApprovalFacts, stage: Stage, person: str, represents: str | None) -> frozenset[str]:
    """The groups that a person brings into a stage: held directly, or lent by the delegation of the one represented."""
    handed = facts.handed_on.get(stage.id, frozenset())
    if person in handed or represents in handed:
        return frozenset()
    if represents is None:
        return facts.groups.get(person, frozenset())
    lent = [d.groups for d in facts.deputies if d.delegate == person and d.delegator == represents]
    if person not in facts.groups:
        return frozenset()
    brought = facts.groups.get(represents, frozenset()) & frozenset().union(*lent)
    return brought - _joined(facts, facts.groups[person], brought)


def _joined(facts: ApprovalFacts, held: frozenset[str], brought: frozenset[str]) -> frozenset[str]:
    """The groups that a loan would bring together with others although they are apart (R-7.4); also such as were given
    to one of the two after the loan."""
    pairs = [frozenset(pair) for pair in facts.plan.apart] if facts.plan else []
    return frozenset().union(*(pair for pair in pairs if pair <= held | brought and not pair <= held))


@dataclass(frozen=True)
class Seats:
    """The slots of a plan with the groups that may fill them now, and who has approved where."""

    facts: ApprovalFacts
    allowed: Mapping[Key, frozenset[str]]
    brings: Mapping[tuple[str, str], frozenset[str]]
    """(person, stage) -> the groups that the person's approval there brings."""

    @classmethod
    def of(cls, facts: ApprovalFacts, plan: Plan, approvals: Sequence[Decision]) -> "Seats":
        allowed = {
            (stage.id, slot.id): frozenset(slot_groups(stage, slot, facts.fired))
            for stage in plan.stages
            for slot in stage.slots
        }
        brings: dict[tuple[str, str], frozenset[str]] = {}
        for decision in approvals:
            stage = plan.stage(decision.stage)
            assert stage is not None
            groups = voice(facts, stage, decision.person, decision.represents)
            key = (decision.person, stage.id)
            brings[key] = brings.get(key, frozenset()) | groups
        return cls(facts, allowed, brings)

    def fits(self, person: str, slot: Key) -> bool:
        """Whether an approval of this person can fill this slot."""
        return bool(self.brings.get((person, slot[0]), frozenset()) & self.allowed[slot])

    def fill(self) -> dict[Key, str]:
        """Slots filled by distinct persons, as many as possible, earlier stages first."""
        persons = sorted({person for person, _ in self.brings})
        filled: dict[Key, str] = {}
        for slot in self.allowed:
            self._augment(slot, persons, filled, set())
        return filled

    def _augment(self, wanted: Key, persons: Sequence[str], filled: dict[Key, str], tried: set[str]) -> bool:
        """Find a person for a slot, moving others to slots that they can fill too (augmenting path)."""
        for person in persons:
            if person in tried or not self.fits(person, wanted):
                continue
            tried.add(person)
            held = next((key for key, holder in filled.items() if holder == person), None)
            if held is None or self._augment(held, persons, filled, tried):
                filled[wanted] = person
                return True
        return False

    def opens(self, missing: Key, filled: Mapping[Key, str]) -> frozenset[str]:
        """The groups that would help to fill a missing slot: its own, and those of slots whose holder could move up."""
        reached, queue = {missing}, [missing]
        while queue:
            slot = queue.pop()
            for other, holder in filled.items():
                if other not in reached and other[0] == missing[0] and self.fits(holder, slot):
                    reached.add(other)
                    queue.append(other)
        return frozenset(group for slot in reached for group in self.allowed[slot])


def assign(facts: ApprovalFacts, approvals: Sequence[Decision]) -> dict[Key, str]:
    """Slots (stage, slot) filled by distinct persons: a maximum matching, earlier stages first (D3, R-7.2)."""
    assert facts.plan is not None
    return Seats.of(facts, facts.plan, approvals).fill()


def slot_standing(
    seats: Seats, stage: Stage, slot: Slot, filled: Mapping[Key, str], used: Mapping[str, str | None]
) -> SlotStanding:
    """Who fills a slot, or who could: people and delegates who have not spoken, in the order of the facts.

    used: persons whose voice is counted -> whom they represent.
    """
    groups = slot_groups(stage, slot, seats.facts.fired)
    key = (stage.id, slot.id)
    if person := filled.get(key):
        return SlotStanding(slot=slot.id, groups=groups, person=person, represents=used.get(person), candidates=())
    helps = seats.opens(key, filled)
    listed = list(islice(_candidates(seats.facts, stage, helps, used), SHOWN + 1))
    return SlotStanding(
        slot=slot.id,
        groups=groups,
        helped_by=helps,
        person=None,
        candidates=tuple(sorted(listed[:SHOWN])),
        deputies=_deputies(seats.facts, stage, helps, used),
        more=len(listed) > SHOWN or bool(helps & seats.facts.crowded),
    )


def _candidates(facts: ApprovalFacts, stage: Stage, helps: frozenset[str], used: Mapping[str, object]) -> Iterator[str]:
    barred = {*used, *facts.excluded, *facts.handed_on.get(stage.id, ())}
    return (person for person, held in facts.groups.items() if not held.isdisjoint(helps) and person not in barred)


def _deputies(
    facts: ApprovalFacts, stage: Stage, helps: frozenset[str], used: Mapping[str, object]
) -> Mapping[str, str]:
    barred = {*used, *facts.excluded, *facts.handed_on.get(stage.id, ())}
    return {
        deputy.delegate: deputy.delegator
        for deputy in facts.deputies
        if barred.isdisjoint((deputy.delegate, deputy.delegator))
        and voice(facts, stage, deputy.delegate, deputy.delegator) & helps
    }


def unfillable(stages: Sequence[tuple[str, Sequence[SlotStanding]]]) -> frozenset[str]:
    """The stages whose missing slots cannot all be filled by distinct people who have not spoken.

    A delegate adds nobody here: whoever they represent could sign as well.
    """
    taken: dict[str, Key] = {}
    open_slots = {(stage, s.slot): s for stage, slots in stages for s in slots if s.person is None}
    return frozenset(
        key[0] for key, slot in open_slots.items() if not slot.more and not _seat(key, open_slots, taken, set())
    )


def _seat(wanted: Key, slots: Mapping[Key, SlotStanding], taken: dict[str, Key], tried: set[str]) -> bool:
    for person in slots[wanted].candidates:
        if person in tried:
            continue
        tried.add(person)
        if person not in taken or _seat(taken[person], slots, taken, tried):
            taken[person] = wanted
            return True
    return False


def overlapping(decisions: Sequence[Decision]) -> Set[str]:
    """Decisions by delegates that would count somebody twice: who acts or whom they represent has another voice (I5).

    What somebody says in their own right goes first, then who was earlier.
    """
    own = {decision.person for decision in decisions if decision.represents is None}
    seen: set[str] = set()
    doubled: set[str] = set()
    for decision in sorted(decisions, key=lambda d: (d.at, d.id)):
        if decision.represents is None:
            continue
        if decision.persons & (own | seen):
            doubled.add(decision.id)
        else:
            seen |= decision.persons
    return doubled
