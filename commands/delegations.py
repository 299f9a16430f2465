"""Commands of delegation: lend a right that one holds, and take it back; revocation acts at once (R-7.4)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, StrictInt, ValidationError
from sqlmodel import col

from analysis.policies import policy_at, request_plan_at
from commands.command import Authority, Control, command
from commands.requests import open_request
from domain.artifact import EVERYWHERE
from domain.change import visible
from domain.delegation import Limits, bad_window
from domain.errors import Conflict, Invalid, NotFound, Refused
from domain.given import LARGEST_AMOUNT, Instant
from domain.kinds import kinds
from domain.kinds.approval import Apart, DelegationRules
from domain.kinds.kind import first_error
from domain.model import Model
from policies.requests import RequestFacts
from store import artifacts, requests
from store.delegations import ACTIVE, PROPOSED
from store.directory import holders
from store.policies import known_policies
from store.tables.approval import DecisionRow
from store.tables.change import ChangeRow
from store.tables.delegation import DelegationRow
from store.tables.directory import PersonRow
from store.tables.request import RequestRow
from store.unit_of_work import Transaction

KIND = "delegation"
ADMINISTRATORS = "administrators"


class DelegationProposal(Model):
    """Whom you lend your rights to, within which limits, from when until when (aware instants), and why."""

    delegate: Annotated[str, Field(min_length=1, max_length=120)]
    groups: Annotated[tuple[Annotated[str, Field(pattern=r"^(\*|[a-z0-9-]{1,60})$")], ...], Field(min_length=1)] = (
        EVERYWHERE,
    )
    kinds: Annotated[tuple[Annotated[str, Field(pattern=r"^(\*|[a-z_]{1,60})$")], ...], Field(min_length=1)] = (
        EVERYWHERE,
    )
    max_tier: Annotated[StrictInt, Field(ge=0, le=4)] = 2
    currency: str | None = None
    most_minor: Annotated[StrictInt, Field(le=LARGEST_AMOUNT)] | None = None
    from_at: Instant | None = None
    until_at: Instant
    reason: Annotated[str, Field(min_length=3, max_length=400), AfterValidator(visible)]

    def limits(self) -> Limits:
        """The limits. Raises Invalid("bad_limits")."""
        try:
            return Limits(**{name: getattr(self, name) for name in Limits.model_fields})
        except ValidationError as error:
            raise Invalid("bad_limits", first_error(error)) from None


class DelegationReceipt(Model):
    """The delegation, whether it is active or proposed, and the request for its approval if it needs one."""

    delegation: str
    state: str
    request: str | None = None


@command(control=Control.OPERATION, authority=Authority.EXCLUSIVE)
def delegate(tx: Transaction, proposal: DelegationProposal) -> DelegationReceipt:
    """Lend rights that you hold directly now. What others have lent to you cannot be passed on.

    Raises Refused("machine_may_not", "not_held", "beyond_policy", "duties_joined"), NotFound("unknown_person"),
    Conflict("already_delegated"), Invalid("bad_window", "to_yourself", "bad_limits", "unknown_kind",
    "no_request_rule").
    """
    giver = tx.actor.as_person()
    limits, begin = proposal.limits(), proposal.from_at or tx.now
    if giver == proposal.delegate:
        raise Invalid("to_yourself", "You cannot delegate to yourself, whatever the account.")
    _known(tx, proposal.delegate)
    if wrong := bad_window(begin, proposal.until_at, tx.now):
        raise Invalid("bad_window", wrong)
    _held(tx, limits)
    _known_kinds(limits)
    for policy in known_policies(tx.session):
        live = policy_at(tx.session, policy, artifacts.latest(tx.session, policy))
        _within(live.delegation, limits, proposal.until_at - begin, policy)
        _duties_apart(tx, live.apart, proposal.delegate, limits)
    _not_twice(tx, giver, proposal, begin)
    days = -(-(proposal.until_at - begin) // timedelta(days=1))
    facts = RequestFacts(subject=KIND, tier=limits.max_tier, days=days)
    plan = request_plan_at(tx.session, facts, tx.now, giver)
    row = _row(tx, giver, proposal, limits, begin, ACTIVE if plan is None else PROPOSED)
    content = {"delegation": row.id, "delegator": giver, **proposal.model_dump(mode="json", exclude={"reason"})}
    title = f"Delegation {row.id} of more than the policy allows by itself"
    request = open_request(tx, KIND, title, content, plan, (proposal.delegate,)) if plan else None
    tx.record("delegation.given", f"person/{giver}", row.state, request=request, **content)
    return DelegationReceipt(delegation=row.id, state=row.state, request=request)


def _known(tx: Transaction, person: str) -> None:
    row = tx.session.get(PersonRow, person)
    if row is None or not row.active:
        raise NotFound("unknown_person", f"There is no active person {person!r}.", person=person)


def _held(tx: Transaction, limits: Limits) -> None:
    """Only what is held directly now can be lent: neither a lent right nor one that is hoped for (R-7.4)."""
    missing = sorted(set(limits.groups) - {EVERYWHERE} - tx.actor.groups)
    if missing or not tx.actor.groups:
        raise Refused("not_held", f"You do not hold {', '.join(missing) or 'any group'} yourself.", groups=missing)


def _known_kinds(limits: Limits) -> None:
    """A kind that nothing is of would lend nothing, and nobody would notice before the absence."""
    if unknown := sorted(set(limits.kinds) - {EVERYWHERE, *kinds(), *requests.KINDS}):
        raise Invalid("unknown_kind", f"Nothing is of kind {', '.join(unknown)}.", kinds=unknown)


def _within(rules: DelegationRules, limits: Limits, lasts: timedelta, policy: str) -> None:
    """What an approval policy in force allows: for how long, and up to which tier (R-8.1)."""
    if lasts > timedelta(days=rules.at_most_days):
        raise Invalid("bad_window", f"By {policy} a delegation lasts at most {rules.at_most_days} days.")
    if limits.max_tier > rules.up_to_tier:
        raise Refused("beyond_policy", f"By {policy} delegates sign up to tier {rules.up_to_tier}.", policy=policy)


def _duties_apart(tx: Transaction, apart: Sequence[Apart], delegate: str, limits: Limits) -> None:
    """Groups that no person may hold together are not brought together by a loan either (R-7.4)."""
    held = holders(tx.session, frozenset(), frozenset({delegate})).groups[delegate]
    lent = {group for group in tx.actor.groups if limits.lends(group)}
    for pair in apart:
        if set(pair.groups) <= held | lent and not set(pair.groups) <= held:
            both = " and ".join(pair.groups)
            raise Refused("duties_joined", f"{delegate} would act for both {both}: {pair.because}.")


def _not_twice(tx: Transaction, giver: str, proposal: DelegationProposal, begin: datetime) -> None:
    """One at a time to the same person, so that no row of them lasts longer than one may."""
    others = tx.find(
        DelegationRow,
        DelegationRow.delegator == giver,
        DelegationRow.delegate == proposal.delegate,
        col(DelegationRow.revoked_at).is_(None),
        DelegationRow.until_at > begin,
        DelegationRow.from_at < proposal.until_at,
        col(DelegationRow.state).in_((ACTIVE, PROPOSED)),
    )
    if others:
        raise Conflict(
            "already_delegated", f"{others[0].id} overlaps with this; revoke it first.", delegation=others[0].id
        )


def _row(
    tx: Transaction, giver: str, proposal: DelegationProposal, limits: Limits, begin: datetime, state: str
) -> DelegationRow:
    row = DelegationRow(
        id=f"DL-{tx.now.year}-{tx.number(f'delegation-{tx.now.year}'):04d}",
        delegator=giver,
        delegate=proposal.delegate,
        groups=" ".join(limits.groups),
        kinds=" ".join(limits.kinds),
        max_tier=limits.max_tier,
        currency=limits.currency,
        most_minor=limits.most_minor,
        reason=proposal.reason,
        from_at=begin,
        until_at=proposal.until_at,
        state=state,
        created_at=tx.now,
    )
    tx.add(row)
    return row


def grant(tx: Transaction, row: RequestRow) -> None:
    """A delegation that needed an approval comes into force, unless it was revoked meanwhile."""
    tx.lock(DelegationRow, requests.request_content(row)["delegation"]).state = ACTIVE


@command(control=Control.OPERATION, authority=Authority.EXCLUSIVE)
def revoke_delegation(tx: Transaction, delegation: str) -> str:
    """End a delegation at once: nothing more is decided by it, and what it decided no longer counts (R-7.4).

    By who gave it, who received it, or an administrator. Raises NotFound("unknown_delegation"), Refused("not_yours"),
    Conflict("already_revoked").
    """
    person = tx.actor.as_person()
    row = tx.lock(DelegationRow, delegation)
    if person not in (row.delegator, row.delegate) and ADMINISTRATORS not in tx.actor.groups:
        raise Refused("not_yours", "Only who gave it, who received it and administrators end a delegation.")
    if row.revoked_at is not None:
        raise Conflict("already_revoked", f"{delegation} is revoked already.")
    row.revoked_at, row.revoked_by = tx.now, person
    touched = sorted({one.subject for one in tx.find(DecisionRow, DecisionRow.delegation == delegation)})
    for change in tx.find(ChangeRow, col(ChangeRow.id).in_(touched), col(ChangeRow.closed).is_(False)):
        tx.wake(change.id, "delegation revoked")
    tx.record("delegation.revoked", f"person/{row.delegator}", delegation=delegation, by=person, subjects=touched)
    return delegation
