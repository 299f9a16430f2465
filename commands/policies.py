"""Commands of approval policies besides their changes, which are changes like any other (chapter 8)."""

import secrets
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from sqlmodel import col

from analysis.policies import check_policy, policy_at
from commands.changes import Receipt, move, receipt
from commands.command import Authority, Control, command
from commands.step import require_system, set_case
from domain.artifact import EVERYWHERE
from domain.change import ChangeState, Step, advance, visible
from domain.errors import Conflict, Refused
from domain.model import Model
from store import artifacts
from store.policies import FINDING, findings_open, retirement_blocks, retirement_of, temporary_version
from store.subjects import CHANGE
from store.tables.artifact import ArtifactRow
from store.tables.change import CaseRow, ChangeRow
from store.unit_of_work import Transaction

RETIREMENT, WATCH = "retirement", "policy watch"
AUDITORS = frozenset({"security-compliance", "administrators"})
"""Groups that record audit findings against policies."""


@command(control=Control.NONE, authority=Authority.FREE)
def note_examination(tx: Transaction, policy: str, refused: bool) -> None:
    """Record that somebody had a draft of a policy examined, and nothing of the draft."""
    tx.record("policy.examined", f"actor/{tx.actor.account}", policy=policy, refused=refused)


class Retirement(Model):
    """What the end of a temporary policy did: the version released again as a new one, or what keeps it from it."""

    version: int | None = None
    blocks: tuple[str, ...] = ()


@command(control=Control.EFFECT, authority=Authority.EXCLUSIVE)
def retire_policy(tx: Transaction, policy: str) -> Retirement:
    """End a temporary policy whose time has come: what its change did is released back, and nothing else (R-8.1).

    The retirement was approved with the change that set it. What keeps it back opens a case, and it is tried again.
    """
    require_system(tx)
    row = tx.lock(ArtifactRow, policy)
    live = policy_at(tx.session, policy, row.latest)
    if live.retires_at is None or live.retires_at > tx.now:
        raise Conflict("not_due", f"{policy} does not retire now.")
    version = temporary_version(tx.session, policy, row.latest, live.retires_at)
    blocks = retirement_blocks(tx.session, policy, tx.now)
    set_case(tx, policy, RETIREMENT, live.owner, "retirement_blocked" if blocks else None, "; ".join(blocks))
    if blocks:
        tx.record("policy.retirement_blocked", policy, "blocked", version=version.number, blocks=blocks)
        return Retirement(blocks=tuple(blocks))
    inverse = retirement_of(tx.session, policy, row.latest, version)
    number = artifacts.publish(tx.session, inverse, version.change, tx.actor.account, tx.now)
    artifacts.activate(tx.session, policy, number, EVERYWHERE, version.change, live.retires_at, tx.now)
    tx.record("policy.retired", policy, retired=version.number, version=number, change=version.change)
    return Retirement(version=number)


@command(control=Control.OPERATION)
def watch_policy(tx: Transaction, policy: str) -> tuple[str, ...]:
    """Judge the live policy by the people of today; what is weak opens a case, nothing closes it (R-2.5, I17)."""
    require_system(tx)
    row = tx.lock(ArtifactRow, policy)
    live = policy_at(tx.session, policy, row.latest)
    found = check_policy(tx.session, live).told
    set_case(tx, policy, WATCH, live.owner, "policy_weak" if found else None, " ".join(found))
    tx.record("policy.watched", policy, weaknesses=len(found))
    return found


@command(control=Control.OPERATION)
def move_to_policy(tx: Transaction, policy: str, change: str) -> Receipt:
    """Have an open request planned again, by the stricter of the policy it started with and the present one (R-8.6).

    Raises Refused("machine_may_not", "not_yours"), Conflict("planned_already", "illegal_transition").
    """
    tx.actor.as_person()
    latest = artifacts.latest(tx.session, policy)
    row = tx.lock(ChangeRow, change)
    if tx.actor.party != row.requester and not tx.actor.groups & {
        row.owner_group,
        policy_at(tx.session, policy, latest).owner,
    }:
        raise Refused("not_yours", "Only the requester and the owners of the change and of the policy may do this.")
    plan = CHANGE.plan(tx.session, row)
    if plan is not None and (plan.policy, plan.policy_version) == (policy, latest):
        raise Conflict("planned_already", f"{change} is planned by version {latest} of {policy} already.")
    move(tx, row, advance(ChangeState(row.state), Step.REPLAN))
    tx.wake(change, "moved to the present policy")
    was = plan.policy_version if plan else None
    tx.record("change.moved_to_policy", change, revision=row.revision, policy=policy, was=was, version=latest)
    return receipt(row)


class PolicyFinding(Model):
    """What an audit found against a policy: a control that is missing or a proof that is."""

    code: Literal["control_gap", "missing_evidence"]
    text: Annotated[str, Field(min_length=3, max_length=2000), AfterValidator(visible)]


@command(control=Control.OPERATION)
def record_finding(tx: Transaction, policy: str, finding: PolicyFinding) -> str:
    """Record an audit finding; it keeps the policy's next release back until it is answered (R-8.7).

    Returns its id. Raises Refused("machine_may_not", "not_an_auditor").
    """
    tx.actor.as_person()
    if not tx.actor.groups & AUDITORS:
        raise Refused("not_an_auditor", f"Audit findings are recorded by {', '.join(sorted(AUDITORS))}.")
    row = tx.lock(ArtifactRow, policy)
    owner = policy_at(tx.session, policy, row.latest).owner
    step = f"{FINDING}{tx.actor.party}"
    case = CaseRow(
        id=f"case-{secrets.token_hex(6)}",
        subject=policy,
        step=step,
        code=finding.code,
        message=finding.text,
        owner_group=owner,
        opened_at=tx.now,
    )
    tx.add(case)
    tx.record("policy.finding_recorded", policy, finding=case.id, code=finding.code)
    return case.id


class FindingAnswer(Model):
    """How a finding is answered: what was done, or why nothing has to be."""

    text: Annotated[str, Field(min_length=3, max_length=2000), AfterValidator(visible)]


@command(control=Control.OPERATION)
def answer_finding(tx: Transaction, policy: str, finding: str, answer: FindingAnswer) -> None:
    """Answer an audit finding, as the policy's owner and not as who recorded it; it then holds nothing back (R-8.7).

    Raises Refused("machine_may_not", "not_the_owner", "own_finding"), Conflict("no_open_finding").
    """
    person = tx.actor.as_person()
    tx.lock(ArtifactRow, policy)
    found = {case.id: case for case in findings_open(tx.session, policy)}
    if finding not in found:
        raise Conflict("no_open_finding", f"{policy} has no open finding {finding!r}.")
    case = found[finding]
    if case.owner_group not in tx.actor.groups:
        raise Refused("not_the_owner", f"Findings are answered by {case.owner_group}.")
    if case.step == f"{FINDING}{person}":
        raise Refused("own_finding", "Somebody else answers a finding than who recorded it.")
    case.closed_at, case.resolution = tx.now, answer.text
    _wake_held(tx, finding)
    tx.record("policy.finding_answered", policy, finding=finding)


def _wake_held(tx: Transaction, finding: str) -> None:
    """Wake the changes whose release waits for the answer."""
    waiting = tx.find(CaseRow, CaseRow.step == "release", col(CaseRow.closed_at).is_(None))
    for case in waiting:
        if f"finding:{finding}" in case.message:
            tx.wake(case.subject, "finding answered")
