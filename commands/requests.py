"""Requests that are no changes go through the same approval: opened by the command that needs one (R-7.11)."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import col

from analysis.policies import policy_at
from commands.step import set_case
from domain.approval import Plan, gate
from domain.canonical import canonical
from domain.change import ChangeState
from domain.errors import Conflict
from domain.model import Model
from store import artifacts, requests
from store.policies import known_policies
from store.tables.approval import ParticipationRow
from store.tables.request import RequestRow
from store.unit_of_work import Transaction


class RequestReceipt(Model):
    """The id of the request that now waits for its approvers."""

    request: str


def open_request(
    tx: Transaction, kind: str, title: str, content: Mapping[str, Any], plan: Plan, beneficiaries: Sequence[str] = ()
) -> str:
    """Ask the people of a plan, and return the request's id. Beneficiaries do not decide on it (R-7.3).

    Part of a command that records it. A request that nobody can decide is a visible case (R-7.7).
    """
    plan = plan.model_copy(update=_by_policies(tx))
    row = RequestRow(
        id=f"AR-{tx.now.year}-{tx.number(f'request-{tx.now.year}'):04d}",
        kind=kind,
        title=title,
        state=ChangeState.AWAITING_APPROVAL,
        tier=plan.tier,
        owner_group=plan.stages[0].slots[0].groups[0],
        requester=tx.actor.party,
        account=tx.actor.account,
        content=canonical({"kind": kind, **content}),
        plan=canonical(plan.model_dump(mode="json")),
        state_since=tx.now,
        opened_at=tx.now,
        created_at=tx.now,
    )
    tx.add(row)
    for person in beneficiaries:
        note_participation(tx, row.id, person, "beneficiary")
    stuck = gate(requests.approval_facts(tx.session, row, tx.now)).blocks
    set_case(tx, row.id, "approval", row.owner_group, "gate_closed" if stuck else None, "; ".join(stuck))
    tx.wake(row.id, "asked")
    return row.id


def not_twice(tx: Transaction, kind: str, **asked: str) -> None:
    """Raises Conflict("already_asked") where an open request of a kind has these fields of its content already."""
    for row in tx.find(RequestRow, RequestRow.kind == kind, col(RequestRow.closed).is_(False)):
        if asked.items() <= requests.request_content(row).items():
            raise Conflict("already_asked", f"{row.id} asks for this already.", request=row.id)


def _by_policies(tx: Transaction) -> dict[str, Any]:
    """What the approval policies in force say of whoever decides: who acts for whom, and from which tier on they prove
    anew who they are."""
    live = [policy_at(tx.session, name, artifacts.latest(tx.session, name)) for name in known_policies(tx.session)]
    tiers = [policy.step_up_from_tier for policy in live if policy.step_up_from_tier is not None]
    apart = tuple(pair.groups for policy in live for pair in policy.apart)
    return {"step_up_from": min(tiers, default=None), "apart": apart}


def note_participation(tx: Transaction, subject: str, person: str, role: str, **where: Any) -> None:
    """Keep what a person has to do with a subject besides deciding on it."""
    tx.add(
        ParticipationRow(
            id=f"part-{secrets.token_hex(8)}",
            subject=subject,
            person=person,
            role=role,
            noted_by=tx.actor.party,
            noted_at=tx.now,
            **where,
        )
    )
