"""Talking about a subject: comments, questions and answers; handing a decision on; declaring an interest (R-7.10).

None of it gives anybody a right to decide, and only an interest takes one away.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from commands.approvals import lock_waiting
from commands.command import Control, command
from commands.remarks import keep_remark
from commands.requests import note_participation
from domain.approval import Choice, slot_for
from domain.change import visible
from domain.errors import Conflict, Invalid, NotFound, Refused
from domain.model import Model
from store.approval import HANDED_ON
from store.directory import same_persons
from store.subjects import subject_kind
from store.tables.approval import RemarkRow
from store.tables.directory import PersonRow
from store.unit_of_work import Transaction


class Remark(Model):
    """What somebody says: a comment, a question, or the answer to a question (`about`: its id)."""

    kind: Literal["comment", "question", "answer"] = "comment"
    text: Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(visible)]
    about: Annotated[str, Field(max_length=60)] | None = None


@command(control=Control.NONE)
def say(tx: Transaction, subject: str, remark: Remark) -> str:
    """Keep a remark and return its id. Saying something makes nobody an approver and bars nobody from being one.

    Raises NotFound("unknown_remark"), Invalid("answers_nothing"), Refused("machine_may_not").
    """
    kind = subject_kind(subject)
    row = tx.lock(kind.table, subject)
    tx.actor.as_person()
    _check_about(tx, subject, remark)
    said = keep_remark(tx, subject, row.revision, remark.kind, remark.text, remark.about)
    tx.record(f"{kind.name}.{remark.kind}", subject, about=remark.about, **said)
    return str(said["remark"])


def _check_about(tx: Transaction, subject: str, remark: Remark) -> None:
    if (remark.kind == "answer") != (remark.about is not None):
        raise Invalid("answers_nothing", "An answer names the question that it is about, and nothing else does.")
    if remark.about is not None:
        question = tx.session.get(RemarkRow, remark.about)
        if question is None or question.subject != subject or question.kind != "question":
            raise NotFound("unknown_remark", f"{subject} has no question {remark.about!r}.", remark=remark.about)


class Handing(Model):
    """To whom a decision is handed on, in which stage (left out: the first in which you can decide), and why."""

    to: Annotated[str, Field(min_length=1, max_length=120)]
    stage: Annotated[str, Field(max_length=60)] | None = None
    reason: Annotated[str, Field(min_length=3, max_length=400), AfterValidator(visible)]


@command(control=Control.OPERATION)
def hand_on(tx: Transaction, subject: str, handing: Handing) -> str:
    """Pass your decision to a colleague who could make it anyway, and return the stage; you no longer can (R-7.10).

    It gives nobody a right. The colleague may pass it back. Raises Invalid("to_yourself"), Refused("cannot_take_it"),
    and what `decide` raises of somebody who cannot decide.
    """
    kind, row = lock_waiting(tx, subject)
    person = tx.actor.as_person()
    if handing.to == person:
        raise Invalid("to_yourself", "You have this decision already.")
    stage = slot_for(kind.facts(tx.session, row, tx.now, person), person, Choice.APPROVE, handing.stage).stage
    facts = kind.facts(tx.session, row, tx.now, handing.to)
    back = facts.model_copy(
        update={"handed_on": {**facts.handed_on, stage: facts.handed_on.get(stage, frozenset()) - {handing.to}}}
    )
    try:
        slot_for(back, handing.to, Choice.APPROVE, stage)
    except Refused as refusal:
        raise Refused("cannot_take_it", "This person could not make the decision.", stage=stage) from refusal
    note_participation(tx, subject, person, HANDED_ON, revision=row.revision, stage=stage, to_person=handing.to)
    said = keep_remark(tx, subject, row.revision, "handing_on", handing.reason)
    tx.record(f"{kind.name}.handed_on", subject, revision=row.revision, stage=stage, to=handing.to, **said)
    return stage


class Interest(Model):
    """Who has an interest in the outcome: a beneficiary, a contributor from outside, or who ran the simulation."""

    person: Annotated[str, Field(min_length=1, max_length=120)]
    role: Literal["beneficiary", "contributor", "simulator"] = "beneficiary"


@command(control=Control.OPERATION)
def declare_interest(tx: Transaction, subject: str, interest: Interest) -> None:
    """Bar a person from deciding, because of an interest (R-7.3): oneself, or by the owner group about others.

    The requester cannot choose the judges in this way. Raises Refused("not_yours"), NotFound("unknown_person"),
    Conflict("already_over").
    """
    kind = subject_kind(subject)
    row = tx.lock(kind.table, subject)
    person = tx.actor.as_person()
    owner = row.owner_group in tx.actor.groups and person not in same_persons(tx.session, {row.requester})
    if interest.person != person and not owner:
        raise Refused("not_yours", "You can declare your own interest; the owner group declares that of others.")
    if tx.session.get(PersonRow, interest.person) is None:
        raise NotFound("unknown_person", f"There is no person {interest.person!r}.", person=interest.person)
    if row.closed:
        raise Conflict("already_over", f"{subject} is over.")
    note_participation(tx, subject, interest.person, interest.role)
    tx.wake(subject, "interest declared")
    tx.record(f"{kind.name}.interest", subject, about=f"person/{interest.person}", role=interest.role)
