"""Requests that are no changes, as people read them (R-7.11)."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from domain.approval import Plan, Standing, Timer, gate, root_digest, timers
from domain.model import Model
from queries.approval import DecisionView, RemarkView, Yours, decision_views, people_of, remarks, speakers, yours
from queries.newest import newest
from store import requests
from store.directory import names
from store.tables.request import RequestRow


class RequestSummary(Model):
    """A request as a list shows it."""

    id: str
    kind: str
    title: str
    state: str
    tier: int
    owner_group: str
    requester: str
    revision: int
    version: int
    created_at: datetime
    opened_at: datetime | None


class RequestPage(Model):
    """A page of requests, newest first, and the cursor of the next one (None at the end)."""

    items: tuple[RequestSummary, ...]
    next: str | None


class RequestView(Model):
    """Everything about a request. `seen` is the root digest that a decision on it has to name (R-7.6)."""

    summary: RequestSummary
    content: dict[str, Any]
    plan: Plan | None
    standing: Standing
    timers: tuple[Timer, ...]
    inputs: dict[str, str]
    seen: str
    decisions: tuple[DecisionView, ...]
    yours: Yours
    remarks: tuple[RemarkView, ...]
    names: dict[str, str]


def request_view(session: Session, request: str, now: datetime, asking: str | None = None) -> RequestView:
    """Everything about a request. Raises NotFound("unknown_approval_request")."""
    row = requests.request(session, request)
    facts = requests.approval_facts(session, row, now, asking)
    standing = gate(facts)
    known = names(session, {row.requester} | people_of(facts) | speakers(session, request))
    return RequestView(
        summary=request_summary(row),
        content=requests.request_content(row),
        plan=facts.plan,
        standing=standing,
        timers=timers(facts) if not row.closed else (),
        inputs=dict(facts.inputs),
        seen=root_digest(row.revision, facts.inputs),
        decisions=decision_views(session, request, standing, known),
        yours=yours(facts, asking),
        remarks=remarks(session, request, known),
        names=dict(known),
    )


def request_summary(row: RequestRow) -> RequestSummary:
    """A request as a list shows it."""
    return RequestSummary(**{name: getattr(row, name) for name in RequestSummary.model_fields})


def request_list(session: Session, cursor: str | None, limit: int) -> RequestPage:
    """Requests newest first. Raises Invalid("bad_cursor")."""
    rows, following = newest(session, select(RequestRow), RequestRow, cursor, limit)
    return RequestPage(items=tuple(request_summary(row) for row in rows), next=following)
