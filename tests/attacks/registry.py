"""An attack: its id in the catalogue of failures, its entrance, the attempt, the twin that may pass, the seeded defect."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.attacks.world import Outcome, World

Attempt = Callable[[World], Outcome]
Defect = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Attack:
    """code: the refusal that must come; audited: whether it is an attempt at authority, which leaves a record; defect: what
    takes its guard out of the product."""

    id: str
    entrance: str
    code: str
    attempt: Attempt
    twin: Callable[[World], object]
    defect: Defect
    audited: bool = True

    @property
    def name(self) -> str:
        return f"{self.id}-{self.entrance}-{self.attempt.__name__}"


ATTACKS: list[Attack] = []


def attack(
    id: str, entrance: str, code: str, twin: Callable[[World], object], defect: Defect, audited: bool = True
) -> Callable[[Attempt], Attempt]:
    """Register an attempt; one function may be registered for several entrances."""

    def register(attempt: Attempt) -> Attempt:
        ATTACKS.append(Attack(id, entrance, code, attempt, twin, defect, audited))
        return attempt

    return register
