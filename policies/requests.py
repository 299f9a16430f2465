"""Who must agree to a request that is no change: a table of the approval policy, of the same stages (R-7.11, R-8.1)."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from domain.approval_plan import Plan
from domain.errors import Invalid
from domain.kinds.kind import first_error
from domain.model import Model
from policies.evaluate import NoRuleMatched, check_table, first_match
from policies.facts import NO_TYPE
from policies.plan import Calendars, any_clock, stage_of
from policies.table import ApprovalPolicy, StageRule

INPUTS = frozenset({"request", "policy", "original"})
STAGES = TypeAdapter(tuple[StageRule, ...])


class RequestFacts(Model):
    """What the table asks of a request: its kind, the tier of what it is for, for how many days, and its type.

    days: 0 where it is for no time. type: that of a correction (R-17.2), `none` of everything else.
    """

    subject: str
    tier: Annotated[int, Field(ge=0, le=4)]
    days: int = 0
    type: str = NO_TYPE


def request_plan(
    policy: ApprovalPolicy, reference: tuple[str, int], facts: RequestFacts, calendars: Calendars = any_clock
) -> Plan | None:
    """The plan that the policy (its artifact and version in `reference`) asks of a request.

    None only where a row says that nobody has to be asked. Raises Invalid("no_request_rule", "bad_rule",
    "unknown_calendar").
    """
    asked = facts.model_dump()
    try:
        row = first_match(policy.request, asked) if policy.request else None
    except NoRuleMatched:
        row = None
    if row is None:
        raise Invalid("no_request_rule", f"The approval policy does not say who agrees to this: {asked}.")
    rules = _rules(row.then)
    if not rules:
        return None
    return Plan(
        tier=facts.tier,
        reasons=(row.because,),
        policy=reference[0],
        policy_version=reference[1],
        confirm_within=policy.confirm_within_minutes * 60,
        impact_bound=policy.impact_bound_basis_points,
        stages=tuple(stage_of(rule, policy.owner, calendars) for rule in rules),
        delegates_up_to=policy.delegation.up_to_tier,
    )


def check_requests(policy: ApprovalPolicy) -> None:
    """Everything that can be known of the table on save. Raises Invalid("bad_rule", "bad_policy")."""
    if policy.request is None:
        return
    check_table(policy.request)
    for row in policy.request.rows:
        for rule in _rules(row.then):
            if unknown := set(rule.inputs) - INPUTS:
                raise Invalid(
                    "bad_policy", f"Stage {rule.id} is bound to unknown inputs {sorted(unknown)}.", row=row.id
                )


def request_groups(policy: ApprovalPolicy) -> set[str]:
    """Every group that the table can ask."""
    rules = [rule for row in policy.rows("request") for rule in _rules(row.then)]
    named = {group for rule in rules for group in (*rule.groups, *(rule.veto or ()))}
    return named | {group for rule in rules for level in rule.escalations for group in level.groups}


def _rules(then: Mapping[str, object]) -> tuple[StageRule, ...]:
    try:
        return STAGES.validate_python(then.get("stages"))
    except ValidationError as error:
        raise Invalid("bad_policy", first_error(error)) from None
