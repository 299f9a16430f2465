"""Loading requests that go through the approval engine, and the facts that the gate decides over (R-7.11)."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlmodel import Session

from domain.approval_plan import ApprovalFacts, Plan
from domain.canonical import digest, digest_of, parse
from domain.errors import NotFound
from store.approval import Asked, facts_of
from store.tables.request import RequestRow


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


def approval_facts(session: Session, row: RequestRow, now: datetime, asking: str | None = None) -> ApprovalFacts:
    """The facts of a request's approval at this instant; under lock when the session holds the locks."""
    plan = _plan(row.plan)
    asked = Asked(
        subject=row.id,
        kind=row.kind,
        revision=row.revision,
        plan=plan,
        inputs={"request": digest_of(row.content), "policy": digest([plan.policy, plan.policy_version])},
        excluded={row.requester: "you asked for it"},
        opened_at=row.opened_at,
    )
    return facts_of(session, asked, now, asking)
