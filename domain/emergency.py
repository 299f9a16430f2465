"""The emergency path in numbers, and who may review (R-4.7): reviewing is for a second person."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from domain.change import visible
from domain.errors import Refused
from domain.given import Truth
from domain.model import Model

LONGEST_BREAK_GLASS = timedelta(hours=4)
BREAK_GLASS_REVIEW = timedelta(hours=24)
NEVER_TIER = 4
EMERGENCY, BREAK_GLASS = "emergency", "break_glass"
Reason = Annotated[str, Field(min_length=10, max_length=4000), AfterValidator(visible)]


class Findings(Model):
    """What a review found, and whether it was right to act."""

    sound: Truth
    findings: Reason


def require_second_person(reviewer: str, involved: frozenset[str]) -> None:
    """Raises Refused("not_a_second_person") for whoever asked for it, wrote it, decided on it or opened the window."""
    if reviewer in involved:
        raise Refused("not_a_second_person", "A review is for somebody who had no part in it.", person=reviewer)
