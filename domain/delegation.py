"""Delegation: what somebody lends, to whom, within which limits and until when (R-7.4)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from domain.artifact import EVERYWHERE
from domain.model import Model

LONGEST = timedelta(days=30)
NOT_BEFORE = timedelta(minutes=5)
"""How far in the past a delegation may say that it begins: clocks of people are not that of the database."""


class Limits(Model):
    """For what a delegation holds: groups and kinds of subject (`*` is any), up to a tier, up to an amount at stake.

    most_minor: minor units of `currency`; a subject with money in another currency is then not covered.
    """

    groups: Annotated[tuple[str, ...], Field(min_length=1)] = (EVERYWHERE,)
    kinds: Annotated[tuple[str, ...], Field(min_length=1)] = (EVERYWHERE,)
    max_tier: Annotated[int, Field(ge=0, le=4)] = 4
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    most_minor: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _amount_has_currency(self) -> Self:
        if (self.currency is None) != (self.most_minor is None):
            raise ValueError("an amount and its currency belong together")
        return self

    def lends(self, group: str) -> bool:
        """Whether the rights of this group are lent."""
        return EVERYWHERE in self.groups or group in self.groups

    def cover(self, kind: str, tier: int, at_stake: Mapping[str, int] | None) -> bool:
        """Whether a subject lies within the limits; `at_stake` is minor units by currency, None: nobody knows."""
        if tier > self.max_tier or not (EVERYWHERE in self.kinds or kind in self.kinds):
            return False
        if self.most_minor is None:
            return True
        if at_stake is None:
            return False
        return all(
            currency == self.currency and amount <= self.most_minor for currency, amount in at_stake.items() if amount
        )


def holds(from_at: datetime, until_at: datetime, now: datetime) -> bool:
    """Whether a delegation is in force: judged when it is used, so that nobody has to end it (I7)."""
    return from_at <= now < until_at


def bad_window(from_at: datetime, until_at: datetime, now: datetime) -> str | None:
    """Why a delegation may not run from and until these instants; None if it may."""
    if until_at <= from_at or until_at <= now:
        return "A delegation ends after it begins and after now."
    if from_at < now - NOT_BEFORE:
        return "A delegation does not begin in the past."
    if until_at - from_at > LONGEST:
        return f"A delegation lasts at most {LONGEST.days} days."
    return None
