"""Whether two changes depend on each other: by what they move, and by where they move it (R-4.5)."""

from collections import defaultdict
from collections.abc import Sequence

from sqlmodel import Session

from analysis.impact import reached_by, touched_by
from domain.artifact import EVERYWHERE, Part
from domain.kinds import kind_of_artifact
from domain.kinds.kind import Touched
from domain.touched import meet


def collides(session: Session, parts: Sequence[Part], others: Sequence[Part]) -> bool:
    """Whether what one of two changes does depends on the other (R-4.5).

    Both move one offering, by themselves or through other entries. Or both move one artifact, and one of them an entry
    of it that names no offering: a row of a policy, a clause or a task may decide about any other entry there.
    """
    if _about_all_of_one(parts, others):
        return True
    one, other = (
        {item.offering for item in (*touched_by(group), *reached_by(session, group))} for group in (parts, others)
    )
    return bool(one & other) or (EVERYWHERE in one and bool(other)) or (EVERYWHERE in other and bool(one))


def meets(parts: Sequence[Part], others: Sequence[Part]) -> bool:
    """Whether two changes meet in a line: they move the same offering in one place, or one artifact as a whole.

    Changes of one offering in two markets, or for two customers, collide and do not meet: together they do what each
    of them does.
    """
    return _about_all_of_one(parts, others) or _in_one_place(touched_by(parts), touched_by(others))


def _about_all_of_one(parts: Sequence[Part], others: Sequence[Part]) -> bool:
    return any(
        _about_all(part) or _about_all(other) for part in parts for other in others if part.artifact == other.artifact
    )


def _about_all(part: Part) -> bool:
    kind = kind_of_artifact(part.artifact)
    return any(not kind.touched(op) for op in part.operations)


def _in_one_place(one: Sequence[Touched], others: Sequence[Touched]) -> bool:
    by_offering = defaultdict[str, list[Touched]](list)
    for item in others:
        by_offering[item.offering].append(item)
    everywhere = by_offering.get(EVERYWHERE, [])
    return any(
        meet(item, other)
        for item in one
        for other in (others if item.offering == EVERYWHERE else (*by_offering.get(item.offering, ()), *everywhere))
    )
