"""What a governance board keeps on the page of a change: its agenda and its minutes (R-3.4)."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Response
from pydantic import Field

from api.parts import InstallationParts
from commands.board import AgendaItem, Minutes, put_on_agenda, record_minutes
from domain.errors import Invalid
from web.change_actions import ActingHere
from web.visitor import PageForm, as_typed

router = APIRouter(prefix="/changes/{change}")
Text = Annotated[str, Field(max_length=20_000)]


class AgendaForm(PageForm):
    """What the board is to look at, and when it meets (UTC)."""

    board_text: Text = ""
    meets_at: Text = ""


class MinutesForm(PageForm):
    """What was said, and who was there."""

    board_text: Text = ""
    present: Annotated[list[Text], Field(max_length=50)] = []


@router.post("/agenda")
def agenda(
    change: str, installation: InstallationParts, acting: ActingHere, form: Annotated[AgendaForm, Form()]
) -> Response:
    """Put the change on the agenda."""
    return acting(
        lambda: put_on_agenda(installation.gateway, acting.call, change, _agenda(form)), board_text=form.board_text
    )


@router.post("/minutes")
def minutes(
    change: str, installation: InstallationParts, acting: ActingHere, form: Annotated[MinutesForm, Form()]
) -> Response:
    """Keep the minutes of a meeting."""
    return acting(
        lambda: record_minutes(installation.gateway, acting.call, change, _minutes(form)), board_text=form.board_text
    )


def _agenda(form: AgendaForm) -> AgendaItem:
    """The form as a command takes it. Raises Invalid("bad_form")."""
    try:
        meets_at = datetime.fromisoformat(form.meets_at).replace(tzinfo=UTC)
    except ValueError:
        raise Invalid("bad_form", "Say on which day and at what time the board meets.") from None
    with as_typed():
        return AgendaItem(text=form.board_text.strip(), meets_at=meets_at)


def _minutes(form: MinutesForm) -> Minutes:
    """The form as a command takes it. Raises Invalid("bad_form")."""
    with as_typed():
        return Minutes(text=form.board_text.strip(), present=tuple(form.present))
