"""Loading requests that go through the approval engine, and the facts that the gate decides over (R-7.11)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, SQLModel, col

from domain.approval_plan import ApprovalFacts, Plan
from domain.canonical import digest, digest_of, parse
from domain.change import ChangeState
from domain.errors import NotFound
from store import corrections, data_access, quote_approvals
from store.approval import Asked, facts_of
from store.tables.approval import DecisionRow
from store.tables.request import RequestRow

KINDS = ("freeze_exception", "delegation", data_access.KIND, quote_approvals.KIND, corrections.KIND)
Content = Mapping[str, Any]
Key = tuple[type[SQLModel], Any]


@dataclass(frozen=True)
class RestsOn:
    """The records that a kind of request is about, as they stand now, besides what was asked.

    keys: the rows, to be locked before the facts are read. inputs: named digests of them, so that a record that moves
    withdraws what was said about it (R-7.6). at_stake: minor units per currency, for delegations with a limit. blocks:
    why it cannot be granted as it was asked, in codes of `domain/blocks.py`.
    """

    keys: Callable[[Content], tuple[Key, ...]]
    inputs: Callable[[Session, Content], Mapping[str, str]]
    at_stake: Callable[[Content], Mapping[str, int]]
    blocks: Callable[[Session, Content], tuple[str, ...]]


NOTHING = RestsOn(lambda content: (), lambda session, content: {}, lambda content: {}, lambda session, content: ())
RESTS_ON = {
    quote_approvals.KIND: RestsOn(
        quote_approvals.keys, quote_approvals.inputs, quote_approvals.at_stake, quote_approvals.blocks
    ),
    corrections.KIND: RestsOn(corrections.keys, corrections.inputs, corrections.at_stake, corrections.blocks),
}
"""Kind of request -> what it rests on; a kind that is not here rests on what was asked alone."""


def rests_on(kind: str) -> RestsOn:
    """What a kind of request rests on."""
    return RESTS_ON.get(kind, NOTHING)


def request(session: Session, request_id: str) -> RequestRow:
    """A request. Raises NotFound("unknown_approval_request")."""
    row = session.get(RequestRow, request_id)
    if row is None:
        raise NotFound("unknown_approval_request", f"There is no request {request_id!r}.", request=request_id)
    return row


def request_content(row: RequestRow) -> dict[str, Any]:
    """What is asked for, from the stored bytes (D4)."""
    found: dict[str, Any] = parse(row.content)
    return found


@lru_cache(maxsize=500)
def _plan(stored: bytes) -> Plan:
    return Plan.model_validate(parse(stored))


def plan_of(row: RequestRow) -> Plan:
    """Whom a request asks."""
    return _plan(row.plan)


def approval_facts(session: Session, row: RequestRow, now: datetime, asking: str | None = None) -> ApprovalFacts:
    """The facts of a request's approval at this instant; under lock when the session holds the locks."""
    plan, content, records = plan_of(row), request_content(row), rests_on(row.kind)
    asked = Asked(
        subject=row.id,
        kind=row.kind,
        revision=row.revision,
        plan=plan,
        inputs=_as_decided(session, row) or _inputs(session, row, plan),
        excluded={row.requester: "you asked for it"},
        opened_at=row.opened_at,
        at_stake=lambda: records.at_stake(content) or None,
    )
    facts = facts_of(session, asked, now, asking)
    return facts if row.closed else facts.model_copy(update={"blocks": records.blocks(session, content)})


DECIDED = (ChangeState.COMPLETED, ChangeState.REJECTED)


def _as_decided(session: Session, row: RequestRow) -> dict[str, str]:
    """What the decision saw that ended a request: what has moved since, as a record that was corrected, takes nothing
    from it. Empty for a request that no decision has ended."""
    if row.state not in DECIDED:
        return {}
    last = select(col(DecisionRow.inputs)).where(col(DecisionRow.subject) == row.id)
    found: bytes | None = session.execute(last.order_by(col(DecisionRow.decided_at).desc()).limit(1)).scalar()
    return parse(found) if found else {}


def _inputs(session: Session, row: RequestRow, plan: Plan) -> dict[str, str]:
    own = {"request": digest_of(row.content), "policy": digest([plan.policy, plan.policy_version])}
    return {**own, **rests_on(row.kind).inputs(session, request_content(row))}
