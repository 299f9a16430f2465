"""Wide impact: a scan of the snapshot, plus what moved since it was taken, from the live records (D13a)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from analysis.engine import Limits, engine, parquet
from analysis.hits import NAMES, Hits, in_columns
from analysis.touched_sql import conditions, load, table
from domain.snapshot import Snapshot
from domain.touched import Touching
from store.documents import DOCUMENTS, EARLIEST, LATEST, Document, Period
from store.snapshots import SnapshotFiles

LINE_WORDS = {"offering": "l.offering", "selling_model": "l.selling_model"}
QUOTE_WORDS = {**LINE_WORDS, "market": "h.market", "customer": "h.customer"}
OWN_WORDS = {**QUOTE_WORDS, **{name: f"h.{name}" for name in ("channel", "currency", "segment")}}
MADE = "CAST(make_timestamp(epoch_us(h.created_at)) AS DATE)"
KINDS: Mapping[str, tuple[str, tuple[str, ...], Mapping[str, str]]] = {
    "quote": (
        "quote_line l JOIN quote h ON h.id = l.quote",
        ("quote", "quote_line"),
        OWN_WORDS,
    ),
    "order": (
        "sales_order_line l JOIN sales_order h ON h.id = l.sales_order",
        ("sales_order", "sales_order_line"),
        OWN_WORDS,
    ),
    "asset": (
        "asset h JOIN sales_order o ON o.id = h.sales_order "
        "JOIN sales_order_line l ON l.sales_order = h.sales_order AND l.line = h.line",
        ("asset", "sales_order", "sales_order_line"),
        {**QUOTE_WORDS, "offering": "h.offering", "channel": "o.channel", "currency": "o.currency"},
    ),
    "contract": (
        "contract h JOIN quote o ON o.id = h.quote JOIN quote_line l ON l.quote = h.quote",
        ("contract", "quote", "quote_line"),
        {**QUOTE_WORDS, "market": "o.market", "channel": "o.channel", "currency": "o.currency"},
    ),
}
"""For each kind of document where its lines are in a snapshot, on which records, and where its words stand."""


@dataclass(frozen=True)
class Question:
    """What lines are judged by: the newest version by column, and from when until when contracts end that count."""

    latest: Mapping[str, int]
    renewing: Period


@dataclass(frozen=True)
class Scan:
    """What a scan found for each kind of document, and the SQL that found it."""

    hits: Mapping[str, Hits]
    sql: str


def scan(
    snapshot: Snapshot,
    files: SnapshotFiles,
    limits: Limits,
    touching: Touching,
    question: Question,
    moved: Mapping[str, Iterable[str]],
) -> Scan:
    """Scan every kind of document of a snapshot for what is touched, leaving out those that moved since."""
    found, texts = {}, []
    with engine(files, limits) as connection:
        prepare(connection, snapshot, files, touching, moved)
        for document in DOCUMENTS:
            sql = scan_sql(document, touching, question, bool(moved[document.kind]))
            texts.append(sql)
            held = all(snapshot.rows(kind) for kind in KINDS[document.kind][1])
            found[document.kind] = _hits(connection.sql(sql).to_arrow_table()) if held else Hits()
    return Scan(found, "\n;\n".join(texts))


def prepare(
    connection: duckdb.DuckDBPyConnection,
    snapshot: Snapshot,
    files: SnapshotFiles,
    touching: Touching,
    moved: Mapping[str, Iterable[str]],
) -> None:
    """Make what the SQL names: a view for each kind of record, what is touched, what moved."""
    for kind in snapshot.kinds:
        connection.execute(f"CREATE VIEW {kind} AS SELECT * FROM {parquet(files.paths(snapshot, kind))}")
    for name, known in dict(_known(touching, document) for document in DOCUMENTS).items():
        load(connection, known, name)
    for kind, documents in moved.items():
        table(connection, f"moved_{kind}", pa.table({"id": pa.array(list(documents), pa.string())}))


def _known(touching: Touching, document: Document) -> tuple[str, Touching]:
    """What is touched as far as a kind of document can tell, and the name of its tables."""
    known = touching.without(*document.unknown)
    return ("touched" if known is touching else f"touched_{document.kind}"), known


def scan_sql(document: Document, touching: Touching, question: Question, moved: bool) -> str:
    """The SQL that finds the documents of a kind; it names records and not files, so its digest holds anywhere."""
    source, _, words = KINDS[document.kind]
    total = "sum(l.net_minor)" if document.total is None else f"any_value(h.{document.total.name})"
    states = ", ".join(f"'{state}'" for state in document.states)
    name, known = _known(touching, document)
    holding = [f"h.status IN ({states})", *conditions(known, words, MADE, name)]
    if moved:
        holding.append(f"h.id NOT IN (SELECT id FROM moved_{document.kind})")
    if document.renews is not None:
        first, last = (f"TIMESTAMPTZ '{at.isoformat()}'" for at in question.renewing)
        holding.append(f"h.ends_at >= {first} AND h.ends_at < {last}")
    return (
        f"SELECT h.id AS document, any_value({words['market']}) AS market, any_value({words['currency']}) AS currency, "
        f"CAST({total} AS BIGINT) AS value, count(*) AS lines, count(*) FILTER (l.net_minor < 0) AS negative, "
        f"any_value({_wrong_version(document, question)}) AS wrong_version, "
        f"any_value({_wrong_dates(document)}) AS wrong_dates "
        f"FROM {source} WHERE {' AND '.join(holding)} GROUP BY h.id ORDER BY h.id"
    )


def _wrong_version(document: Document, question: Question) -> str:
    checks = [
        f"coalesce(h.{name} NOT BETWEEN 1 AND {question.latest[name]}, TRUE)"
        for name in document.versions
        if name in question.latest
    ]
    return f"({' OR '.join(checks)})" if checks else "FALSE"


def _wrong_dates(document: Document) -> str:
    if document.dated is None:
        return "FALSE"
    return (
        "coalesce(h.expires_at <= h.created_at OR "
        f"h.created_at < TIMESTAMPTZ '{EARLIEST}' OR h.expires_at >= TIMESTAMPTZ '{LATEST}', TRUE)"
    )


def _hits(found: pa.Table) -> Hits:
    faults = {"negative_line": "negative", "missing_version": "wrong_version", "dates_beyond_range": "wrong_dates"}
    counts = {fault: int(pc.sum(found[name]).as_py() or 0) for fault, name in faults.items()}
    holes = pc.or_(pc.or_(pc.is_null(found["market"]), pc.is_null(found["currency"])), pc.is_null(found["value"]))
    whole = [pc.fill_null(found[name], 0 if name in ("value", "lines") else "") for name in NAMES]
    return in_columns(
        [column.to_pylist() for column in whole], {**counts, "unreadable": int(pc.sum(holes).as_py() or 0)}
    )
