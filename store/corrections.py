"""Loading corrections: records as they stand, what would follow, what rests on them, what was applied (chapter 17)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, func, or_, select
from sqlmodel import Session, SQLModel, col

from domain.canonical import digest, parse
from domain.correction import (
    RECORDS,
    Correctable,
    Downstream,
    Follows,
    Preview,
    Value,
    Wanted,
    correctable,
    quote_of,
    read_key,
    repriced,
)
from domain.errors import Invalid, NotFound, Refused
from domain.kinds.entries import of_type
from store import artifacts, quote_approvals, quotes
from store.tables.asset import AssetRow, SubscriptionRow
from store.tables.billing import BilledItemRow
from store.tables.columns import IMMUTABLE, table_of
from store.tables.contract import ContractRow
from store.tables.correction import CorrectionRow
from store.tables.order import OrderRow
from store.tables.quote import QuoteLineRow, QuoteRow
from store.tables.request import RequestRow

KIND = "correction"
PRICING, WORKFLOW = "pricing/standard", "workflow/standard"
MOST_NAMED, LONGEST_NAMED = 10, 60
TABLES: Mapping[str, type[SQLModel]] = {
    "quote": QuoteRow,
    "quote_line": QuoteLineRow,
    "sales_order": OrderRow,
    "billed_item": BilledItemRow,
    "asset": AssetRow,
}
SUBSCRIPTION_OF = {
    "asset": SubscriptionRow.asset,
    "sales_order": SubscriptionRow.sales_order,
    "billed_item": SubscriptionRow.billing_account,
}
"""Records that subscriptions rest on, and the column that names them by the first part of their key."""


def table_and_row(record: str, key: str) -> tuple[Table, ColumnElement[bool]]:
    """The table of a record and the condition on its key. Raises Invalid("bad_key")."""
    table = table_of(TABLES[record])
    return table, and_(
        *(table.c[name] == part for name, part in zip(RECORDS[record], read_key(record, key), strict=True))
    )


def rows(record: str, key: str) -> tuple[tuple[type[SQLModel], Any], ...]:
    """The rows of a record in the order of their locks, the head of its document first. Raises Invalid("bad_key")."""
    quote = quote_of(record, key)
    head = ((QuoteRow, quote),) if record == "quote_line" else ()
    return (*head, (TABLES[record], read_key(record, key)))


def current(session: Session, record: str, key: str, field: str) -> Value | None:
    """A field as it stands; None where the record is gone. Raises Invalid("bad_key")."""
    table, row = table_and_row(record, key)
    found: Value | None = session.execute(select(table.c[field]).where(row)).scalar()
    return found


def value_of(session: Session, record: str, key: str, field: str) -> Value:
    """A field as it stands. Raises Invalid("bad_key"), NotFound("unknown_<record>")."""
    found = current(session, record, key, field)
    if found is None:
        raise NotFound(f"unknown_{record}", f"There is no {record.replace('_', ' ')} {key!r}.", record=record, key=key)
    return found


def refuse_evidence(wanted: Wanted) -> None:
    """Raises Refused("audit_is_never_corrected") for what is kept as evidence (R-17.2)."""
    record, named = wanted.record, wanted.key[:LONGEST_NAMED]
    if record in IMMUTABLE:
        raise Refused(
            "audit_is_never_corrected",
            f"The {record.replace('_', ' ')} {named!r} is evidence: it is kept as it is, and never overwritten.",
            record=record,
        )


def preview(session: Session, wanted: Wanted) -> Preview:
    """Before and after of a correction on the records as they stand; nothing is written.

    Raises Refused("audit_is_never_corrected"), NotFound("unknown_<record>"), Invalid("unknown_record",
    "not_correctable", "bad_key", "bad_value", "unknown_state", "nothing_to_correct", "no_price").
    """
    refuse_evidence(wanted)
    field = correctable(wanted.record, wanted.field)
    original = value_of(session, wanted.record, wanted.key, wanted.field)
    value = field.read(wanted.corrected)
    if field.machine:
        _known_state(session, field, wanted.key, value)
    if value == original:
        raise Invalid("nothing_to_correct", f"{wanted.field} of {wanted.key} is {original} already.")
    follows, currency = _follows(session, wanted, value)
    return Preview(
        type=field.type,
        record=wanted.record,
        key=wanted.key,
        field=wanted.field,
        original=str(original),
        corrected=str(value),
        follows=follows,
        currency=currency,
        downstream=_downstream(session, wanted.record, wanted.key),
    )


def _known_state(session: Session, field: Correctable, key: str, state: Value) -> None:
    """Raises Invalid("unknown_state") unless the version of the machine that the record goes by has the state."""
    version = value_of(session, field.record, key, "states_version")
    states = of_type(artifacts.content(session, WORKFLOW, int(version)), "state")
    known = [entry["id"] for entry in states if entry["machine"] == field.machine]
    if state not in known:
        raise Invalid("unknown_state", f"The machine {field.machine} has {', '.join(known)}, not {state!r}.")


def _follows(session: Session, wanted: Wanted, value: Value) -> tuple[tuple[Follows, ...], str | None]:
    name = quote_of(wanted.record, wanted.key)
    if name is None:
        return (), None
    quote = quotes.quote(session, name)
    if quote is None:
        raise NotFound("unknown_quote", f"There is no quote {name!r}.", quote=name)
    if wanted.record == "quote":
        return (), None
    book = artifacts.price_book(session, PRICING, quote.price_version)
    line = int(read_key(wanted.record, wanted.key)[1])
    return repriced(book, quote, line, wanted.field, int(value)), quote.currency


def _downstream(session: Session, record: str, key: str) -> dict[str, Downstream]:
    """What rests on a record, by kind; kinds of which there is none are left out."""
    found = {"requests": _named(requests_on(session, record, key))}
    if quote := quote_of(record, key):
        found["orders"] = _of(session, col(OrderRow.id), col(OrderRow.quote) == quote)
        found["contracts"] = _of(session, col(ContractRow.id), col(ContractRow.quote) == quote)
    if (names := SUBSCRIPTION_OF.get(record)) is not None:
        found["subscriptions"] = _of(session, col(SubscriptionRow.id), col(names) == read_key(record, key)[0])
    return {kind: some for kind, some in found.items() if some.count}


def _of(session: Session, ids: Any, holds: ColumnElement[bool]) -> Downstream:
    some = session.execute(select(ids).where(holds).order_by(ids).limit(MOST_NAMED)).scalars()
    count = session.execute(select(func.count()).where(holds)).scalar_one()
    return Downstream(count=count, ids=tuple(some))


def _named(ids: Sequence[str]) -> Downstream:
    return Downstream(count=len(ids), ids=tuple(ids[:MOST_NAMED]))


def requests_on(session: Session, record: str, key: str) -> list[str]:
    """The ids of open requests that rest on a record, or on the quote that it belongs to."""
    subject = _subject(record, key)
    found = open_requests(session, quote_approvals.KIND, KIND)
    return [row.id for row, content in found if _asks_about(row.kind, content) == subject]


def open_requests(session: Session, *kinds: str) -> list[tuple[RequestRow, Mapping[str, Any]]]:
    """Open requests of these kinds, with what they ask, by id."""
    waiting = select(RequestRow).where(col(RequestRow.kind).in_(kinds), col(RequestRow.closed).is_(False))
    return [(row, parse(row.content)) for row in session.execute(waiting.order_by(col(RequestRow.id))).scalars()]


def _asks_about(kind: str, content: Mapping[str, Any]) -> tuple[str, str]:
    return _subject(content["record"], content["key"]) if kind == KIND else ("quote", content["quote"])


def _subject(record: str, key: str) -> tuple[str, str]:
    quote = quote_of(record, key)
    return ("quote", quote) if quote else (record, key)


def keys(content: Mapping[str, Any]) -> tuple[tuple[type[SQLModel], Any], ...]:
    """The record that is to be corrected."""
    return rows(content["record"], content["key"])


def inputs(session: Session, content: Mapping[str, Any]) -> dict[str, str]:
    """`original`: the field and all that would follow as they are now, so that what moved is asked about anew."""
    return {"original": digest([[*figure, current(session, *figure)] for figure in _figures(content)])}


def stands(session: Session, content: Mapping[str, Any]) -> bool:
    """Whether a correction still finds what was shown when it was asked for."""
    itself, *following = _figures(content)
    if str(current(session, *itself)) != content["original"]:
        return False
    befores = [one["before"] for one in content["follows"]]
    return [current(session, *figure) for figure in following] == befores


def blocks(session: Session, content: Mapping[str, Any]) -> tuple[str, ...]:
    """`original_moved`: what was shown when it was asked for is not what is there now."""
    return () if stands(session, content) else ("original_moved",)


def _figures(content: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Record, key and field of what is corrected, then of all that follows."""
    return [(one["record"], one["key"], one["field"]) for one in (content, *content["follows"])]


def at_stake(content: Mapping[str, Any]) -> dict[str, int]:
    """By how much the total of the quote moves, minor units; nothing where no total follows."""
    totals = [abs(one["after"] - one["before"]) for one in content["follows"] if one["field"] == "total_minor"]
    return {content["currency"]: sum(totals)} if totals else {}


def applied(session: Session, record: str | None, key: str | None, most: int) -> list[CorrectionRow]:
    """Corrections that were applied, latest first. key: the record's; that of a quote finds its lines too."""
    query = select(CorrectionRow).order_by(col(CorrectionRow.applied_at).desc(), col(CorrectionRow.request).desc())
    if record:
        query = query.where(col(CorrectionRow.record) == record)
    if key:
        within = col(CorrectionRow.key).startswith(f"{key}/", autoescape=True)
        query = query.where(or_(col(CorrectionRow.key) == key, within))
    return list(session.execute(query.limit(most)).scalars())
