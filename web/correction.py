"""Corrections of a quote on its page: what was corrected, what waits, and a form to ask for another (chapter 17)."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request, Response
from pydantic import Field
from sqlmodel import Session

from api.parts import InstallationParts, Reading
from commands.corrections import ask_correction
from domain.correction import FIELDS, Correction
from domain.errors import Conflict, Invalid, MandateError, NotFound, Refused
from domain.quote import Quote
from queries.corrections import correction_list, corrections_waiting
from store import quotes
from web.present import field_name, figure
from web.rendering import render, see
from web.visitor import FormCall, PageForm, Visiting, Visitor, as_typed

router = APIRouter(prefix="/quotes/{quote}/corrections")
QuoteId = Annotated[str, Path(max_length=60)]
Text = Annotated[str, Field(max_length=400)]


class CorrectionForm(PageForm):
    """What should be corrected, as it was chosen and typed. what: one of `choices`, with what the page showed."""

    what: Text = ""
    corrected: Text = ""
    reason: Text = ""

    def correction(self, quote: str) -> Correction:
        """Raises Invalid("bad_form")."""
        record, field, line, original = (*self.what.split(":", 3), "", "", "", "")[:4]
        with as_typed():
            return Correction(
                record=record,
                key=f"{quote}/{line}" if line else quote,
                field=field,
                original=original,
                corrected=self.corrected,
                reason=self.reason.strip(),
            )


EMPTY = CorrectionForm(csrf="", key="")


def choices(quote: Quote) -> list[tuple[str, str]]:
    """What can be corrected of a quote: record, field, line and the present value in one text, and in words."""
    found = [_choice(quote, one.name, "quote", "", quote) for one in FIELDS if one.record == "quote"]
    for line in quote.lines:
        of_line = [one.name for one in FIELDS if one.record == "quote_line"]
        found += [_choice(quote, name, "quote_line", str(line.line), line) for name in of_line]
    return found


def _choice(quote: Quote, name: str, record: str, line: str, row: Any) -> tuple[str, str]:
    value = getattr(row, name)
    of = f"Line {line}: " if line else ""
    told = f"{of}{field_name(name)}, now {figure(value, name, quote.currency)}"
    return f"{record}:{name}:{line}:{value}", told


def corrections_of(session: Session, quote: Quote, form: CorrectionForm = EMPTY) -> dict[str, Any]:
    """What the template `quote_corrections.html` shows besides the quote."""
    return {
        "corrections": correction_list(session, key=quote.id),
        "corrections_waiting": corrections_waiting(session, quote.id),
        "correctable": choices(quote),
        "asking": form,
    }


@router.post("")
def ask(
    request: Request,
    quote: QuoteId,
    installation: InstallationParts,
    visitor: Visiting,
    session: Reading,
    call: FormCall,
    form: Annotated[CorrectionForm, Form()],
) -> Response:
    """Ask for a correction; after a refusal the form is shown again and keeps what was typed."""
    try:
        asked = ask_correction(installation.gateway, call, form.correction(quote))
    except (Conflict, Refused, Invalid) as error:
        return _again(request, quote, visitor, session, form, error)
    return see(f"/requests/{asked.request}")


def _again(
    request: Request, quote: str, visitor: Visitor, session: Session, form: CorrectionForm, problem: MandateError
) -> Response:
    found = quotes.quote(session, quote)
    if found is None:
        raise NotFound("unknown_quote", f"There is no quote {quote!r}.")
    return render(
        request,
        "quote_correction.html",
        problem.http_status,
        visitor=visitor,
        quote=found,
        problem=problem,
        **corrections_of(session, found, form),
    )
