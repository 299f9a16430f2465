"""From an approval policy and the facts of a change to its tier and its plan."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from domain.approval import Escalation, Plan, Slot, Stage
from domain.errors import Invalid
from domain.kinds.kind import first_error
from domain.model import Model
from policies.evaluate import NoRuleMatched, check_table, first_match
from policies.table import ApprovalPolicy, Row, StageRule

HOUR = 3600
STRICTEST_TIER = 4
OWNER = "owner"
INPUTS = frozenset({"content", "scope", "effective", "rollback", "bases", "impact", "simulation"})


class Tiering(Model):
    """The tier of a change, the row that said so and why."""

    tier: Annotated[int, Field(ge=0, le=4)]
    row: str | None
    because: str


def tier_of(policy: ApprovalPolicy, facts: Mapping[str, object]) -> Tiering:
    """The tier by the policy; no matching rule is the strictest tier (R-3.3). Raises Invalid("bad_rule")."""
    try:
        row = first_match(policy.tier, facts)
    except NoRuleMatched:
        return Tiering(tier=STRICTEST_TIER, row=None, because="no rule matched, so the strictest tier applies")
    return Tiering(tier=row.then["tier"], row=row.id, because=row.because)


def plan_for(policy: ApprovalPolicy, reference: tuple[str, int], tiering: Tiering, owner_group: str) -> Plan:
    """The plan that the policy (its artifact and version in `reference`) asks of a tier.

    Raises Invalid("no_stage_rule").
    """
    try:
        row = first_match(policy.stages, {"tier": tiering.tier})
    except NoRuleMatched:
        raise Invalid(
            "no_stage_rule", f"The policy has no stages for tier {tiering.tier}.", tier=tiering.tier
        ) from None
    return Plan(
        tier=tiering.tier,
        reasons=(tiering.because,),
        policy=reference[0],
        policy_version=reference[1],
        confirm_within=policy.confirm_within_minutes * 60,
        impact_bound=policy.impact_bound_basis_points,
        stages=tuple(_stage(rule, owner_group) for rule in _rules(row.then)),
    )


def check_policy(policy: ApprovalPolicy) -> None:
    """Everything that can be known on save: readable cells, legal tiers, stages that can be built. Raises Invalid."""
    check_table(policy.tier)
    check_table(policy.stages)
    for row in policy.tier.rows:
        _check_tier(row)
    for row in policy.stages.rows:
        for rule in _rules(row.then):
            if unknown := set(rule.inputs) - INPUTS:
                raise Invalid(
                    "bad_policy", f"Stage {rule.id} is bound to unknown inputs {sorted(unknown)}.", row=row.id
                )


def _check_tier(row: Row) -> None:
    try:
        Tiering.model_validate({"tier": row.then.get("tier"), "row": row.id, "because": row.because})
    except ValidationError as error:
        raise Invalid("bad_policy", f"Row {row.id}: {first_error(error)}", row=row.id) from None


def groups_of(policy: ApprovalPolicy) -> set[str]:
    """Every group that a policy can ask, apart from the kind's own."""
    rules = [rule for row in policy.stages.rows for rule in _rules(row.then)]
    named = {group for rule in rules for group in rule.groups}
    return (named | {group for rule in rules for level in rule.escalations for group in level.groups}) - {OWNER}


RULES = TypeAdapter(Annotated[tuple[StageRule, ...], Field(min_length=1)])


def _rules(then: Mapping[str, Any]) -> tuple[StageRule, ...]:
    try:
        return RULES.validate_python(then.get("stages"))
    except ValidationError as error:
        raise Invalid("bad_policy", first_error(error)) from None


def _stage(rule: StageRule, owner_group: str) -> Stage:
    return Stage(
        id=rule.id,
        title=rule.title,
        slots=(Slot(id=rule.id, groups=_groups(rule.groups, owner_group)),),
        inputs=rule.inputs,
        remind_after=rule.remind_after * HOUR,
        escalations=tuple(
            Escalation(after=level.after * HOUR, groups=_groups(level.groups, owner_group))
            for level in rule.escalations
        ),
        expire_after=rule.expire_after * HOUR,
    )


def _groups(groups: tuple[str, ...], owner_group: str) -> tuple[str, ...]:
    return tuple(owner_group if group == OWNER else group for group in groups)
