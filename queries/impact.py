"""Reading the impact of a change: the ten answers, their lists page by page or whole, and how it was found (R-5.1)."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from sqlmodel import Session

from analysis.graph import Graph, graph_of
from analysis.hits import NAMES
from domain.canonical import parse
from domain.errors import Invalid, NotFound
from domain.impact import Confirmation, Impact, Provenance
from domain.kinds import kind_of
from domain.kinds.kind import Question
from domain.model import Model
from store import changes
from store.files import FileStore

RENEWALS = "renewals"
Format = Literal["csv", "parquet"]


class Document(Model):
    """A document in a list: its value in minor units of its currency, and how many of its lines are affected."""

    document: str
    market: str
    currency: str
    value: int
    lines: int


class DocumentPage(Model):
    """A page of a list, how long the list is, and the cursor of the next page (None at the end)."""

    items: tuple[Document, ...]
    total: int
    next: str | None


class ImpactView(Model):
    """The impact of the current revision with its digest, how it was found, and what was found before the release.

    titles: the ten questions in words; asked: those that this kind of change has to be asked.
    """

    change: str
    revision: int
    digest: str
    impact: Impact
    provenance: Provenance | None
    confirmation: Confirmation | None
    titles: dict[str, str]
    asked: tuple[str, ...]


def impact_view(session: Session, change: str) -> ImpactView:
    """The impact as it was found. Raises NotFound("unknown_change_request", "not_assessed")."""
    row = changes.change(session, change)
    evidence = changes.latest_evidence(session, change, row.revision)
    impact = changes.evidence_model(evidence.get(changes.IMPACT), Impact)
    if impact is None:
        raise NotFound("not_assessed", "The impact is found when the change is submitted.", change=change)
    return ImpactView(
        change=change,
        revision=row.revision,
        digest=evidence[changes.IMPACT].digest,
        impact=impact,
        provenance=changes.evidence_model(evidence.get(changes.PROVENANCE), Provenance),
        confirmation=changes.evidence_model(evidence.get(changes.CONFIRMATION), Confirmation),
        titles={question.name.lower(): str(question) for question in Question},
        asked=tuple(question.name.lower() for question in kind_of(row.kind).questions),
    )


def documents(session: Session, files: FileStore, change: str, name: str, start: int, limit: int) -> DocumentPage:
    """A page of the documents behind an answer. Raises NotFound("unknown_list")."""
    columns = _columns(files, impact_view(session, change).impact, name)
    total, end = len(columns["document"]), start + limit
    rows = zip(*(columns[column][start:end] for column in NAMES), strict=True)
    items = tuple(Document(**dict(zip(NAMES, row, strict=True))) for row in rows)
    return DocumentPage(items=items, total=total, next=str(end) if end < total else None)


def exported(session: Session, files: FileStore, change: str, name: str, wanted: Format) -> bytes:
    """The whole list behind an answer as CSV or Parquet. Raises NotFound("unknown_list")."""
    columns = _columns(files, impact_view(session, change).impact, name)
    return _csv(columns) if wanted == "csv" else _parquet(columns)


def graph(session: Session, change: str) -> Graph:
    """What the changed entries depend on and what depends on them, from the artifacts themselves (R-5.3)."""
    row = changes.change(session, change)
    content = changes.revision_content(changes.revision(session, change, row.revision))
    return graph_of(session, content.parts)


def _columns(files: FileStore, impact: Impact, name: str) -> Mapping[str, Sequence[Any]]:
    answer = impact.renewals if name == RENEWALS else impact.answer(name)
    if answer is None or name not in (RENEWALS, "quotes", "orders", "assets"):
        raise NotFound("unknown_list", f"There is no list {name!r} of documents.", lists=["quotes", "orders", "assets"])
    if answer.file is None:
        return {column: [] for column in NAMES}
    found = parse(files.get(answer.file))
    if not isinstance(found, dict):
        raise Invalid("list_without_columns", "This list was kept before it had columns; read it as ids.")
    return found


def _csv(columns: Mapping[str, Sequence[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(NAMES)
    writer.writerows(zip(*(columns[name] for name in NAMES), strict=True))
    return text.getvalue().encode()


def _parquet(columns: Mapping[str, Sequence[Any]]) -> bytes:
    types = (pa.string(), pa.string(), pa.string(), pa.int64(), pa.int64())
    table = pa.table({name: pa.array(columns[name], kind) for name, kind in zip(NAMES, types, strict=True)})
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()
