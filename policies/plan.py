"""From an approval policy and the facts of a change to its tier and its plan."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, StrictInt, TypeAdapter, ValidationError

from domain.approval_plan import GOVERNANCE_BOARD, Escalation, Plan, Slot, Stage
from domain.errors import Invalid
from domain.judging import NAMES, unknown_checks
from domain.kinds.approval import EffectLimit
from domain.kinds.kind import first_error
from domain.model import Model
from domain.money import exponent
from domain.ownership import OWNER, WORDS, Ownership
from domain.working_time import WorkingTime
from policies.evaluate import NoRuleMatched, check_table, every_match, first_match
from policies.table import ApprovalPolicy, Row, StageRule, Table

HOUR = 3600
STRICTEST_TIER = 4
INPUTS = frozenset(
    {
        *("content", "purpose", "operations", "scope", "effective", "rollback", "monitoring", "bases"),
        *("policy", "impact", "simulation"),
    }
)


class Tiering(Model):
    """The tier of a change, the row that said so and why, and the facts on which it did."""

    tier: Annotated[StrictInt, Field(ge=0, le=4)]
    row: str | None
    because: str
    facts: Mapping[str, object] = {}


def tier_of(policy: ApprovalPolicy, facts: Mapping[str, object]) -> Tiering:
    """The tier by the policy; no matching rule is the strictest tier (R-3.3). Raises Invalid("bad_rule")."""
    try:
        row = first_match(policy.tier, facts)
    except NoRuleMatched:
        why = "no rule matched, so the strictest tier applies"
        return Tiering(tier=STRICTEST_TIER, row=None, because=why, facts=facts)
    return Tiering(tier=row.then["tier"], row=row.id, because=row.because, facts=facts)


def raised(tiering: Tiering, least: int) -> Tiering:
    """The tier, not under what the requester wants at least (R-3.3)."""
    if least <= tiering.tier:
        return tiering
    because = f"the requester wants tier {least} at least; by the policy tier {tiering.tier}: {tiering.because}"
    return tiering.model_copy(update={"tier": least, "because": because})


def _minor(limits: Sequence[EffectLimit]) -> dict[str, int]:
    """Limits in minor units; of two for one currency the lower."""
    return {
        limit.currency: limit.amount * 10 ** exponent(limit.currency)
        for limit in sorted(limits, key=lambda limit: (limit.currency, -limit.amount))
    }


Calendars = Callable[[str, str], WorkingTime | None]
"""(what a stage names, its first group) -> whose working time its hours are; raises Invalid("unknown_calendar")."""


def any_clock(name: str, group: str) -> WorkingTime | None:
    """No calendars: every hour counts."""
    return None


def plan_for(
    policy: ApprovalPolicy,
    reference: tuple[str, int],
    tiering: Tiering,
    owner_group: str | Ownership,
    calendars: Calendars = any_clock,
) -> Plan:
    """The plan that the policy (its artifact and version in `reference`) asks of a tier.

    Raises Invalid("no_stage_rule", "unknown_calendar").
    """
    try:
        row = first_match(policy.stages, {**tiering.facts, "tier": tiering.tier})
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
        stages=tuple(stage_of(rule, owner_group, calendars) for rule in rules_of(row.then)),
        checks=policy.checks,
        review_within=row.then["review_within"] * HOUR if "review_within" in row.then else None,
        delegates_up_to=policy.delegation.up_to_tier,
        apart=tuple(pair.groups for pair in policy.apart),
        step_up_from=policy.step_up_from_tier,
        retype_above=_minor(policy.retype_above),
    )


def quote_plan(
    policy: ApprovalPolicy,
    reference: tuple[str, int],
    facts: Mapping[str, object],
    owner_group: str,
    calendars: Calendars = any_clock,
) -> Plan:
    """The plan that the policy asks of a quote: the stages of every row that holds, each once, the highest tier.

    Raises Invalid("bad_rule", "no_quote_rule", "unknown_calendar").
    """
    try:
        rows = every_match(policy.quote, facts) if policy.quote else ()
    except NoRuleMatched:
        rows = ()
    if not rows:
        raise Invalid("no_quote_rule", "The policy says nothing about such a quote.")
    rules = {rule.id: rule for row in rows for rule in rules_of(row.then)}
    return Plan(
        tier=max(row.then["tier"] for row in rows),
        reasons=tuple(row.because for row in rows),
        policy=reference[0],
        policy_version=reference[1],
        confirm_within=policy.confirm_within_minutes * 60,
        impact_bound=policy.impact_bound_basis_points,
        stages=tuple(stage_of(rule, owner_group, calendars) for rule in rules.values()),
        delegates_up_to=policy.delegation.up_to_tier,
        apart=tuple(pair.groups for pair in policy.apart),
        step_up_from=policy.step_up_from_tier,
    )


def check_policy(policy: ApprovalPolicy) -> None:
    """Everything that can be known on save: readable cells, legal tiers, stages that can be built. Raises Invalid."""
    check_table(policy.tier)
    check_table(policy.stages)
    if unknown := unknown_checks(policy.checks):
        raise Invalid("bad_policy", f"There is no check {', '.join(unknown)}; there are {', '.join(sorted(NAMES))}.")
    for row in policy.tier.rows:
        _check_tier(row)
    for row in policy.stages.rows:
        _check_stages(row)
    if policy.quote is not None:
        _check_quotes(policy.quote)


def _check_stages(row: Row) -> None:
    """The stages of a row make a plan: known inputs, known order, no more signatures than anybody could collect."""
    rules = rules_of(row.then)
    for rule in rules:
        if unknown := set(rule.inputs) - INPUTS:
            raise Invalid("bad_policy", f"Stage {rule.id} is bound to unknown inputs {sorted(unknown)}.", row=row.id)
    try:
        Plan(
            tier=0,
            reasons=(),
            policy="",
            policy_version=0,
            confirm_within=1,
            impact_bound=0,
            stages=tuple(stage_of(rule, OWNER, any_clock) for rule in rules),
            review_within=row.then.get("review_within"),
        )
    except ValidationError as error:
        raise Invalid("bad_policy", f"Row {row.id}: {first_error(error)}", row=row.id) from None


def _check_quotes(table: Table) -> None:
    """Rows that add the same stage agree about it; otherwise one of them would silently not count."""
    check_table(table)
    known: dict[str, StageRule] = {}
    for row in table.rows:
        _check_tier(row)
        _check_stages(row)
        for rule in rules_of(row.then):
            if known.setdefault(rule.id, rule) != rule:
                raise Invalid("bad_policy", f"Row {row.id}: stage {rule.id} differs from that of an earlier row.")


def _check_tier(row: Row) -> None:
    try:
        Tiering.model_validate({"tier": row.then.get("tier"), "row": row.id, "because": row.because})
    except ValidationError as error:
        raise Invalid("bad_policy", f"Row {row.id}: {first_error(error)}", row=row.id) from None


def groups_of(policy: ApprovalPolicy) -> set[str]:
    """Every group that a policy can ask, apart from the kind's own."""
    rules = [rule for row in (*policy.stages.rows, *policy.rows("quote")) for rule in rules_of(row.then)]
    named = {group for rule in rules for group in (*rule.groups, *(rule.veto or ()))}
    return (named | {group for rule in rules for level in rule.escalations for group in level.groups}) - WORDS


