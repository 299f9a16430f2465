"""Impact analysis: from the operations of a change to everything in open business that uses what moves (chapter 5).

Few lines are found by the where-used index in the live records. Where so many come into question that reading them all
is quicker, a snapshot is scanned, and what moved since it was taken is read from the live records. Both ways give the
same impact; which one it was, and why, is kept beside it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from sqlmodel import Session

from analysis import impact_answers
from analysis.engine import STALE, USUAL, Limits
from analysis.hits import Hits, added, hits_of, merged
from analysis.impact_scan import Question, scan
from domain.artifact import EVERYWHERE, Part
from domain.errors import MandateError, Unavailable
from domain.impact import Answer, Found, Impact, Provenance
from domain.kinds import kind_of_artifact
from domain.kinds.kind import Touched, nothing_further
from domain.quote import Quote, QuoteLine
from domain.snapshot import Snapshot
from domain.touched import WORDS, Touching, day_of, names_of, touching, within
from store import artifacts, snapshots
from store.documents import DOCUMENTS, PINNED, Period, by_index, ids_since, lines_of, moved_since
from store.files import FileStore
from store.snapshots import SnapshotFiles

WIDE = 20_000
"""Lines from which on a scan is quicker than the index: the index costs a look-up each, the scan a pass over all."""
FEW = 200
"""Offerings up to which the index is asked at once; for more of them it is first asked how many lines they have."""
MOST_MOVED = 20_000
"""Documents moved since the snapshot up to which they are read one by one; with more it is brought up to now first."""
RENEWAL_DAYS = 90


class TakesLonger(MandateError):
    """The question is so wide that it takes longer than its caller has: a step with more time has to ask it."""


class Effort(Enum):
    """What a wide question may cost.

    USUAL: it is answered with what there is. BRIEF: it is left to a step with more time. THOROUGH: it is answered on a
    snapshot, so that it stays within its memory; where there is none, one has to be taken first.
    """

    USUAL = auto()
    BRIEF = auto()
    THOROUGH = auto()


@dataclass(frozen=True)
class Sources:
    """What an analysis works with: live records, the file store, business time, and snapshots where there are any."""

    session: Session
    files: FileStore
    now: datetime
    snapshots: SnapshotFiles | None = None
    limits: Limits = USUAL
    effort: Effort = Effort.USUAL


def touched_by(parts: Iterable[Part]) -> tuple[Touched, ...]:
    """What the operations of a change move in the business, each once, ordered."""
    found = {
        touched for part in parts for op in part.operations for touched in kind_of_artifact(part.artifact).touched(op)
    }
    return _ordered(found)


def reached_by(session: Session, parts: Iterable[Part]) -> tuple[Touched, ...]:
    """What the operations of a change move through other entries of their artifact, each once, ordered."""
    found = set[Touched]()
    for part in parts:
        kind = kind_of_artifact(part.artifact)
        if kind.reached is not nothing_further:
            live = artifacts.content(session, part.artifact, artifacts.latest(session, part.artifact))
            content = {**live, **{op.entry: op.after for op in part.operations if op.after is not None}}
            found |= {touched for op in part.operations for touched in kind.reached(op, content)}
    return _ordered(found)


def _ordered(found: Iterable[Touched]) -> tuple[Touched, ...]:
    return tuple(sorted(found, key=names_of))


def uses(quote: Quote, line: QuoteLine, touched: Touched) -> bool:
    """Whether a line of a quote uses what is touched."""
    placed = (line.offering, line.selling_model, quote.market, quote.channel, quote.currency)
    words = (*placed, quote.customer, quote.segment)
    same = all(getattr(touched, name) in (EVERYWHERE, actual) for name, actual in zip(WORDS, words, strict=True))
    return same and within(touched.period, day_of(quote.created_at))


def find(sources: Sources, parts: Sequence[Part]) -> Found:
    """The impact of a change now, and how it was found. Lists of documents go to the file store.

    Raises Unavailable("snapshot_stale") for a wide change when too much moved since the snapshot or, with effort, when
    there is none; TakesLonger for a wide change that was to be found briefly.
    """
    touched = touched_by(parts)
    hits, provenance = find_documents(sources, touching((*touched, *reached_by(sources.session, parts))))
    if not touched:
        hits = _asked(hits, parts)
    quotes = hits["quote"]
    documents = [_answer(sources.files, asked.name, kind, hits[kind]) for asked, kind in impact_answers.DOCUMENTS]
    impact = Impact(
        artifacts=tuple(sorted({part.artifact for part in parts})),
        offerings=tuple(sorted({item.offering for item in touched})),
        quotes=len(quotes.document),
        lines=sum(quotes.lines),
        value=documents[0].value,
        by_market=quotes.places(),
        quotes_file=documents[0].file or sources.files.put(quotes.file()),
        answers=(*documents, *impact_answers.of_content(sources.session, sources.files, parts, touched, sources.now)),
        renewals=_answer(sources.files, "renewals", "contract", hits["contract"]),
        faults=added(*(hits[document.kind].all_faults() for document in DOCUMENTS)),
    )
    return Found(impact=impact, provenance=provenance)


def _asked(hits: Mapping[str, Hits], parts: Sequence[Part]) -> dict[str, Hits]:
    """Only the documents that the kinds of the change ask about: what names no offering moves no others."""
    questions = {question for part in parts for question in kind_of_artifact(part.artifact).questions}
    wanted = {kind for question, kind in impact_answers.DOCUMENTS if question in questions}
    return {kind: found if kind in wanted else Hits() for kind, found in hits.items()}


def find_documents(sources: Sources, wanted: Touching) -> tuple[Mapping[str, Hits], Provenance]:
    """The affected documents of each kind, by index or by scan, and which way and why."""
    nothing = {document.kind: Hits() for document in DOCUMENTS}
    if not wanted.groups:
        return nothing, _by_index(sources, "The change touches nothing that documents use.")
    snapshot, expected = _expected(sources, wanted)
    if snapshot is not None and expected > WIDE:
        _with_time(sources)
        return _scanned(sources, snapshot, wanted, f"At least {expected:,} lines come into question")
    found = _indexed(sources, wanted, WIDE)
    if found is not None:
        lines = sum(sum(hits.lines) for hits in found.values())
        return found, _by_index(sources, f"{lines:,} lines use what is touched; the index finds them one by one.")
    snapshot = snapshot or _snapshot(sources)
    if snapshot is None and sources.effort is Effort.THOROUGH and sources.snapshots is not None:
        raise Unavailable(STALE, "There is no snapshot yet; it is taken first.")
    _with_time(sources)
    if snapshot is not None:
        return _scanned(sources, snapshot, wanted, f"More than {WIDE:,} lines come into question")
    whole = _indexed(sources, wanted, None)
    assert whole is not None
    return whole, _by_index(sources, f"More than {WIDE:,} lines come into question, but there is no snapshot to scan.")


def _with_time(sources: Sources) -> None:
    if sources.effort is Effort.BRIEF:
        raise TakesLonger("takes_longer", "So many lines come into question that a step with more time finds them.")


def _expected(sources: Sources, wanted: Touching) -> tuple[Snapshot | None, int]:
    """The snapshot to scan and the lines to expect; for few offerings neither, so that nothing is read in vain."""
    offerings = wanted.wanted.get("offering")
    if offerings is not None and len(offerings) <= FEW:
        return None, 0
    snapshot = _snapshot(sources)
    if snapshot is None:
        return None, 0
    if offerings is None:
        return snapshot, snapshot.rows("quote_line")
    return snapshot, lines_of(sources.session, offerings, WIDE + 1)


def _snapshot(sources: Sources) -> Snapshot | None:
    return None if sources.snapshots is None else snapshots.latest(sources.session)


def _indexed(sources: Sources, wanted: Touching, most: int | None) -> dict[str, Hits] | None:
    """By the index; None where documents have more lines than `most`."""
    named = dict(wanted.wanted)
    if "offering" in named:
        named["used"] = named.pop("offering")
    at_most = None if most is None else most + 1
    found = by_index(sources.session, named, _renewing(sources.now), at_most, wanted.further)
    if most is not None and sum(len(rows) for rows in found.values()) > most:
        return None
    asked = {document.kind: wanted.without(*document.unknown) for document in DOCUMENTS}
    return {kind: hits_of(rows, asked[kind], chosen=True) for kind, rows in found.items()}


def _by_index(sources: Sources, because: str) -> Provenance:
    return Provenance(way="index", because=because, at=sources.now.isoformat())


def _scanned(sources: Sources, snapshot: Snapshot, wanted: Touching, why: str) -> tuple[Mapping[str, Hits], Provenance]:
    assert sources.snapshots is not None
    session, renewing = sources.session, _renewing(sources.now)
    moved, live = {}, {}
    for document in DOCUMENTS:
        ids = ids_since(session, document, snapshot.below, MOST_MOVED + 1)
        if len(ids) > MOST_MOVED:
            raise Unavailable(STALE, "Too much has moved since the snapshot was taken; it is brought up to now first.")
        rows = moved_since(session, document, snapshot.below, renewing)
        live[document.kind] = hits_of(rows, wanted.without(*document.unknown), chosen=False)
        # One that moved between the two statements was read as it is now, so the scan must leave it out.
        moved[document.kind] = sorted(ids | {row.document for row in rows})
    found = scan(snapshot, sources.snapshots, sources.limits, wanted, _question(sources), moved)
    hits = {kind: merged(found.hits[kind], live[kind]) for kind in live}
    since = sum(len(ids) for ids in moved.values())
    return hits, Provenance(
        way="scan",
        because=f"{why}; a scan of the snapshot is quicker than the index.",
        at=sources.now.isoformat(),
        snapshot=snapshot.digest,
        snapshot_at=snapshot.at,
        moved_since=since,
        sql=sources.files.put(found.sql.encode()),
    )


def _question(sources: Sources) -> Question:
    known = artifacts.latest_numbers(sources.session, *PINNED.values())
    latest = {column: known[artifact] for column, artifact in PINNED.items() if artifact in known}
    return Question(latest, _renewing(sources.now))


def _renewing(now: datetime) -> Period:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight, midnight + timedelta(days=RENEWAL_DAYS)


def _answer(files: FileStore, name: str, kind: str, hits: Hits) -> Answer:
    """An answer about documents, with the complete list in the file store."""
    return Answer(
        name=name.lower(),
        count=len(hits.document),
        source=impact_answers.SOURCES[kind],
        value=hits.money(),
        file=files.put(hits.file()) if hits.document else None,
        examples=tuple(hits.document[: impact_answers.EXAMPLES]),
    )
