"""Loading the facts of an approval, the same for every subject: decisions, people, delegations, timers (D2, R-7.11)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, literal, select, union_all
from sqlmodel import Session, col

from domain.approval_plan import ApprovalFacts, Choice, Decision, Deputy, Fired, Plan
from domain.canonical import parse
from store.delegations import AtStake, deputies
from store.directory import PERSON, SAME_PERSON, holders
from store.tables.approval import DecisionRow, FiredTimerRow, ParticipationRow, RecallRow
from store.tables.columns import table_of
from store.tables.directory import AccountRow

HANDED_ON = "handed_on"
BARRED = {
    "contributor": "you wrote a part of it",
    "simulator": "you ran the simulation of record",
    "beneficiary": "you benefit from it",
}
"""Roles in which nobody decides, and why (R-7.3)."""

# Statements of the hot path are built once: building one costs more than running it.
DECISIONS: Any = (
    select(
        DecisionRow,
        col(AccountRow.person).label("person"),
        col(AccountRow.id).label("known"),
        col(RecallRow.decision).label("recalled"),
    )
    .outerjoin(AccountRow, col(AccountRow.id) == col(DecisionRow.account))
    .outerjoin(RecallRow, col(RecallRow.decision) == col(DecisionRow.id))
    .where(col(DecisionRow.subject) == bindparam("subject"))
    .order_by(col(DecisionRow.decided_at), col(DecisionRow.id))
)
FIRED: Any = select(FiredTimerRow).where(
    col(FiredTimerRow.subject) == bindparam("subject"), col(FiredTimerRow.revision) == bindparam("revision")
)
PART = table_of(ParticipationRow)
TAKING_PART = PART.alias("taking_part")
PARTICIPANTS: Any = union_all(
    select(PART).where(PART.c.subject == bindparam("subject")),
    select(PART).where(PART.c.subject.in_(bindparam("persons", expanding=True))),
    select(PART)
    .join(TAKING_PART, PART.c.subject == literal(PERSON) + TAKING_PART.c.person)
    .where(TAKING_PART.c.subject == bindparam("subject")),
).order_by("noted_at", "id")
"""Who takes part in a subject, and who is the same person as they, or as those whom the subject itself excludes."""


@dataclass(frozen=True)
class Asked:
    """What a subject brings into its approval; everything else is loaded here, the same for all."""

    subject: str
    kind: str
    revision: int
    plan: Plan | None
    inputs: Mapping[str, str]
    excluded: Mapping[str, str]
    opened_at: datetime | None
    at_stake: AtStake = lambda: None


def facts_of(session: Session, asked: Asked, now: datetime, asking: str | None = None) -> ApprovalFacts:
    """The facts of an approval as they are in this session; under lock when the session holds the locks.

    asking: a person whose own groups matter besides those of the people who decided.
    """
    groups = asked.plan.groups() if asked.plan else frozenset[str]()
    said = decisions(session, asked.subject)
    lent = _lent(session, asked, groups, now)
    concerned = {person for one in said for person in one.persons} | ({asking} if asking else set())
    concerned |= {person for one in lent for person in (one.delegate, one.delegator)}
    people = holders(session, groups, frozenset(concerned))
    excluded, handed_on = _participants(session, asked)
    return ApprovalFacts(
        revision=asked.revision,
        plan=asked.plan,
        inputs=asked.inputs,
        decisions=said,
        groups=people.groups,
        crowded=people.crowded,
        deputies=lent,
        excluded=excluded,
        handed_on=handed_on,
        fired=fired(session, asked.subject, asked.revision) if asked.opened_at else (),
        opened_at=asked.opened_at,
    )


def _lent(session: Session, asked: Asked, groups: frozenset[str], now: datetime) -> tuple[Deputy, ...]:
    """The delegations that cover the subject, where the plan lets delegates sign."""
    if asked.plan is None or asked.plan.tier > asked.plan.delegates_up_to:
        return ()
    return deputies(session, groups, asked.kind, asked.plan.tier, asked.at_stake, now)


def decisions(session: Session, subject: str) -> tuple[Decision, ...]:
    """Every decision on a subject, oldest first. Who acted is whoever the account belongs to now (B6)."""
    return tuple(
        decision_of(row, (person or row.account) if known else row.person, recalled is not None)
        for row, person, known, recalled in session.execute(DECISIONS, {"subject": subject})
    )


def decision_of(row: DecisionRow, person: str | None = None, recalled: bool = False) -> Decision:
    """A recorded decision as the gate sees it."""
    return Decision(
        id=row.id,
        revision=row.revision,
        person=person or row.person,
        represents=row.represents,
        stage=row.stage,
        choice=Choice(row.choice),
        inputs=parse(row.inputs),
        at=row.decided_at,
        recalled=recalled,
    )


def fired(session: Session, subject: str, number: int) -> tuple[Fired, ...]:
    """The timers that have fired for a revision."""
    rows = session.execute(FIRED, {"subject": subject, "revision": number}).scalars()
    return tuple(Fired(stage=row.stage, what=row.what, level=row.level, at=row.fired_at) for row in rows)


def _participants(session: Session, asked: Asked) -> tuple[dict[str, str], Mapping[str, frozenset[str]]]:
    """Who may not decide and why, and who has passed their say on; the last word of giver and receiver holds.

    Whoever was barred is so through every account: also as the person whose account turned out to be theirs (B6).
    """
    barred: dict[str, str] = {}
    same: list[tuple[str, str]] = []
    handed: dict[str, set[str]] = {}
    persons = [PERSON + person for person in asked.excluded]
    for row in session.execute(PARTICIPANTS, {"subject": asked.subject, "persons": persons}):
        if row.role == SAME_PERSON:
            same.append((row.subject.removeprefix(PERSON), row.person))
        elif row.role != HANDED_ON:
            barred[row.person] = BARRED[row.role]
        elif row.revision == asked.revision:
            stage = handed.setdefault(row.stage, set())
            stage.add(row.person)
            stage.discard(row.to_person)
    excluded = {**barred, **asked.excluded}
    also = {now: excluded[was] for was, now in same if was in excluded}
    return {**also, **excluded}, {stage: frozenset(persons) for stage, persons in handed.items()}
