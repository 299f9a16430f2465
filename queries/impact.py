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
from analysis.impact_answers import DOCUMENTS, columns_of
from domain.canonical import digest, parse
from domain.errors import Invalid, NotFound
from domain.impact import Answer, Confirmation, Impact, Provenance
from domain.kinds import kind_of
from domain.kinds.kind import Question
from domain.model import Model
from queries.kept_lists import cell, next_cursor, start_of
from store import changes
from store.files import FileStore

RENEWALS = "renewals"
OF_DOCUMENTS = (*(question.name.lower() for question, _ in DOCUMENTS), RENEWALS)
OF_ENTRIES = tuple(question.name.lower() for question in Question if question.name.lower() not in OF_DOCUMENTS)
"""The lists: those of documents, and those of entries of artifacts."""
Format = Literal["csv", "parquet"]


class Document(Model):
    """A document in a list: its value in minor units of its currency, and how many of its lines are affected."""

    document: str
    market: str
    currency: str
    value: int
    lines: int


class ListedEntry(Model):
    """An entry of an artifact in a list."""

    artifact: str
    entry: str


class ListPage(Model):
    """A page of a list, how long the list is, and the cursor of the next page (None at the end)."""

    items: tuple[Document, ...] | tuple[ListedEntry, ...]
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


def listed(session: Session, files: FileStore, change: str, name: str, cursor: str, limit: int) -> ListPage:
    """A page of the documents or entries behind an answer.

    Raises NotFound("unknown_list"), Invalid("bad_cursor"), Conflict("list_moved") when it was found again since.
    """
    found = impact_view(session, change).impact
    columns, kept = _columns(files, found, name), _kept(_answer(found, name))
    start = start_of(cursor, kept)
    total, end = len(next(iter(columns.values()))), start + limit
    rows = zip(*(values[start:end] for values in columns.values()), strict=True)
    model = Document if name in OF_DOCUMENTS else ListedEntry
    items = tuple(model.model_validate(dict(zip(columns, row, strict=True))) for row in rows)
    return ListPage(items=items, total=total, next=next_cursor(end, total, kept))


def exported(session: Session, files: FileStore, change: str, name: str, wanted: Format) -> bytes:
    """The whole list behind an answer as CSV or Parquet. Raises NotFound("unknown_list")."""
    columns = _columns(files, impact_view(session, change).impact, name)
    return _csv(columns) if wanted == "csv" else _parquet(columns)


def graph(session: Session, change: str) -> Graph:
    """What the changed entries depend on and what depends on them, from the artifacts themselves (R-5.3)."""
    row = changes.change(session, change)
    content = changes.content(session, change, row.revision)
    return graph_of(session, content.parts)


def _answer(impact: Impact, name: str) -> Answer:
    answer = impact.renewals if name == RENEWALS else impact.answer(name)
    if answer is None:
        raise NotFound("unknown_list", f"The impact has no list {name!r}.", lists=[*OF_DOCUMENTS, *OF_ENTRIES])
    return answer


def _kept(answer: Answer) -> str:
    """The digest of a list; one so short that it has no file is within the answer."""
    return answer.file or digest(answer.examples)


def _columns(files: FileStore, impact: Impact, name: str) -> dict[str, Sequence[Any]]:
    """The columns of a list, all of the same length."""
    answer = _answer(impact, name)
    if name in OF_ENTRIES and answer.file is None:
        if answer.count > len(answer.examples):
            raise Invalid("list_not_kept", "Only the first of this list were kept when this impact was found.")
        return dict(columns_of(answer.examples))
    names = NAMES if name in OF_DOCUMENTS else ("artifact", "entry")
    if answer.file is None:
        return {column: [] for column in names}
    found = parse(files.get(answer.file))
    if not isinstance(found, dict):
        raise Invalid("list_without_columns", "This list was kept before it had columns; read it as ids.")
    return {column: found[column] for column in names}


def _csv(columns: Mapping[str, Sequence[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(map(cell, values) for values in columns.values()), strict=True))
    return text.getvalue().encode()


def _parquet(columns: Mapping[str, Sequence[Any]]) -> bytes:
    numbers = ("value", "lines")
    kinds = {name: pa.int64() if name in numbers else pa.string() for name in columns}
    table = pa.table({name: pa.array(values, kinds[name]) for name, values in columns.items()})
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()
