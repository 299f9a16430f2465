"""Approval policies against what the installation holds: its kinds and groups, its people, the version live now."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from sqlmodel import Session

from domain.approval_plan import Plan
from domain.artifact import Content
from domain.correction import CorrectionType
from domain.errors import Invalid
from domain.model import Model
from domain.ownership import accountable_for
from domain.simulation import Check, Outcome
from policies.analysis import Finding
from policies.checks import Weakness, named_groups, weaknesses
from policies.content import SEEDED, policy_of, seed_policy
from policies.findings import findings_of
from policies.plan import quote_plan
from policies.requests import RequestFacts, request_plan
from policies.scenario import run_scenarios
from policies.strictness import strictest
from policies.table import ApprovalPolicy
from store import artifacts, ownership
from store.calendars import calendars
from store.directory import holders, unknown_groups
from store.policies import before_own

Planned = Callable[[ApprovalPolicy, int], Plan | None]


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


def scenario_checks(current: Content, proposed: Content) -> tuple[Check, ...]:
    """The scenarios of a policy as checks of its simulation; a failing one holds the policy back (R-8.3).

    Raises Invalid("bad_policy").
    """
    return tuple(
        Check(
            name=f"scenario_{result.id}",
            title=f"Scenario: {result.title}",
            outcome=Outcome.PASS if result.passed else Outcome.FAIL,
            checked=1,
            counter_examples=result.failures,
            failing=0 if result.passed else 1,
        )
        for result in run_scenarios(policy_of(proposed), policy_of(current) if current else None)
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


def request_plan_at(session: Session, facts: RequestFacts, now: datetime, party: str = "") -> Plan | None:
    """The plan that the policy asks of a request of a party; None where it says that nobody has to be asked.

    A policy that is older than its table of requests goes by the shipped one until it has its own (ADR 0013). Raises
    Invalid("no_request_rule", "bad_rule", "unknown_calendar").
    """
    working = calendars(session, now)

    def planned(policy: ApprovalPolicy, version: int) -> Plan | None:
        whole = policy if policy.request else policy.model_copy(update={"request": seed_policy().request})
        return request_plan(whole, (SEEDED, version), facts, working)

    live = artifacts.latest(session, SEEDED)
    return strict_plan(session, live, before_own(session, SEEDED, party, now), planned)


def agreed_plan_at(session: Session, facts: RequestFacts, now: datetime, party: str = "") -> Plan:
    """The same for a kind of request that somebody always has to agree to. Raises Invalid("no_request_rule")."""
    plan = request_plan_at(session, facts, now, party)
    if plan is None:
        raise Invalid("no_request_rule", f"The approval policy asks nobody about this: {facts.model_dump()}.")
    return plan


def correction_plan(session: Session, of: CorrectionType, now: datetime, party: str = "") -> Plan:
    """The plan that a correction of a type needs (R-17.2). Raises Invalid("no_request_rule")."""
    return agreed_plan_at(session, RequestFacts(subject="correction", tier=of.tier, type=of), now, party)


def quote_plan_at(session: Session, facts: Mapping[str, object], owner: str, now: datetime, party: str) -> Plan:
    """The plan that the policy asks of a quote that a party submits. Raises Invalid("no_quote_rule", "bad_rule")."""
    working, live = calendars(session, now), artifacts.latest(session, SEEDED)

    def planned(policy: ApprovalPolicy, version: int) -> Plan | None:
        # An earlier one without a table of quotes routes none.
        if version != live and not policy.rows("quote"):
            return None
        return quote_plan(policy, (SEEDED, version), facts, owner, working)

    plan = strict_plan(session, live, before_own(session, SEEDED, party, now), planned)
    assert plan is not None
    return plan


def strict_plan(session: Session, live: int, earlier: Collection[int], planned: Planned) -> Plan | None:
    """The plan by the live version of the policy, no weaker than by earlier ones; None where none of them has one.

    planned: a policy and its version -> the plan by it.
    """
    plan = planned(policy_at(session, SEEDED, live), live)
    for number in sorted(set(earlier) - {live}, reverse=True):
        asked = planned(policy_at(session, SEEDED, number), number)
        plan = strictest(asked, plan) if asked and plan else asked or plan
    return plan
