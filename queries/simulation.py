"""Reading simulations: one run again, several changes together, one quote old against new (R-6.4, R-6.6)."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session

from analysis.assessment import Wide, build_subject, contents_at, on_todays_quotes, subject_of
from analysis.columns import partition_of
from analysis.engine import engine
from analysis.simulation import quotes_of, simulate_few, simulate_many
from analysis.simulation_engine import load_quotes, open_records
from analysis.simulation_scenes import kept_scenes, nothing
from analysis.simulation_subject import Subject
from domain.artifact import Part, difference
from domain.change import CLOSED, ChangeContent, ChangeState
from domain.errors import Conflict, Invalid, NotFound
from domain.model import Model
from domain.pricing import Priced, line_fault, price_line
from domain.quote import Quote, QuoteLine
from domain.simulation import EDITION, MARGINS_SINCE, Simulation
from store import artifacts, changes, quotes
from store.files import FileStore
from store.snapshots import named
from store.tables.change import ChangeRow

MOST_TOGETHER = 20
LATER = frozenset(
    {
        *("edition", "scenes_file", "checks", "compared", "packs", "differences"),
        *("margin_delta", "margins_unknown", "largest_margins", "largest"),
    }
)
"""What an earlier edition of a simulation did not know, or knew less of."""


class Reproduction(Model):
    """A simulation run again from the versions and quotes that it ran on; same: digest, sums and checks agree.

    differing: the fields that do not agree; other_sql: whether another statement was run, as of another release: one
    that gives the same rows makes no difference.
    """

    change: str
    revision: int
    stored: str
    found: str
    same: bool
    differing: tuple[str, ...]
    versions: dict[str, int]
    snapshot: str
    seed: int
    other_sql: bool = False


class LineTrace(Model):
    """One affected line before and after, each with its steps; None where there is no price; fault: why nobody can."""

    line: QuoteLine
    old: Priced | None
    new: Priced | None
    fault: str = ""


class QuoteTrace(Model):
    """A quote old against new, as the simulation ran on it; as_now: as it is now, for what it ran on is not kept."""

    quote: Quote
    lines: tuple[LineTrace, ...]
    as_now: bool = False


class Today(Model):
    """What a change would do to the quotes of today; on_live: to what is live now, else to what was live then."""

    change: str
    on_live: bool
    simulation: Simulation


def reproduce(session: Session, files: FileStore, change: str, wide: Wide) -> Reproduction:
    """Run the latest simulation of a change again. Raises NotFound("not_simulated", "unknown_snapshot")."""
    found, subject, data = _simulated(session, files, change)
    look = kept_scenes(files.get(found.scenes_file)) if found.scenes_file else nothing
    if found.snapshot:
        snapshot = named(session, found.snapshot)
        again = simulate_many(subject, snapshot, wide.snapshots, wide.limits, files.unkept(), look=look)
    else:
        again = simulate_few(subject, quotes_of(data), files.unkept(), look)
    before, after = (_comparable(result, found.edition) for result in (found, again))
    differing = tuple(name for name in before if before[name] != after[name])
    return Reproduction(
        change=change,
        revision=changes.change(session, change).revision,
        stored=found.digest,
        found=again.digest,
        same=not differing,
        differing=differing,
        versions=dict(found.versions),
        snapshot=found.snapshot,
        seed=found.seed,
        other_sql=found.sql != again.sql,
    )


def stored(session: Session, change: str) -> Simulation:
    """The simulation that a change is decided on. Raises NotFound("not_simulated")."""
    return _stored(session, changes.change(session, change))[0]


def _comparable(result: Simulation, edition: int) -> dict[str, Any]:
    """What two runs must agree in; an earlier edition knew fewer checks, packs and differences, and no sums of margins.

    The bytes of a file of cases depend on the library that wrote it, and the text of the statement on the release; the
    rows that they hold and give are what the digest is of.
    """
    found = result.model_dump(exclude={"cases_file", "sql", *(LATER if edition < EDITION else ())})
    if edition < MARGINS_SINCE:
        for share in found["shares"]:
            del share["margin"]
    return found


def _simulated(session: Session, files: FileStore, change: str) -> tuple[Simulation, Subject, bytes]:
    """The latest simulation of a change, what was simulated, and the file of its cases."""
    row = changes.change(session, change)
    found, file = _stored(session, row)
    content = changes.content(session, change, row.revision)
    subject = build_subject(contents_at(session, found.versions), found.versions, content.parts)
    return found, subject, files.get(file)


def _stored(session: Session, row: ChangeRow) -> tuple[Simulation, str]:
    """The latest simulation of a change and the digest of its file of cases."""
    evidence = changes.evidence(session, row.id, row.revision, changes.SIMULATION)
    found = changes.evidence_model(evidence, Simulation)
    if found is None or evidence is None or evidence.file is None:
        raise NotFound("not_simulated", f"{row.id} has not been simulated yet.", change=row.id)
    return found, evidence.file


def combined(session: Session, files: FileStore, ids: Sequence[str], wide: Wide | None = None) -> Simulation:
    """Open changes together on what is live: what they do to every quote that any of them affects (R-4.5, R-6.6).

    Raises Invalid("nothing_to_combine"), Conflict("change_closed", "entries_moved"), NotFound.
    """
    wanted = list(dict.fromkeys(ids))
    if not 1 <= len(wanted) <= MOST_TOGETHER:
        raise Invalid("nothing_to_combine", f"Name one to {MOST_TOGETHER} open changes.", changes=wanted)
    contents = [_open(session, change) for change in wanted]
    parts = tuple(part for content in contents for part in content.parts)
    return on_todays_quotes(session, files.unkept(), subject_of(session, parts, tuple(wanted)), wide)


def today(session: Session, files: FileStore, change: str, wide: Wide | None = None) -> Today:
    """What a change would do to the quotes of today; its evidence stays as it is (R-6.6).

    It is put on what is live now; where its entries have moved since, or it is released, on the versions that it was
    simulated on. Raises NotFound("unknown_change_request"), Conflict("entries_moved") for one that never was simulated.
    """
    row = changes.change(session, change)
    parts = changes.content(session, change, row.revision).parts
    try:
        subject, on_live = subject_of(session, parts), True
    except Conflict:
        evidence = changes.evidence(session, change, row.revision, changes.SIMULATION)
        found = changes.evidence_model(evidence, Simulation)
        if found is None:
            raise
        subject, on_live = build_subject(contents_at(session, found.versions), found.versions, parts), False
    return Today(change=change, on_live=on_live, simulation=on_todays_quotes(session, files.unkept(), subject, wide))


def version_today(
    session: Session, files: FileStore, artifact: str, number: int, wide: Wide | None = None
) -> Simulation:
    """What it would do today if a version of an artifact were live instead of the latest one (R-6.6).

    Raises NotFound("unknown_artifact", "unknown_version").
    """
    base = artifacts.latest(session, artifact)
    wanted = artifacts.content(session, artifact, number)
    moved = difference(artifacts.content(session, artifact, base), wanted)
    part = Part(artifact=artifact, base=base, operations=moved)
    return on_todays_quotes(session, files.unkept(), subject_of(session, (part,)), wide)


def _open(session: Session, change: str) -> ChangeContent:
    row = changes.change(session, change)
    if ChangeState(row.state) in CLOSED:
        raise Conflict("change_closed", f"{change} is {row.state.replace('_', ' ')}.", change=change)
    return changes.content(session, change, row.revision)


def quote_trace(session: Session, files: FileStore, change: str, quote: str, wide: Wide) -> QuoteTrace:
    """The affected lines of a quote by both books of a change's simulation. Raises NotFound("unknown_quote")."""
    found, subject, data = _simulated(session, files, change)
    if found.snapshot:
        kept, as_now = _of_snapshot(session, found.snapshot, quote, wide)
    else:
        kept, as_now = next((q for q in quotes_of(data) if q.id == quote), None), False
    if kept is None:
        raise NotFound("unknown_quote", f"There is no quote {quote!r} that {change} affects.", quote=quote)
    lines = tuple(_line_trace(subject, kept, line) for line in subject.books.affected(kept))
    return QuoteTrace(quote=kept, lines=lines, as_now=as_now)


def _of_snapshot(session: Session, digest: str, quote: str, wide: Wide) -> tuple[Quote | None, bool]:
    """A quote as a snapshot holds it; where that is no longer kept, as it is now, and that it is so."""
    number = partition_of(quote)
    try:
        snapshot = named(session, digest)
    except NotFound:
        return quotes.quote(session, quote), True
    if not all(wide.snapshots.has(part.file) for part in snapshot.partitions if part.number == number):
        return quotes.quote(session, quote), True
    records = open_records(wide.snapshots, snapshot, (number,))
    if not records.quotes:
        return None, False
    with engine(wide.snapshots, wide.limits) as connection:
        return next(iter(load_quotes(connection, records, [quote])), None), False


def _line_trace(subject: Subject, quote: Quote, line: QuoteLine) -> LineTrace:
    books = (subject.books.old, subject.books.new)
    if fault := line_fault(quote, line, *books):
        return LineTrace(line=line, old=None, new=None, fault=fault)
    old, new = (price_line(book, quote, line) for book in books)
    return LineTrace(line=line, old=old, new=new)
