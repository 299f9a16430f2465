"""A decision table: columns, rows of conditions, outcomes; and the approval policy made of two of them."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from domain.model import Model


class Row(Model):
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
    """A stage as a policy writes it: groups of its single slot (`owner`: the kind's own group), durations in hours."""

    id: str
    title: str
    groups: Annotated[tuple[str, ...], Field(min_length=1)]
    inputs: tuple[str, ...]
    remind_after: Annotated[int, Field(gt=0)]
    escalations: tuple["EscalationRule", ...] = ()
    expire_after: Annotated[int, Field(gt=0)]


class EscalationRule(Model):
    """After so many hours these groups may decide too."""

    after: Annotated[int, Field(gt=0)]
    groups: Annotated[tuple[str, ...], Field(min_length=1)]


class ApprovalPolicy(Model):
    """The content of an approval artifact: how a change is tiered, and which stages a tier needs."""

    owner: str
    confirm_within_minutes: Annotated[int, Field(gt=0)]
    impact_bound_basis_points: Annotated[int, Field(ge=0)]
    tier: Table
    stages: Table
