"""The scenarios that a policy must pass before it is released: the ten of R-8.3 as shipped, and its own.

A policy can carry a scenario of its own under the id of a shipped one, which then stands for it: whoever moves a
threshold moves the scenario with it, in the same change, where everybody who is asked sees both.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from domain.approval import gate, slot_for
from domain.approval_plan import ApprovalFacts, Choice, Decision, Deputy, Plan
from domain.errors import Conflict, Invalid, MandateError
from domain.model import Model
from domain.scenario import Scenario, ScenarioStep
from policies.documents import parsed
from policies.plan import plan_for, quote_plan, tier_of
from policies.table import ApprovalPolicy

FOLDER = Path(__file__).parent / "scenarios"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
REFERENCE = ("scenario", 0)


class ScenarioResult(Model):
    """How a policy did in a scenario: what went wrong in sentences (none: it passed), its tier, who is asked."""

    id: str
    title: str
    failures: tuple[str, ...]
    tier: int | None
    asked: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.failures


@cache
def shipped() -> tuple[Scenario, ...]:
    """The scenarios that ship."""
    files = sorted(FOLDER.glob("*.yaml"))
    return tuple(Scenario.model_validate(parsed(file.read_text(encoding="utf-8"))) for file in files)


def scenarios_of(policy: ApprovalPolicy) -> tuple[Scenario, ...]:
    """The shipped scenarios, those that the policy restates in its own wording, then its further ones."""
    own = {scenario.id: scenario for scenario in policy.scenarios}
    ids = {scenario.id for scenario in shipped()}
    restated = tuple(own.get(scenario.id, scenario) for scenario in shipped())
    return (*restated, *(scenario for scenario in policy.scenarios if scenario.id not in ids))


def run_scenarios(policy: ApprovalPolicy, before: ApprovalPolicy | None = None) -> tuple[ScenarioResult, ...]:
    """Every scenario of a policy. One that does not route quotes is asked about them only where the one before did."""
    routes = any(one is not None and one.quote is not None for one in (policy, before))
    wanted = [scenario for scenario in scenarios_of(policy) if scenario.subject == "change" or routes]
    return tuple(run_scenario(policy, scenario) for scenario in wanted)


def run_scenario(policy: ApprovalPolicy, scenario: Scenario) -> ScenarioResult:
    """One scenario: the plan that the policy makes, and what the approval answers step by step."""
    try:
        plan = _plan(policy, scenario)
    except Invalid as error:
        failure = (f"No plan: {error.detail}",)
        return ScenarioResult(id=scenario.id, title=scenario.title, failures=failure, tier=None, asked=())
    asked = sorted({group for stage in plan.stages for slot in stage.slots for group in slot.groups})
    failures = (*_routing(scenario, asked), *_steps(scenario, plan))
    return ScenarioResult(id=scenario.id, title=scenario.title, failures=failures, tier=plan.tier, asked=tuple(asked))


def _plan(policy: ApprovalPolicy, scenario: Scenario) -> Plan:
    if scenario.subject == "quote":
        return quote_plan(policy, REFERENCE, scenario.facts, scenario.owner)
    return plan_for(policy, REFERENCE, tier_of(policy, scenario.facts), scenario.owner)


def _routing(scenario: Scenario, asked: list[str]) -> Iterator[str]:
    for group in scenario.asks:
        if group not in asked:
            yield f"Under-routed: {group} is not asked."
    for group in scenario.asks_not:
        if group in asked:
            yield f"Over-routed: {group} is asked."


def _steps(scenario: Scenario, plan: Plan) -> Iterator[str]:
    facts = ApprovalFacts(
        revision=1,
        plan=plan,
        inputs={name: "as it was" for stage in plan.stages for name in stage.inputs},
        groups={person: frozenset(groups) for person, groups in scenario.people.items()},
        deputies=tuple(_deputies(scenario)),
        excluded={scenario.requester: "you requested it"},
        opened_at=NOW,
    )
    for number, step in enumerate(scenario.steps, 1):
        if step.moves:
            facts = facts.model_copy(update={"inputs": {**facts.inputs, step.moves: f"moved in step {number}"}})
            continue
        answer, facts = _decide(facts, step, number)
        if answer != step.answer:
            yield f"Step {number}, {step.by} approves: {answer} instead of {step.answer}."
    verdict = gate(facts).verdict
    if verdict != scenario.verdict:
        yield f"In the end it is {verdict} instead of {scenario.verdict}."


def _decide(facts: ApprovalFacts, step: ScenarioStep, number: int) -> tuple[str, ApprovalFacts]:
    try:
        seat = slot_for(facts, step.by)
    except (MandateError, Conflict) as refusal:
        return refusal.code, facts
    stage = facts.plan.stage(seat.stage) if facts.plan else None
    decision = Decision(
        id=f"step-{number}",
        revision=1,
        person=step.by,
        represents=seat.represents,
        stage=seat.stage,
        choice=Choice.APPROVE,
        inputs={name: facts.inputs[name] for name in (stage.inputs if stage else ())},
        at=NOW,
    )
    return "counted", facts.model_copy(update={"decisions": (*facts.decisions, decision)})


def _deputies(scenario: Scenario) -> Iterator[Deputy]:
    for number, deputy in enumerate(scenario.deputies, 1):
        if deputy.hours > 0:
            yield Deputy(
                delegation=f"delegation-{number}",
                delegator=deputy.delegator,
                delegate=deputy.delegate,
                groups=frozenset({deputy.group}),
            )