RULES = TypeAdapter(Annotated[tuple[StageRule, ...], Field(min_length=1)])


def rules_of(then: Mapping[str, Any]) -> tuple[StageRule, ...]:
    """The stages of a row's outcome. Raises Invalid("bad_policy")."""
    try:
        return RULES.validate_python(then.get("stages"))
    except ValidationError as error:
        raise Invalid("bad_policy", first_error(error)) from None


def stage_of(rule: StageRule, owner_group: str | Ownership, calendars: Calendars) -> Stage:
    """A stage as it is planned, with the owner's group in its place."""
    groups = _groups(rule.groups, owner_group)
    return Stage(
        id=rule.id,
        title=rule.title,
        slots=_slots(rule, groups),
        inputs=rule.inputs,
        after=rule.after,
        veto=None if rule.veto is None else _groups(rule.veto, owner_group),
        remind_after=rule.remind_after * HOUR,
        escalations=tuple(
            Escalation(after=level.after * HOUR, groups=_groups(level.groups, owner_group))
            for level in rule.escalations
        ),
        expire_after=rule.expire_after * HOUR,
        calendar=calendars(rule.calendar, groups[0]) if rule.calendar else None,
        minutes=GOVERNANCE_BOARD in groups,
    )


def _slots(rule: StageRule, groups: tuple[str, ...]) -> tuple[Slot, ...]:
    """One signature of any group, one of each, or so many of any."""
    match rule.rule:
        case "all":
            return tuple(Slot(id=f"{rule.id}/{group}", groups=(group,)) for group in groups)
        case "quorum":
            return tuple(Slot(id=f"{rule.id}/{number}", groups=groups) for number in range(1, (rule.quorum or 1) + 1))
        case _:
            return (Slot(id=rule.id, groups=groups),)


def _groups(groups: tuple[str, ...], owner_group: str | Ownership) -> tuple[str, ...]:
    """The groups that a stage means; `owner` and the other words of ownership stand for those of the domain."""
    if isinstance(owner_group, Ownership):
        return tuple(dict.fromkeys(group for word in groups for group in owner_group.groups(word)))
    return tuple(dict.fromkeys(owner_group if group == OWNER else group for group in groups))
