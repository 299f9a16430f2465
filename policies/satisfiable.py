"""Whether the people of today could fill a plan, and whether others could if those did not (R-8.2, I17).

A person fills one place of a plan, so this is a matching of places to persons.
"""

from collections.abc import Iterable, Mapping, Sequence

from domain.model import Model

Holders = Mapping[str, frozenset[str]]


class Place(Model):
    """One signature of a plan: its stage, and the groups that can give it."""

    stage: str
    groups: frozenset[str]


def unfilled(places: Sequence[Place], holders: Holders) -> tuple[str, ...]:
    """The stages in which a place stays empty when as many as possible are filled by distinct persons."""
    holding: dict[str, int] = {}
    missing = [place.stage for number, place in enumerate(places) if not _seat(number, places, holders, holding, set())]
    return tuple(dict.fromkeys(missing))


def without_substitutes(places: Sequence[Place], holders: Holders) -> tuple[str, ...]:
    """The stages for which there are no two quorums without a common person."""
    return unfilled([*places, *places], holders)


def _seat(number: int, places: Sequence[Place], holders: Holders, holding: dict[str, int], tried: set[str]) -> bool:
    """Find a person for a place, moving others where they can go too (augmenting path)."""
    for person in _able(places[number].groups, holders):
        if person in tried:
            continue
        tried.add(person)
        held = holding.get(person)
        if held is None or _seat(held, places, holders, holding, tried):
            holding[person] = number
            return True
    return False


def _able(groups: frozenset[str], holders: Holders) -> Iterable[str]:
    return (person for person, held in holders.items() if held & groups)
