"""Who must agree to a request that is no change: a decision table of its own, of the same stages (R-7.11)."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from domain.approval_plan import Plan
from domain.correction import CorrectionType
from domain.errors import Invalid
from domain.kinds.kind import first_error
from domain.model import Model
from policies.evaluate import NoRuleMatched, check_table, first_match
from policies.plan import Calendars, any_clock, stage_of
from policies.table import StageRule, Table

FILE = Path(__file__).parent / "tables" / "requests.yaml"
INPUTS = frozenset({"request", "policy", "original"})
NAME = "requests"
STAGES = TypeAdapter(tuple[StageRule, ...])


class RequestFacts(Model):
    """What the table asks of a request: its kind, the tier of what it is for, for how many days, and its type.

    days: 0 where it is for no time. type: that of a correction (R-17.2), otherwise empty.
    """

    subject: str
    tier: Annotated[int, Field(ge=0, le=4)]
    days: int = 0
    type: str = ""


class RequestPolicy(Model):
    """Owner, version and table of the stages that each kind of request needs."""

    owner: str
    version: Annotated[int, Field(ge=1)]
    requests: Table


@lru_cache(maxsize=1)
def request_policy() -> RequestPolicy:
    """The shipped table. Raises Invalid("bad_rule", "bad_policy") when it cannot be evaluated."""
    policy = RequestPolicy.model_validate(yaml.safe_load(FILE.read_text(encoding="utf-8")))
    check_table(policy.requests)
    for row in policy.requests.rows:
        for rule in _rules(row.then):
            if unknown := set(rule.inputs) - INPUTS:
                raise Invalid("bad_policy", f"Stage {rule.id} is bound to unknown inputs {sorted(unknown)}.")
    return policy


def request_plan(facts: RequestFacts, calendars: Calendars = any_clock) -> Plan | None:
    """The plan that a request needs; None only where a row says that it needs none.

    Raises Invalid("no_request_rule").
    """
    policy = request_policy()
    asked = facts.model_dump()
    try:
        row = first_match(policy.requests, asked)
    except NoRuleMatched:
        raise Invalid("no_request_rule", f"No rule says who agrees to this: {asked}.") from None
    rules = _rules(row.then)
    if not rules:
        return None
    return Plan(
        tier=facts.tier,
        reasons=(row.because,),
        policy=NAME,
        policy_version=policy.version,
        confirm_within=1,
        impact_bound=0,
        stages=tuple(stage_of(rule, policy.owner, calendars) for rule in rules),
    )


def correction_plan(of: CorrectionType, calendars: Calendars = any_clock) -> Plan:
    """The plan that a correction of a type needs; there is none that nobody has to agree to (R-17.2).

    Raises Invalid("no_request_rule").
    """
    plan = request_plan(RequestFacts(subject="correction", tier=of.tier, type=of), calendars)
    if plan is None:
        raise Invalid("no_request_rule", f"No rule says who agrees to a correction of {of}.")
    return plan


def _rules(then: Mapping[str, object]) -> tuple[StageRule, ...]:
    try:
        return STAGES.validate_python(then.get("stages"))
    except ValidationError as error:
        raise Invalid("bad_policy", first_error(error)) from None
