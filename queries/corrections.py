"""Corrections as people read them: what can be corrected, before and after, what was corrected (chapter 17)."""

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from analysis.policies import correction_plan
from domain.approval import Plan
from domain.canonical import parse
from domain.correction import FIELDS, RECORDS, CorrectionType, Follows, Preview, Wanted, quote_of
from domain.model import Model
from queries.requests import RequestSummary, request_summary
from store import corrections
from store.directory import names
from store.tables.request import RequestRow

MOST = 100


class CorrectableField(Model):
    """A field that can be corrected: how its record is named, what it may be, and who agrees.

    asks: one slot each, in which somebody of one of these groups agrees.
    """

    record: str
    key: str
    field: str
    type: CorrectionType
    possible: str
    tier: int
    asks: tuple[tuple[str, ...], ...]


class CorrectionPreview(Model):
    """What a correction would do, and who would have to agree."""

    preview: Preview
    tier: int
    asks: tuple[tuple[str, ...], ...]


class CorrectionView(Model):
    """A correction that was applied; who agreed stands on its request."""

    request: str
    type: CorrectionType
    record: str
    key: str
    field: str
    original: str
    corrected: str
    follows: tuple[Follows, ...]
    currency: str | None
    reason: str
    requester: str
    requester_name: str
    applied_at: datetime


def correctable_fields(session: Session, now: datetime) -> tuple[CorrectableField, ...]:
    """Every field that can be corrected, and whom the policy in force asks. Raises Invalid("no_request_rule")."""
    return tuple(
        CorrectableField(
            record=one.record,
            key="/".join(RECORDS[one.record]),
            field=one.name,
            type=one.type,
            possible=one.possible,
            tier=one.type.tier,
            asks=_asks(correction_plan(session, one.type, now)),
        )
        for one in FIELDS
    )


def correction_preview(session: Session, wanted: Wanted, now: datetime) -> CorrectionPreview:
    """Before and after; nothing is written. Raises what `store.corrections.preview` raises."""
    found = corrections.preview(session, wanted)
    return CorrectionPreview(preview=found, tier=found.type.tier, asks=_asks(correction_plan(session, found.type, now)))


def _asks(plan: Plan) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(slot.groups) for stage in plan.stages for slot in stage.slots)


def correction_list(session: Session, record: str | None = None, key: str | None = None) -> tuple[CorrectionView, ...]:
    """The latest corrections that were applied, at most a hundred; the key of a quote finds its lines too."""
    rows = corrections.applied(session, record, key, MOST)
    known = names(session, {row.requester for row in rows})
    asked = select(RequestRow).where(col(RequestRow.id).in_([row.request for row in rows]))
    contents = {one.id: parse(one.content) for one in session.execute(asked).scalars()}
    return tuple(
        CorrectionView(
            **row.model_dump(exclude={"derived"}),
            follows=parse(row.derived),
            currency=contents[row.request]["currency"],
            reason=contents[row.request]["reason"],
            requester_name=known[row.requester],
        )
        for row in rows
    )


def corrections_waiting(session: Session, quote: str) -> tuple[RequestSummary, ...]:
    """Corrections of a quote and its lines that wait for those who have to agree."""
    waiting = corrections.open_requests(session, corrections.KIND)
    return tuple(request_summary(row) for row, asked in waiting if quote_of(asked["record"], asked["key"]) == quote)
