"""What can be approved: each kind of subject registers its table and how its facts are loaded (R-7.11).

One engine serves them all: `decide`, the plan, the timers and the inbox know a subject only by what it registers here.
What closing an approval does is registered in `commands/subjects.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.approval_plan import ApprovalFacts, Plan
from domain.change import ChangeState
from domain.total_effect import TotalEffect
from store import changes, requests
from store.tables.change import ChangeRow
from store.tables.request import RequestRow

Subject = ChangeRow | RequestRow
"""A row that can be approved: it has kind, state, revision, requester, owner group and the instant it was opened."""


@dataclass(frozen=True)
class SubjectKind:
    """A kind of subject: the beginning of its ids, its table, and (session, row, now, who asks) -> facts.

    effect: what it moves in all, None where that is nothing that can be counted; plan: whom it asks, None before that
    is known.
    """

    name: str
    prefix: str
    table: type[Any]
    facts: Callable[[Session, Any, datetime, str | None], ApprovalFacts]
    effect: Callable[[Session, Any], TotalEffect | None]
    plan: Callable[[Session, Any], Plan | None]


def _plan_of(session: Session, row: ChangeRow) -> Plan | None:
    return changes.Evidences(session, row.id, row.revision).of(changes.PLAN, Plan)


CHANGE = SubjectKind("change", "CR-", ChangeRow, changes.approval_facts, changes.effect, _plan_of)
REQUEST = SubjectKind(
    "request",
    "AR-",
    RequestRow,
    requests.approval_facts,
    lambda session, row: None,
    lambda session, row: requests.plan_of(row),
)
SUBJECTS = (CHANGE, REQUEST)


def asks_people(session: Session, row: Subject) -> bool:
    """Whether people can be asked about a subject: while it waits for them, or a market for its release.

    The gate of each market asks anew (R-7.6), so who has left meanwhile has to be replaced before a change goes on.
    """
    if row.state == ChangeState.RELEASING:
        return any(plan.activated_at is None for plan in changes.planned(session, row.id, row.revision))
    return row.state == ChangeState.AWAITING_APPROVAL


def subject_kind(subject: str) -> SubjectKind:
    """The kind of subject that an id belongs to; an id of no kind is looked for among the changes."""
    return next((kind for kind in SUBJECTS if subject.startswith(kind.prefix)), CHANGE)
