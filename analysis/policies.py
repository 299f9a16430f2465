"""Approval policies against what the installation holds: its kinds and groups, its people, the version live now."""

from collections.abc import Mapping

from sqlmodel import Session

from domain.artifact import Content
from domain.errors import Invalid
from domain.model import Model
from domain.ownership import accountable_for
from domain.simulation import Check, Outcome
from policies.analysis import Finding
from policies.checks import Weakness, named_groups, weaknesses
from policies.content import policy_of
from policies.findings import findings_of
from policies.scenario import run_scenarios
from policies.table import ApprovalPolicy
from store import artifacts, ownership
from store.directory import holders, unknown_groups


class PolicyCheck(Model):
    """All that is found in a policy when it is saved; whatever is an error refuses it."""

    findings: tuple[Finding, ...]
    weaknesses: tuple[Weakness, ...]

    @property
    def told(self) -> tuple[str, ...]:
        """What makes the policy weak, each thing said once."""
        return tuple(dict.fromkeys(weakness.message for weakness in self.weaknesses))

    @property
    def refusals(self) -> tuple[Finding | Weakness, ...]:
        """What refuses the policy."""
        everything: tuple[Finding | Weakness, ...] = (*self.findings, *self.weaknesses)
        return tuple(found for found in everything if found.severity == "error")


def policy_at(session: Session, artifact: str, version: int) -> ApprovalPolicy:
    """The policy of a version. Raises NotFound, Invalid when it cannot be evaluated."""
    return policy_of(artifacts.content(session, artifact, version))


def check_policy(session: Session, policy: ApprovalPolicy) -> PolicyCheck:
    """What is found in a policy, given the people and kinds of today."""
    owners = owners_in_use(session)
    people = holders(session, frozenset(named_groups(policy) | set(owners.values()))).groups
    return PolicyCheck(findings=findings_of(policy), weaknesses=weaknesses(policy, owners, people))


def refuse_unusable(session: Session, policy: ApprovalPolicy) -> None:
    """Refuse a policy with faults, for groups that do not exist, or that the people of today could not carry out.

    Once live it would decide the change that mends it too. Raises Invalid("unknown_group", "policy_faults").
    """
    if unknown := unknown_groups(session, named_groups(policy)):
        raise Invalid("unknown_group", f"No such groups: {', '.join(sorted(unknown))}.", groups=sorted(unknown))
    if refusals := check_policy(session, policy).refusals:
        raise Invalid(
            "policy_faults", _sentence(refusals[0]), problems=[found.model_dump(mode="json") for found in refusals]
        )


def scenario_checks(proposed: Content) -> tuple[Check, ...]:
    """The scenarios of a policy as checks of its simulation; a failing one holds the policy back (R-8.3)."""
    return tuple(
        Check(
            name=f"scenario_{result.id}",
            title=f"Scenario: {result.title}",
            outcome=Outcome.PASS if result.passed else Outcome.FAIL,
            checked=1,
            counter_examples=result.failures,
        )
        for result in run_scenarios(policy_of(proposed))
    )


def owners_in_use(session: Session) -> Mapping[str, str]:
    """The kinds that have an artifact, with the group that owns each."""
    kinds = {latest.kind for latest in artifacts.latest_of(session).values()}
    owned = ownership.table(session)
    return {kind: accountable for kind in sorted(kinds) if (accountable := accountable_for(owned, kind))}


def _sentence(found: Finding | Weakness) -> str:
    table = found.table if isinstance(found, Finding) else "stages"
    place = f"Table {table}" + (f", row {found.row}" if found.row else "")
    column = found.column if isinstance(found, Finding) else None
    return f"{place}{f', column {column}' if column else ''}: {found.message}"
