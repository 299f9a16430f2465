"""Collecting the evidence of a change: every stored byte that shows why it was allowed and what it did (R-24.2).

Stored bytes go in as they are, so that their digests are those that people decided on; rows go in as canonical JSON.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, SQLModel, col

from domain.approval import Plan
from domain.artifact import content_document, invert
from domain.canonical import canonical, parse
from domain.change import CLOSED, ChangeContent
from domain.errors import NotFound
from domain.evidence import ATTEMPTS, CHAIN, HISTORY, Manifest, listing, policy_path, settled
from domain.kinds import kind_of, kind_of_artifact
from queries.changes import change_view, timeline
from queries.report import change_report
from store import artifacts, audit, changes
from store.evidence import seal
from store.files import FileStore
from store.signing import CryptoSigner
from store.tables.approval import (
    CommentRow,
    DecisionRow,
    FiredTimerRow,
    ParticipationRow,
    RecallRow,
    RemarkRow,
    RemarkTextRow,
)
from store.tables.artifact import ActivationRow, VersionRow
from store.tables.change import CaseRow, ChangeRow, EvidenceRow, RevisionRow
from store.tables.emergency import MeetingRow
from store.tables.installation import InstallationRow
from store.tables.release import DeliveryRow, PlannedActivationRow

README = """Evidence of one change: report.pdf is for reading, the other files are what it was made from.

  mandate evidence verify FILE --key PUBLIC.pem

needs this archive and the public key of the installation, and no connection to anything. The key has to reach you by
another way than this archive.
"""


def change_package(session: Session, store: FileStore, change: str, now: datetime, key: CryptoSigner) -> bytes:
    """The sealed package of a change: the same facts give the same bytes. Raises NotFound("unknown_change_request")."""
    files = change_files(session, store, change)
    view, records = change_view(session, change, now), timeline(session, change)
    files["report.pdf"] = change_report(view, records, manifest(session, files, change))
    files["README.txt"] = README.encode()
    return seal(manifest(session, files, change), files, key)


def change_files(session: Session, store: FileStore, change: str) -> dict[str, bytes]:
    """The files of a change's package by path, without the report. Raises NotFound("unknown_change_request")."""
    row = changes.change(session, change)
    revisions = _rows(session, RevisionRow, RevisionRow.change, change)
    evidence = _rows(session, EvidenceRow, EvidenceRow.change, change)
    content = changes.content_of(max(revisions, key=lambda found: found.number).content)
    return {
        "change.json": _json(row),
        **{f"revisions/{found.number}.json": found.content for found in revisions},
        **dict(_evidence(store, evidence)),
        "decisions.json": canonical(_decisions(session, change)),
        "recalls.json": canonical([settled(_plain(row)) for row in _of_decisions(session, RecallRow, change)]),
        "participation.json": _json(*_rows(session, ParticipationRow, ParticipationRow.subject, change)),
        "remarks.json": canonical(_remarks(session, change)),
        "timers.json": _json(*_rows(session, FiredTimerRow, FiredTimerRow.subject, change)),
        **dict(_policies(session, evidence)),
        "release.json": canonical(_release(session, change)),
        "rollback.json": canonical(_rollback(content)),
        "board.json": _json(*_rows(session, MeetingRow, MeetingRow.change, change)),
        "cases.json": _json(*_rows(session, CaseRow, CaseRow.subject, change)),
        CHAIN: canonical([settled(found) for found in audit.links(session, change)]),
        ATTEMPTS: canonical([settled(found) for found in audit.attempts(session, change)]),
    }


def manifest(session: Session, files: Mapping[str, bytes], change: str) -> Manifest:
    """The manifest of these files, as of the last record of the change's chain."""
    last = parse(files[CHAIN])[-1]
    return Manifest(
        installation=session.execute(select(col(InstallationRow.id))).scalar_one(),
        subject=change,
        as_of=last["at"],
        sequence=last["sequence"],
        head=last["digest"],
        files=listing(files),
        absent=_absent(changes.change(session, change), files),
    )


def _absent(row: ChangeRow, files: Mapping[str, bytes]) -> dict[str, str]:
    """What a whole package would have and this one lacks, with the reason."""
    if HISTORY in files:
        return {}
    if row.state not in CLOSED:
        return {HISTORY: "The workflow is still open; its history is kept when it closes."}
    kept = any(path.startswith("evidence/") and "-history-" in path for path in files)
    reason = "Temporal no longer had it." if kept else "It has not been taken from Temporal yet."
    return {HISTORY: f"The workflow has closed. {reason}"}


