"""A decision table: columns, rows of conditions, outcomes; and the approval policy made of them."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, StrictInt, model_validator

from domain.approval_plan import MOST_SLOTS
from domain.certification import Answered
from domain.kinds.approval import PolicyHead
from domain.model import Model

Hours: TypeAlias = Annotated[StrictInt, Field(gt=0, le=24 * 366)]


class Row(Answered):
    """One rule: it holds when every condition holds; `because` is the reason that people read."""

    id: Annotated[str, Field(pattern="^[a-z0-9-]{1,60}$")]
    when: Mapping[str, str]
    then: Mapping[str, Any]
    because: str = ""


class Table(Model):
    """Rows are read from the top and the first that holds decides."""

    columns: Annotated[tuple[str, ...], Field(min_length=1)]
    rows: Annotated[tuple[Row, ...], Field(min_length=1)]


class StageRule(Model):
    """A stage as a policy writes it; `owner` stands for the kind's own group, durations are hours.

    rule: `any` is one signature of any of the groups, `all` one of each group, `quorum` so many (`quorum`) of any of
    them; always distinct persons. after: ids of earlier stages that must be complete first, [] opens at once; left out:
    the stage written before it. veto: groups whose rejection ends the approval; left out: everybody who may sign.
    calendar: whose working time the hours are: the id of a calendar, `group` for that of the first group, left out:
    every clock.
    """

    id: Annotated[str, Field(pattern="^[a-z0-9-]{1,60}$")]
    title: Annotated[str, Field(min_length=1, max_length=80)]
    groups: Annotated[tuple[str, ...], Field(min_length=1)]
    rule: Literal["any", "all", "quorum"] = "any"
    quorum: Annotated[StrictInt, Field(ge=1, le=MOST_SLOTS)] | None = None
    after: tuple[str, ...] | None = None
    veto: tuple[str, ...] | None = None
    inputs: Annotated[tuple[str, ...], Field(min_length=1)]
    calendar: str = ""
    remind_after: Hours
    escalations: tuple["EscalationRule", ...] = ()
    expire_after: Hours

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if (self.quorum is not None) != (self.rule == "quorum"):
            raise ValueError(f"stage {self.id}: a number of signatures belongs to the rule quorum, and to no other")
        levels = [level.after for level in self.escalations]
        if levels != sorted(set(levels)) or (levels and levels[-1] >= self.expire_after):
            raise ValueError(f"stage {self.id}: escalations come one after the other and before the expiry")
        return self


class EscalationRule(Model):
    """After so many hours these groups may decide too."""

    after: Hours
    groups: Annotated[tuple[str, ...], Field(min_length=1)]


class ApprovalPolicy(PolicyHead):
    """The content of an approval artifact: how a change is tiered, and which stages a tier needs."""

    tier: Table
    stages: Table
    quote: Table | None = None
    """Which stages a quote needs: every row that holds adds its own. None: quotes are not routed by this policy."""
    request: Table | None = None
    """Who agrees to a request that is no change; `stages: []`: nobody has to. None: it is older than
    the table, and goes by the shipped one."""

    def rows(self, table: str) -> tuple[Row, ...]:
        """The rows of one of its tables."""
        found: Table | None = getattr(self, table)
        return found.rows if found else ()
