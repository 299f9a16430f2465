"""An approval as people read it, the same for every subject: decisions, remarks, and what the reader can do (R-7.1)."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from domain.approval import ApprovalFacts, Choice, Standing, slot_for
from domain.errors import MandateError
from domain.model import Model
from store.tables.approval import CommentRow, DecisionRow, RecallRow, RemarkRow, RemarkTextRow


class DecisionView(Model):
    """A decision as people read it.

    counts, reason: whether it counts, and why it does not, or why it still does after an edit. represents: for whom a
    delegate acted.
    """

    id: str
    revision: int
    stage: str
    person: str
    name: str
    represents: str | None
    choice: str
    comment: str
    at: datetime
    counts: bool
    recalled: bool
    reason: str


class RemarkView(Model):
    """A comment, a question, an answer, or the reason of a withdrawal, a rollback or a handing on."""

    id: str
    kind: str
    about: str | None
    person: str
    name: str
    text: str
    revision: int
    at: datetime


class Yours(Model):
    """What the reader can decide now: in which stage, for whom if as a delegate; otherwise why not, with the code.

    veto: the reader cannot sign but can reject.
    """

    stage: str | None = None
    represents: str | None = None
    veto: bool = False
    code: str = ""
    why_not: str = ""


def yours(facts: ApprovalFacts, person: str | None) -> Yours:
    """What a person could decide over these facts, by the function that `decide` itself asks."""
    if person is None:
        return Yours(
            code="machine_may_not",
            why_not="Machines read and propose, they never decide.",
        )
    try:
        seat = slot_for(facts, person)
    except MandateError as refusal:
        return _veto(facts, person) or Yours(code=refusal.code, why_not=refusal.detail)
    return Yours(stage=seat.stage, represents=seat.represents)


def _veto(facts: ApprovalFacts, person: str) -> Yours | None:
    """Somebody who cannot sign may still hold a veto."""
    try:
        seat = slot_for(facts, person, Choice.REJECT)
    except MandateError:
        return None
    return Yours(stage=seat.stage, represents=seat.represents, veto=True)


def people_of(facts: ApprovalFacts) -> set[str]:
    """Everybody whose name is needed to read an approval."""
    return {*facts.groups} | {person for decision in facts.decisions for person in decision.persons}


def speakers(session: Session, subject: str) -> set[str]:
    """Who has said something about a subject."""
    return set(session.execute(select(col(RemarkRow.person)).where(col(RemarkRow.subject) == subject)).scalars())


def decision_views(
    session: Session, subject: str, standing: Standing, known: Mapping[str, str]
) -> tuple[DecisionView, ...]:
    """The decisions on a subject, first to last, with what became of each."""
    rows = session.execute(
        select(DecisionRow, col(CommentRow.text), col(RecallRow.decision))
        .outerjoin(CommentRow, col(CommentRow.decision) == col(DecisionRow.id))
        .outerjoin(RecallRow, col(RecallRow.decision) == col(DecisionRow.id))
        .where(col(DecisionRow.subject) == subject)
        .order_by(col(DecisionRow.decided_at), col(DecisionRow.id))
    )
    return tuple(
        DecisionView(
            id=row.id,
            revision=row.revision,
            stage=row.stage,
            person=row.person,
            name=known.get(row.person, row.person),
            represents=row.represents,
            choice=row.choice,
            comment=text or "",
            at=row.decided_at,
            counts=row.id in standing.counted,
            recalled=recalled is not None,
            reason=standing.withdrawn.get(row.id, standing.carried.get(row.id, "")),
        )
        for row, text, recalled in rows
    )


def texts_of(session: Session, subject: str) -> dict[str, str]:
    """The texts of the remarks on a subject by their ids, without those that were erased."""
    query = select(col(RemarkRow.id), col(RemarkTextRow.text)).join(
        RemarkTextRow, col(RemarkTextRow.remark) == col(RemarkRow.id)
    )
    return dict(session.execute(query.where(col(RemarkRow.subject) == subject)).all())


def remarks(session: Session, subject: str, known: Mapping[str, str]) -> tuple[RemarkView, ...]:
    """What was said about a subject, first to last."""
    rows = session.execute(
        select(RemarkRow, col(RemarkTextRow.text))
        .outerjoin(RemarkTextRow, col(RemarkTextRow.remark) == col(RemarkRow.id))
        .where(col(RemarkRow.subject) == subject)
        .order_by(col(RemarkRow.said_at), col(RemarkRow.id))
    )
    return tuple(
        RemarkView(
            id=row.id,
            kind=row.kind,
            about=row.about,
            person=row.person,
            name=known.get(row.person, row.person),
            text=text or "",
            revision=row.revision,
            at=row.said_at,
        )
        for row, text in rows
    )
