"""A scenario of an approval policy: a case with its people, what must happen in it, and what must not (R-8.3).

People are made up; what is tried out is the policy's routing and the rules of the approval itself, in one go.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from domain.model import Model


class ScenarioDeputy(Model):
    """Somebody who represents somebody else in one group, for so many hours from now; below zero: until then."""

    delegator: str
    delegate: str
    group: str
    hours: int


class ScenarioStep(Model):
    """One thing that happens: a person approves and is answered, or an input moves that approvals rest on.

    answer: `counted`, or the code of the refusal that has to come.
    """

    by: str = ""
    answer: str = "counted"
    moves: str = ""


class Scenario(Model):
    """facts: those of the subject's table; asks, asks_not: groups of the plan; verdict: after all steps."""

    id: Annotated[str, Field(pattern="^[a-z0-9-]{1,60}$")]
    title: Annotated[str, Field(min_length=3, max_length=200)]
    subject: Literal["change", "quote"] = "quote"
    facts: Mapping[str, int | str | bool]
    owner: str = ""
    people: Mapping[str, tuple[str, ...]]
    requester: str
    deputies: tuple[ScenarioDeputy, ...] = ()
    asks: tuple[str, ...] = ()
    asks_not: tuple[str, ...] = ()
    steps: tuple[ScenarioStep, ...] = ()
    verdict: Literal["granted", "waiting"] = "granted"
