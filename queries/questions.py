"""Questions that an auditor asks about a price or a change, answered from records with citations (R-24.3)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import desc, select
from sqlmodel import Session, col

from domain.approval import Plan, gate
from domain.canonical import parse
from domain.errors import Invalid, NotFound
from domain.model import Model
from domain.money import amount, exponent, unit_price
from domain.pricing import Step, line_fault, price_line
from domain.quote import Quote, QuoteLine
from store import artifacts, changes
from store.directory import names
from store.quotes import quote
from store.tables.approval import DecisionRow
from store.tables.artifact import ActivationRow, VersionRow
from store.tables.audit import AuditRow
from store.tables.change import CaseRow
from store.tables.release import DeliveryRow

PRICING, CATALOG = "pricing/standard", "catalog/standard"


class Citation(Model):
    """Where a statement stands: kind of record, its id, and its digest where it has one."""

    record: str
    id: str
    digest: str = ""


class Answer(Model):
    """The answer to a question in sentences, and the records on which they rest."""

    question: str
    subject: str
    sentences: tuple[str, ...]
    citations: tuple[Citation, ...]


Found = tuple[list[str], list[Citation]]


@dataclass(frozen=True)
class Question:
    """A question, the kind of id that it is asked about (`change`, `quote`, `quote line`), and how it is answered."""

    title: str
    about: str
    answer: Callable[[Session, str, datetime], Found]


def ask(session: Session, name: str, subject: str, now: datetime) -> Answer:
    """Answer a question. Raises NotFound("unknown_question") and NotFound for a record that is not there."""
    if name not in QUESTIONS:
        raise NotFound("unknown_question", f"{name!r} is not a question.", questions=list(QUESTIONS))
    question = QUESTIONS[name]
    sentences, citations = question.answer(session, subject, now)
    return Answer(question=question.title, subject=subject, sentences=tuple(sentences), citations=tuple(citations))


def _who_approved(session: Session, change: str, now: datetime) -> Found:
    row = changes.change(session, change)
    facts = changes.approval_facts(session, row, now)
    counted = set(gate(facts).counted)
    people = names(session, {decision.person for decision in facts.decisions})
    records = _records(session, change, "change.decided")
    sentences = [
        f"{people[d.person]} said {d.choice.replace('_', ' ')} in the stage {d.stage} on revision {d.revision} at "
        f"{d.at:%Y-%m-%d %H:%M} UTC; it {'counts' if d.id in counted else 'does not count now'}."
        for d in facts.decisions
    ]
    roots = dict(_roots(session, change))
    citations = [Citation(record="decision", id=d.id, digest=roots[d.id]) for d in facts.decisions]
    return sentences or [f"Nobody has decided on {change}."], [*citations, *records]


def _roots(session: Session, change: str) -> Iterable[tuple[str, str]]:
    query = select(col(DecisionRow.id), col(DecisionRow.root)).where(col(DecisionRow.subject) == change)
    return (tuple(row) for row in session.execute(query))


def _which_policy(session: Session, change: str, now: datetime) -> Found:
    row = changes.change(session, change)
    stored = changes.evidence(session, change, row.revision, changes.PLAN)
    plan = changes.evidence_model(stored, Plan)
    if stored is None or plan is None:
        return [f"No plan has been made for revision {row.revision} of {change}."], []
    digest = artifacts.digests(session, {plan.policy: plan.policy_version})[plan.policy]
    sentence = (
        f"{plan.policy} version {plan.policy_version} applied to revision {row.revision}: tier {plan.tier} because of "
        f"{'; '.join(plan.reasons)}."
    )
    policy = Citation(record="artifact version", id=f"{plan.policy}/{plan.policy_version}", digest=digest)
    return [sentence], [Citation(record="plan", id=stored.id, digest=stored.digest), policy]


def _which_target(session: Session, change: str, now: datetime) -> Found:
    changes.change(session, change)
    query = select(DeliveryRow).where(col(DeliveryRow.change) == change).order_by(col(DeliveryRow.market))
    rows = list(session.execute(query).scalars())
    sentences = [
        f"{row.target} got {row.artifact} version {row.version} for {row.market}: {row.state} as of "
        f"{row.updated_at:%Y-%m-%d %H:%M} UTC after {row.attempts} {'attempt' if row.attempts == 1 else 'attempts'}."
        for row in rows
    ]
    nothing = [f"Nothing of {change} was handed to a downstream system."]
    return sentences or nothing, _records(session, change, "change.delivered")


def _remediated(session: Session, change: str, now: datetime) -> Found:
    changes.change(session, change)
    query = select(CaseRow).where(col(CaseRow.subject) == change).order_by(col(CaseRow.opened_at))
    rows = list(session.execute(query).scalars())
    sentences = [
        f"{row.step.replace('_', ' ')} stopped at {row.opened_at:%Y-%m-%d %H:%M} UTC ({row.code}): "
        + (f"went on at {row.closed_at:%Y-%m-%d %H:%M} UTC, {row.resolution}." if row.closed_at else "still open.")
        for row in rows
    ]
    return sentences or [f"Nothing of {change} ever stopped."], [Citation(record="case", id=row.id) for row in rows]


def _which_catalog(session: Session, quote_id: str, now: datetime) -> Found:
    found = _quote(session, quote_id)
    named = ((CATALOG, found.catalog_version), (PRICING, found.price_version))
    pinned = {artifact: number for artifact, number in named if number is not None}
    digests = artifacts.digests(session, pinned)
    pins = " and ".join(f"{artifact} version {number}" for artifact, number in pinned.items()) or "nothing readable"
    sentence = f"{quote_id} is pinned to {pins}."
    return [sentence], [
        Citation(record="artifact version", id=f"{name}/{number}", digest=digests[name])
        for name, number in pinned.items()
    ]


def _why_price(session: Session, line_id: str, now: datetime) -> Found:
    quote_id, _, number = line_id.rpartition("/")
    found = _quote(session, quote_id)
    line = next((line for line in found.lines if str(line.line) == number), None)
    if line is None:
        raise NotFound("unknown_quote_line", f"There is no quote line {line_id!r}; name one as QUOTE/LINE.")
    book = artifacts.price_book(session, PRICING, found.price_version)
    if fault := line_fault(found, line, book):
        return [f"Nobody can price {line_id}: its {fault} is out of range."], []
    priced = price_line(book, found, line)
    if priced is None:
        return [f"Price book version {found.price_version}, to which {quote_id} is pinned, has no price for it."], []
    sentences = [_offer(found, line), *(_step(step, found.currency) for step in priced.trace)]
    assert found.price_version is not None
    version = _written_by(session, priced.entry, found.price_version)
    sentences.append(f"The entry was written by {version.change} in version {version.number} of {PRICING}.")
    approvals, cited = _approvals(session, version.change, now)
    activations = session.execute(select(ActivationRow).where(col(ActivationRow.change) == version.change)).scalars()
    return [*sentences, *approvals], [
        Citation(record="artifact version", id=f"{PRICING}/{version.number}", digest=version.digest),
        *(Citation(record="activation", id=row.id) for row in activations),
        *cited,
    ]


def _offer(found: Quote, line: QuoteLine) -> str:
    net, unit = "an unreadable amount", "an unreadable price"
    if line.net_minor is not None:
        net = f"{amount(line.net_minor, found.currency):,} {found.currency}"
    if line.unit_price_micros is not None:
        unit = _unit(line.unit_price_micros, found.currency)
    return f"{found.id} offers {line.quantity} of {line.offering} ({line.selling_model}) at {unit}, {net} in all."


def _step(step: Step, currency: str) -> str:
    """`discount of 250 basis points: from 41.9 EUR to 40.8525 EUR for each unit.`"""
    after = _shown(step.after, step.per, currency)
    if step.per == "net":
        return f"{step.quantity} times that, rounded by the rule of {currency}: {after}."
    points = f" of {step.points} basis points" if step.points else ""
    start = f"{step.rule}{points}{f' by {step.entry}' if step.entry else ''}"
    before = "" if step.before is None else f"from {_shown(step.before, step.per, currency)} to "
    return f"{start}: {before}{after} for {'each unit' if step.per == 'unit' else 'the line'}."


def _shown(value: int, per: str, currency: str) -> str:
    return f"{amount(value, currency):,} {currency}" if per == "net" else _unit(value, currency)


def _unit(micros: int, currency: str) -> str:
    """A unit price with the decimals of its currency, or with all that it has: `46.60 CHF`, `0.000125 EUR`."""
    price = unit_price(micros).normalize()
    places = max(exponent(currency), -int(price.as_tuple().exponent))
    return f"{price:.{places}f} {currency}"


def _approvals(session: Session, change: str, now: datetime) -> Found:
    """Who approved a change; what was imported into an empty store was approved by nobody."""
    if imported := _records(session, change, "import.published"):
        return [f"{change} is an import into an empty store, which needs no approval."], imported
    return _who_approved(session, change, now)


def _written_by(session: Session, entry: str, until: int) -> VersionRow:
    """The latest version up to `until` whose operations wrote an entry."""
    query = select(VersionRow).where(col(VersionRow.artifact) == PRICING, col(VersionRow.number) <= until)
    row: VersionRow
    for row in session.execute(query.order_by(desc(col(VersionRow.number)))).scalars():
        if any(operation["entry"] == entry for operation in parse(row.operations)):
            return row
    raise Invalid("entry_without_version", f"No version of {PRICING} wrote {entry}.")


def _quote(session: Session, quote_id: str) -> Quote:
    found = quote(session, quote_id)
    if found is None:
        raise NotFound("unknown_quote", f"There is no quote {quote_id!r}.", quote=quote_id)
    return found


def _records(session: Session, subject: str, action: str) -> list[Citation]:
    query = select(AuditRow).where(col(AuditRow.subject) == subject, col(AuditRow.action) == action)
    rows = session.execute(query.order_by(col(AuditRow.sequence))).scalars()
    return [Citation(record="audit record", id=f"{row.subject}#{row.sequence}", digest=row.digest) for row in rows]


QUESTIONS: Mapping[str, Question] = {
    "why-price": Question("Why was this price offered?", "quote line", _why_price),
    "who-approved": Question("Who approved this change?", "change", _who_approved),
    "which-policy": Question("Which policy version applied?", "change", _which_policy),
    "which-catalog": Question("Which catalog and price book version applies?", "quote", _which_catalog),
    "which-target": Question("Which downstream system got the handoff?", "change", _which_target),
    "remediated": Question("Was what went wrong put right?", "change", _remediated),
}
