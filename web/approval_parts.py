"""What the pages of a change and of a request share: what a visitor can do about an approval besides deciding."""

from sqlmodel import Session

from domain.change import CLOSED, TRANSITIONS, ChangeState, Step
from domain.model import Model
from domain.party import Actor
from queries.changes import ChangeView
from queries.requests import RequestView
from store.directory import holders

NOTHING_TYPED = {"comment": "", "reason": "", "text": "", "handing": "", "board_text": "", "glass": "", "statement": ""}
"""What people type on these pages, and is shown again when it was not taken."""


class Talk(Model):
    """What this visitor can do now.

    recall: take an own decision back; speak: comment and ask; colleagues: to whom the own decision can be handed on;
    declare: say that one has an interest; about: of whom else one can say so. The commands check again.
    """

    recall: bool
    speak: bool
    colleagues: tuple[str, ...]
    declare: bool
    about: tuple[str, ...]


def talk_of(actor: Actor, view: ChangeView | RequestView) -> Talk:
    """What an actor can do about an approval besides deciding."""
    state, person = ChangeState(view.summary.state), actor.person
    owner = view.summary.owner_group in actor.groups and person != view.summary.requester
    others = _candidates(view, None) - {person or ""}
    own = view.yours.stage if not view.yours.veto and view.yours.represents is None else None
    return Talk(
        recall=person is not None and state in TRANSITIONS[Step.RECALL],
        speak=person is not None,
        colleagues=tuple(sorted(_candidates(view, own) - {person or ""})) if own else (),
        declare=person is not None and state not in CLOSED,
        about=tuple(sorted(others)) if owner else (),
    )


def _candidates(view: ChangeView | RequestView, stage: str | None) -> frozenset[str]:
    """Persons who could sign in a stage, or in any."""
    return frozenset(
        person
        for standing in view.standing.stages
        if stage in (None, standing.id)
        for slot in standing.slots
        for person in slot.candidates
    )


class Board(Model):
    """The members of the governance board that is asked, and whether the visitor is one."""

    members: tuple[str, ...] = ()
    sits: bool = False


def board_of(session: Session, actor: Actor, view: ChangeView) -> Board:
    """The board of a change; nobody where none is asked."""
    stage = view.plan.board if view.plan else None
    if stage is None:
        return Board()
    groups = frozenset(group for slot in stage.slots for group in slot.groups)
    return Board(members=tuple(holders(session, groups).groups), sits=bool(actor.groups & groups))
