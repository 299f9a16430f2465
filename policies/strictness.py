"""Which of two plans is the stricter one, and the plan that is at least as strict as both (R-8.6, I15).

A plan is at least as strict as another when its tier is not lower, an answer on impact may be no older and impact may
move no further, a check that did not pass does no less, delegates may sign in no higher tier and join no groups that
are apart there, a fresh proof of who decides is asked for in the same tiers at least, no larger effect is approved
without typing it again, and every stage of the other has a counterpart of its own that asks at least as much: as many
signatures, each of people who could have given one there; resting on at least the same evidence; ended by the rejection
of at least the same groups; opened to others by escalation no sooner and to nobody else; expiring no later; keeping
minutes where the other does. The order of stages is no part of it, since all of them must be complete.
"""

import math
from collections.abc import Mapping, Sequence

from domain.approval_plan import Escalation, Plan, Stage
from domain.judging import CheckRule, rule_for, stricter


def weaker_in(plan: Plan, other: Plan) -> tuple[str, ...]:
    """In what a plan is weaker than another; nothing: it is at least as strict."""
    found = []
    if plan.tier < other.tier:
        found.append(f"tier {plan.tier} instead of {other.tier}")
    if plan.confirm_within > other.confirm_within:
        found.append("an answer on impact may be older")
    if plan.impact_bound > other.impact_bound:
        found.append("impact may move further")
    if any(
        _milder(rule_for(plan.checks, rule.check), rule_for(other.checks, rule.check)) for rule in _rules(plan, other)
    ):
        found.append("a check that did not pass does less")
    if plan.delegates_up_to > other.delegates_up_to:
        found.append("delegates may sign in higher tiers")
    if set(other.apart) - set(plan.apart):
        found.append("delegates may join groups that are apart")
    if _never(plan.step_up_from) > _never(other.step_up_from):
        found.append("who decides is proven in fewer tiers")
    if any(_limit(plan, code) > _limit(other, code) for code in {*plan.retype_above, *other.retype_above, ""}):
        found.append("larger effects are approved without typing them")
    counterparts = _matched(other.stages, plan.stages)
    found += [f"stage {stage.title} asks less" for stage in other.stages if stage.id not in counterparts]
    return tuple(found)


def strictest(started: Plan, current: Plan) -> Plan:
    """The stricter of two plans, or both in one where neither is; never weaker than either.

    Stages of the plan that a request started with keep their ids, so that what was decided in them stands.
    """
    if not weaker_in(current, started):
        return current
    if not weaker_in(started, current):
        return started
    covered = _matched(current.stages, started.stages)
    return current.model_copy(
        update={
            "tier": max(started.tier, current.tier),
            "reasons": (*current.reasons, f"and version {started.policy_version}, with which the request started"),
            "confirm_within": min(started.confirm_within, current.confirm_within),
            "impact_bound": min(started.impact_bound, current.impact_bound),
            "checks": stricter(started.checks, current.checks),
            "delegates_up_to": min(started.delegates_up_to, current.delegates_up_to),
            "apart": tuple(dict.fromkeys((*started.apart, *current.apart))),
            "retype_above": _lower(started, current),
            "step_up_from": min((started.step_up_from, current.step_up_from), key=_never),
            "stages": (*started.stages, *_renamed(current, started, covered)),
        }
    )


def _never(tier: int | None) -> float:
    """The lowest tier in which something is asked for; where it is asked for in none, one above all."""
    return math.inf if tier is None else tier


def _limit(plan: Plan, currency: str) -> float:
    """Beyond which effect the amount is typed again; "" stands for a currency that no plan names."""
    return plan.retype_above.get(currency, 0) if plan.retype_above else math.inf


def _lower(one: Plan, other: Plan) -> Mapping[str, int]:
    """The limits that ask wherever either plan does."""
    if not (one.retype_above and other.retype_above):
        return one.retype_above or other.retype_above
    both = sorted({*one.retype_above, *other.retype_above})
    return {code: min(one.retype_above.get(code, 0), other.retype_above.get(code, 0)) for code in both}


def _rules(plan: Plan, other: Plan) -> Sequence[CheckRule]:
    """A rule for every name that either plan has a rule for, and for all others."""
    return stricter(plan.checks, other.checks)


def _milder(rule: CheckRule, other: CheckRule) -> bool:
    return rule.failed.rank < other.failed.rank or rule.inconclusive.rank < other.inconclusive.rank


def _renamed(current: Plan, started: Plan, covered: dict[str, str]) -> Sequence[Stage]:
    """The stages that have no counterpart, under ids that are free, each after what came before it."""
    taken = {stage.id for stage in started.stages}
    names = dict(covered)
    added: list[Stage] = []
    for stage in current.stages:
        if stage.id in covered:
            continue
        names[stage.id] = stage.id if stage.id not in taken else f"{stage.id}-{current.policy_version}"
        before = tuple(names[earlier] for earlier in current.before(stage))
        added.append(stage.model_copy(update={"id": names[stage.id], "after": before}))
    return added


def _matched(wanted: Sequence[Stage], stages: Sequence[Stage]) -> dict[str, str]:
    """For as many wanted stages as possible a stage of its own that asks at least as much, by id."""
    holder: dict[str, str] = {}
    for stage in wanted:
        _pair(stage, wanted, stages, holder, set())
    return {stage: by for by, stage in holder.items()}


def _pair(
    wanted: Stage, all_wanted: Sequence[Stage], stages: Sequence[Stage], holder: dict[str, str], tried: set[str]
) -> bool:
    """Find a counterpart, moving others where they can go too (augmenting path); the same id first."""
    for stage in sorted(stages, key=lambda stage: stage.id != wanted.id):
        if stage.id in tried or not _asks_as_much(stage, wanted):
            continue
        tried.add(stage.id)
        held = next((other for other in all_wanted if other.id == holder.get(stage.id)), None)
        if held is None or _pair(held, all_wanted, stages, holder, tried):
            holder[stage.id] = wanted.id
            return True
    return False


def _asks_as_much(stage: Stage, other: Stage) -> bool:
    return (
        _signed_by_the_same(stage, other)
        and set(other.inputs) <= set(stage.inputs)
        and _ended_by(other) <= _ended_by(stage)
        and all(any(_later(level, theirs) for theirs in other.escalations) for level in stage.escalations)
        and stage.expire_after <= other.expire_after
        and (stage.calendar == other.calendar)
        and stage.minutes >= other.minutes
    )


def _signed_by_the_same(stage: Stage, other: Stage) -> bool:
    """Each signature of the other has one of its own here, of people who could have given that one."""
    free = [set(slot.groups) for slot in stage.slots]
    for slot in sorted(other.slots, key=lambda slot: len(slot.groups)):
        fitting = next((groups for groups in free if groups <= set(slot.groups)), None)
        if fitting is None:
            return False
        free.remove(fitting)
    return True


def _ended_by(stage: Stage) -> set[str]:
    """The groups whose rejection ends the approval: where none are named, everybody who may sign."""
    return set(stage.veto) if stage.veto is not None else {group for slot in stage.slots for group in slot.groups}


def _later(level: Escalation, other: Escalation) -> bool:
    return level.after >= other.after and set(level.groups) <= set(other.groups)