def _evidence(store: FileStore, rows: Iterable[EvidenceRow]) -> Iterator[tuple[str, bytes]]:
    """Evidence as stored, and the long lists that it names by digest."""
    for row in rows:
        yield f"evidence/{row.revision}-{row.control}-{row.number}.json", row.body
        if row.file is None:
            continue
        name = HISTORY if row.control == changes.HISTORY else f"files/{row.file.removeprefix('sha256:')}.json"
        try:
            yield name, store.get(row.file)
        except NotFound:
            continue


def _decisions(session: Session, change: str) -> list[dict[str, Any]]:
    """Decisions with the digests that each person saw, and their comments with the salts unless erased."""
    comments = {
        row.decision: {"salt": row.salt, "text": row.text} for row in _of_decisions(session, CommentRow, change)
    }
    rows = _rows(session, DecisionRow, DecisionRow.subject, change)
    return [
        {**settled(_plain(row) | {"inputs": parse(row.inputs)}), "comment": comments.get(row.id)}
        for row in sorted(rows, key=lambda found: (found.decided_at, found.id))
    ]


def _of_decisions(session: Session, table: Any, change: str) -> list[Any]:
    """The rows that belong to decisions on a change."""
    said = select(col(DecisionRow.id)).where(col(DecisionRow.subject) == change)
    return list(
        session.execute(select(table).where(col(table.decision).in_(said)).order_by(col(table.decision))).scalars()
    )


def _remarks(session: Session, change: str) -> list[dict[str, Any]]:
    """Comments and questions with their texts and salts unless erased."""
    rows = _rows(session, RemarkRow, RemarkRow.subject, change)
    texts = select(RemarkTextRow).where(col(RemarkTextRow.remark).in_([row.id for row in rows]))
    found = {row.remark: {"salt": row.salt, "text": row.text} for row in session.execute(texts).scalars()}
    return [{**settled(_plain(row)), "text": found.get(row.id)} for row in sorted(rows, key=lambda row: row.said_at)]


def _policies(session: Session, evidence: Iterable[EvidenceRow]) -> Iterator[tuple[str, bytes]]:
    """The content of every policy version that made a plan of the change."""
    plans = [Plan.model_validate_json(row.body) for row in evidence if row.control == changes.PLAN]
    for policy, number in sorted({(plan.policy, plan.policy_version) for plan in plans}):
        content = artifacts.content(session, policy, number)
        schema = kind_of_artifact(policy).schema
        yield policy_path(policy, number), canonical(content_document(schema, content))


def _release(session: Session, change: str) -> dict[str, Any]:
    """What was planned, published, activated and delivered."""
    versions = _rows(session, VersionRow, VersionRow.change, change)
    return {
        "planned": [
            settled(_plain(row)) for row in _rows(session, PlannedActivationRow, PlannedActivationRow.change, change)
        ],
        "versions": [
            settled(_plain(row, without=("content",)) | {"operations": parse(row.operations)}) for row in versions
        ],
        "activations": [settled(_plain(row)) for row in _rows(session, ActivationRow, ActivationRow.change, change)],
        "deliveries": [settled(_plain(row)) for row in _rows(session, DeliveryRow, DeliveryRow.change, change)],
    }


def _rollback(content: ChangeContent) -> dict[str, Any]:
    """How the change is taken back: strategy, requirement, and the exact operations (R-13.1)."""
    return {
        "strategy": kind_of(content.kind).rollback,
        "requirement": content.rollback.requirement,
        "operations": {part.artifact: [settled(op) for op in invert(part.operations)] for part in content.parts},
    }


def _rows(session: Session, table: type[SQLModel], column: Any, value: str) -> list[Any]:
    keys = list(table.__table__.primary_key)  # type: ignore[attr-defined]
    return list(session.execute(select(table).where(col(column) == value).order_by(*keys)).scalars())


def _plain(row: SQLModel, without: tuple[str, ...] = ()) -> dict[str, Any]:
    return {name: value for name, value in row.model_dump().items() if name not in without}


def _json(*rows: SQLModel) -> bytes:
    return canonical([settled(_plain(row)) for row in rows])
