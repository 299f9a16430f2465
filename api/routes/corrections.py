"""Corrections of data: what can be corrected, what would follow, ask for one, what was corrected (chapter 17)."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.parts import Asking, InstallationParts, Now, Reading, Writing
from commands.corrections import ask_correction
from commands.requests import RequestReceipt
from domain.correction import Correction, Wanted
from queries.corrections import (
    CorrectableField,
    CorrectionPreview,
    CorrectionView,
    correctable_fields,
    correction_list,
    correction_preview,
)

router = APIRouter(prefix="/api/corrections", tags=["corrections"])
Filter = Annotated[str | None, Query(max_length=400)]


@router.get("")
def list_corrections(
    _asking: Asking, session: Reading, record: Filter = None, key: Filter = None
) -> list[CorrectionView]:
    """The latest hundred corrections that were applied, latest first; the key of a quote finds its lines too."""
    return list(correction_list(session, record, key))


@router.get("/fields")
def list_fields(_asking: Asking, session: Reading, now: Now) -> list[CorrectableField]:
    """What can be corrected, of which type it is, and who has to agree."""
    return list(correctable_fields(session, now))


@router.get("/preview")
def preview(_asking: Asking, session: Reading, now: Now, wanted: Annotated[Wanted, Query()]) -> CorrectionPreview:
    """Before and after of a correction, and what rests on the record; nothing is written."""
    return correction_preview(session, wanted, now)


@router.post("", status_code=201)
def ask(installation: InstallationParts, call: Writing, body: Correction) -> RequestReceipt:
    """Ask for a correction of what you have seen; it is applied when all have agreed whom its type names."""
    return ask_correction(installation.gateway, call, body)
