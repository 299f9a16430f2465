"""What a policy must keep to beside being readable: its own authority matrix, audit rules and the people of today."""

from collections.abc import Iterator, Mapping, Sequence

from domain.model import Model
from domain.ownership import OWNER
from policies.evaluate import cell_holds
from policies.facts import TIER
from policies.plan import STRICTEST_TIER, any_clock, groups_of, rules_of, stage_of
from policies.requests import request_groups
from policies.satisfiable import Holders, Place, unfilled, without_substitutes
from policies.table import ApprovalPolicy, Row, StageRule


class Weakness(Model):
    """What is wrong with a policy as a whole.

    code: beyond_authority, evidence_missing, nobody_can_fill, one_quorum_only, duties_joined.
    severity: an error refuses the policy, a warning opens a case.
    """

    code: str
    severity: str
    row: str
    stage: str
    message: str


def weaknesses(policy: ApprovalPolicy, owners: Mapping[str, str], holders: Holders) -> tuple[Weakness, ...]:
    """Everything found.

    owners: the kinds that are in use with the group that owns each; holders: active persons with their groups.
    """
    found = [
        *_authority(policy, owners),
        *_evidence(policy),
        *_people(policy, owners, holders),
        *_duties(policy, holders),
    ]
    return tuple(dict.fromkeys(found))


def named_groups(policy: ApprovalPolicy) -> set[str]:
    """Every group that a policy names: in its stages, as its owner, in its authority matrix and its duties."""
    apart = {group for pair in policy.apart for group in pair.groups}
    return (
        groups_of(policy)
        | request_groups(policy)
        | apart
        | {policy.owner}
        | {entry.group for entry in policy.authority}
    ) - {OWNER}


def _highest_tier(row: Row) -> int:
    """The highest tier that a row of the stages speaks of, whatever else it asks for; 0 if it speaks of none."""
    return max((tier for tier in range(STRICTEST_TIER + 1) if cell_holds(row, TIER.name, tier)), default=0)


def _authority(policy: ApprovalPolicy, owners: Mapping[str, str]) -> Iterator[Weakness]:
    """Each row asks, for each tier and kind that it plans, a group whose authority reaches so far."""
    if not policy.authority:
        return
    for row in policy.stages.rows:
        for kind, owner in owners.items():
            asked = {owner if group == OWNER else group for rule in rules_of(row.then) for group in rule.groups}
            tier = _highest_tier(row)
            if cell_holds(row, "kind", kind) and not asked & _able(policy, kind, owner, tier):
                yield Weakness(
                    code="beyond_authority",
                    severity="error",
                    row=row.id,
                    stage="",
                    message=f"By the authority matrix none of {', '.join(sorted(asked))} may allow a change of kind "
                    f"{kind} and tier {tier}.",
                )


def _able(policy: ApprovalPolicy, kind: str, owner: str, tier: int) -> set[str]:
    return {
        owner if entry.group == OWNER else entry.group
        for entry in policy.authority
        if entry.up_to_tier >= tier and (not entry.kinds or kind in entry.kinds)
    }


def _evidence(policy: ApprovalPolicy) -> Iterator[Weakness]:
    for row in policy.stages.rows:
        if _highest_tier(row) < policy.audit.from_tier:
            continue
        for rule in rules_of(row.then):
            if missing := sorted(set(policy.audit.evidence) - set(rule.inputs)):
                yield Weakness(
                    code="evidence_missing",
                    severity="error",
                    row=row.id,
                    stage=rule.id,
                    message=f"Stage {rule.title} does not rest on {', '.join(missing)}, which the audit rules require.",
                )


def _people(policy: ApprovalPolicy, owners: Mapping[str, str], holders: Holders) -> Iterator[Weakness]:
    """Each row finds its people, and others in their place, whoever owns the kinds that it speaks of."""
    for row in policy.stages.rows:
        rules = rules_of(row.then)
        for owner in sorted({owner for kind, owner in owners.items() if cell_holds(row, "kind", kind)}):
            places = [place for rule in rules for place in _places(rule, owner)]
            nobody = unfilled(places, holders)
            for stage in nobody:
                yield _weak("nobody_can_fill", "error", row, stage, owner, "cannot be filled by the people of today")
            for stage in without_substitutes(places, holders):
                if stage not in nobody:
                    words = "has no second set of people: one absence or conflict blocks it"
                    yield _weak("one_quorum_only", "warning", row, stage, owner, words)


def _weak(code: str, severity: str, row: Row, stage: str, owner: str, words: str) -> Weakness:
    rule = next(rule for rule in rules_of(row.then) if rule.id == stage)
    asked = ", ".join(owner if group == OWNER else group for group in rule.groups)
    return Weakness(
        code=code, severity=severity, row=row.id, stage=stage, message=f"Stage {rule.title} ({asked}) {words}."
    )


def _places(rule: StageRule, owner: str) -> Sequence[Place]:
    slots = stage_of(rule, owner, any_clock).slots
    return [Place(stage=rule.id, groups=frozenset(slot.groups)) for slot in slots]


def _duties(policy: ApprovalPolicy, holders: Holders) -> Iterator[Weakness]:
    for pair in policy.apart:
        both = sorted(person for person, held in holders.items() if set(pair.groups) <= held)
        if both:
            yield Weakness(
                code="duties_joined",
                severity="warning",
                row="",
                stage="",
                message=f"{len(both)} of the active persons hold both {' and '.join(pair.groups)}: {pair.because}.",
            )
