"""Corrections of data: asked for with before and after, applied by compare-and-set when agreed to (R-17.1, R-17.3).

Undoing a correction is another correction.
"""

from sqlalchemy import update

from analysis.policies import correction_plan
from commands.command import Control, command
from commands.requests import RequestReceipt, not_twice, open_request
from domain.canonical import canonical
from domain.correction import Correction, CorrectionType, Figure, Preview, Wanted, correctable, quote_of, read_key
from domain.errors import Conflict
from store import corrections, requests, where_used
from store.tables.correction import CorrectionRow
from store.tables.directory import PersonRow
from store.tables.quote import QuoteLineRow, QuoteRow
from store.tables.request import RequestRow
from store.unit_of_work import Transaction

KIND = corrections.KIND


@command(control=Control.NONE)
def ask_correction(tx: Transaction, asked: Correction) -> RequestReceipt:
    """Ask for a correction of whom its type names; nothing is corrected before they have agreed. Machines ask too.

    Raises Refused("audit_is_never_corrected"), NotFound("unknown_<record>"), Conflict("original_moved",
    "already_asked"), Invalid("unknown_record", "not_correctable", "bad_key", "bad_value", "unknown_state",
    "nothing_to_correct", "no_price").
    """
    corrections.refuse_evidence(asked)
    correctable(asked.record, asked.field)
    for table, key in corrections.rows(asked.record, asked.key):
        tx.lock(table, key)
    _as_seen(tx, asked)
    found = corrections.preview(tx.session, asked)
    not_twice(tx, KIND, record=asked.record, key=asked.key, field=asked.field)
    plan = correction_plan(tx.session, found.type, tx.now, tx.actor.party)
    content = {**found.model_dump(mode="json"), "reason": asked.reason}
    title = f"Correction of {asked.field.replace('_', ' ')} of {asked.record.replace('_', ' ')} {asked.key}"
    request = open_request(tx, KIND, title, content, plan, _who_benefits(tx, found))
    tx.record("correction.asked", request, **found.model_dump(mode="json", exclude={"follows", "downstream"}))
    return RequestReceipt(request=request)


def _as_seen(tx: Transaction, asked: Correction) -> None:
    """Raises Conflict("original_moved") unless the field still is what whoever asks has seen."""
    current = str(corrections.value_of(tx.session, asked.record, asked.key, asked.field))
    if current != asked.original.strip():
        raise Conflict(
            "original_moved",
            f"{asked.field} of {asked.key} is {current} now, not {asked.original}; look again.",
            current=current,
        )


def _who_benefits(tx: Transaction, found: Preview) -> list[str]:
    """Whoever sells a quote, or is to be who sells it, does not decide on what it says (R-7.3)."""
    quote = quote_of(found.record, found.key)
    if quote is None:
        return []
    sellers = {tx.session.get_one(QuoteRow, quote).owner}
    if found.type is CorrectionType.QUOTE_METADATA:
        sellers |= {found.original, found.corrected}
    return sorted(name for name in sellers if tx.session.get(PersonRow, name))


def grant(tx: Transaction, row: RequestRow) -> None:
    """Correct the record and all that follows, if everything still is as it was shown; keep what was.

    Raises Conflict("original_moved"): then the decision is not taken, and who asked takes the request back.
    """
    content = requests.request_content(row)
    shown = Preview.model_validate({name: content[name] for name in Preview.model_fields})
    _still_as_shown(tx, row, shown)
    for one in (_itself(shown), *shown.follows):
        _set(tx, row, one)
    tx.add(
        CorrectionRow(
            request=row.id,
            derived=canonical(content["follows"]),
            requester=row.requester,
            applied_at=tx.now,
            **shown.model_dump(mode="json", include={"type", "record", "key", "field", "original", "corrected"}),
        )
    )
    for other in corrections.requests_on(tx.session, shown.record, shown.key):
        if other != row.id:
            tx.wake(other, "corrected")


def _still_as_shown(tx: Transaction, row: RequestRow, shown: Preview) -> None:
    """Raises Conflict("original_moved") where the field or what follows from it is not what was agreed to."""
    before = _itself(shown).before
    if corrections.value_of(tx.session, shown.record, shown.key, shown.field) != before:
        raise _moved(row)
    if (
        corrections.preview(tx.session, Wanted(**shown.model_dump(include=set(Wanted.model_fields)))).follows
        != shown.follows
    ):
        raise _moved(row)


def _itself(shown: Preview) -> Figure:
    """The correction as one figure among those that follow from it."""
    number = correctable(shown.record, shown.field).least is not None
    before, after = ((int(text) if number else text) for text in (shown.original, shown.corrected))
    return Figure(record=shown.record, key=shown.key, field=shown.field, before=before, after=after)


def _set(tx: Transaction, row: RequestRow, figure: Figure) -> None:
    """Write one field by compare-and-set, and what the where-used index holds of it.

    A total is written also where it stays: so the head of its document moves with its lines (store/tables/columns.py).
    """
    table, of_record = corrections.table_and_row(figure.record, figure.key)
    column = table.c[figure.field]
    values = {figure.field: figure.after, **({"updated_at": tx.now} if "updated_at" in table.c else {})}
    written = update(table).where(of_record, column == figure.before).values(values).returning(column)
    if tx.session.execute(written).first() is None:
        raise _moved(row)
    if (figure.record, figure.field) == ("quote_line", "net_minor"):
        quote, line = read_key(figure.record, figure.key)
        offering = tx.session.get_one(QuoteLineRow, (quote, line)).offering
        where_used.revalue(tx.session, str(quote), int(line), offering, int(figure.after))


def _moved(row: RequestRow) -> Conflict:
    return Conflict(
        "original_moved",
        f"What {row.id} corrects is not what it was; its requester takes it back and asks anew.",
        request=row.id,
    )
