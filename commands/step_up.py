"""Step-up: whoever decides on something that matters proves anew who they are, for exactly that decision (E2).

A proof is a row that only this command writes. It belongs to one account, one subject and one revision, rests on an
authentication that is at most five minutes old, and is used up by the decision that it allowed.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlmodel import col

from commands.command import Authority, Control, command
from domain.approval import Plan
from domain.errors import Conflict, NotFound, Refused
from domain.model import Model
from store.step_up import PROOF_HOLDS, fresh_proof
from store.subjects import subject_kind
from store.tables.approval import StepUpRow, StepUpUseRow
from store.unit_of_work import Transaction

CLOCKS_DIFFER = timedelta(minutes=1)
"""How far the clock of an identity provider may be ahead of ours."""


class Authentication(Model):
    """How and when an account was authenticated, as whoever calls has established it; never what a body says.

    method: none: nobody proved anything, which is refused and recorded. at: on the wall clock; None: just now.
    """

    method: Literal["organisation", "token", "development", "none"]
    at: datetime | None = None


class StepUp(Model):
    """A proof, and until when it can be used."""

    step_up: str
    subject: str
    revision: int
    expires_at: datetime


@command(control=Control.NONE, authority=Authority.FREE)
def step_up(tx: Transaction, subject: str, revision: int, authentication: Authentication) -> StepUp:
    """Keep that the acting account was authenticated anew for this revision of a subject.

    Raises Refused("machine_may_not", "not_confirmed", "authentication_not_recent", "authentication_used"),
    NotFound("unknown_subject"), Conflict("evidence_moved").
    """
    tx.actor.as_person()
    at = authentication.at or tx.wall
    _require_current(tx, subject, revision)
    if authentication.method == "none":
        raise Refused("not_confirmed", "This does not prove that it is you: sign in anew, or name your own account.")
    if not tx.wall - PROOF_HOLDS < at < tx.wall + CLOCKS_DIFFER:
        raise Refused("authentication_not_recent", "Sign in anew: your last sign-in is more than five minutes old.")
    account = tx.actor.account
    if tx.find(StepUpRow, col(StepUpRow.account) == account, col(StepUpRow.authenticated_at) == at):
        raise Refused("authentication_used", "This sign-in has given its proof already; each decision needs a new one.")
    row = StepUpRow(
        id=f"step-up-{secrets.token_hex(8)}",
        account=account,
        subject=subject,
        revision=revision,
        method=authentication.method,
        authenticated_at=at,
    )
    tx.add(row)
    tx.record("step_up.proven", f"actor/{account}", step_up=row.id, about=subject, revision=revision, method=row.method)
    return StepUp(step_up=row.id, subject=subject, revision=revision, expires_at=at + PROOF_HOLDS)


def _require_current(tx: Transaction, subject: str, revision: int) -> None:
    row = tx.session.get(subject_kind(subject).table, subject)
    if row is None:
        raise NotFound("unknown_subject", f"There is nothing to decide with the id {subject!r}.")
    if row.revision != revision:
        raise Conflict("evidence_moved", f"{subject} is at revision {row.revision}; read it again.")


def proof_for(tx: Transaction, plan: Plan | None, subject: str, revision: int) -> StepUpRow | None:
    """The proof that a decision rests on, None where its plan asks for none. Raises Refused("step_up_needed")."""
    if plan is None or not plan.asks_step_up:
        return None
    found = fresh_proof(tx.session, tx.actor.account, subject, revision, tx.wall)
    if found is None:
        raise Refused(
            "step_up_needed",
            f"Decisions of tier {plan.tier} need a fresh proof of who you are, not older than five minutes.",
            subject=subject,
            revision=revision,
        )
    return found


def use_up(tx: Transaction, proof: StepUpRow | None, decision: str) -> None:
    """A proof allows one decision."""
    if proof is not None:
        tx.add(StepUpUseRow(step_up=proof.id, decision=decision))


def proof_told(proof: StepUpRow | None) -> dict[str, Any]:
    """What the audit record of a decision says of its proof; nothing where none was asked for."""
    if proof is None:
        return {}
    at = proof.authenticated_at.isoformat()
    return {"step_up": {"id": proof.id, "method": proof.method, "authenticated_at": at}}
