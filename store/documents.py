"""Documents that changes affect: quotes, orders, assets, contracts; and their lines, by the where-used index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    ScalarSelect,
    Select,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    union,
)
from sqlmodel import Session

from domain.canonical import encoded
from domain.quote import OPEN_STATUSES
from domain.touched import HEAD_WORDS
from store import where_used
from store.quotes import LINES as QUOTE_LINES
from store.quotes import PUBLISHED, QUOTES
from store.records import head_of
from store.tables.artifact import ArtifactRow
from store.tables.asset import AssetRow
from store.tables.columns import Instant, readable, table_of
from store.tables.contract import ContractRow
from store.tables.order import OrderLineRow, OrderRow

USES = where_used.USES
ORDERS, ORDER_LINES = table_of(OrderRow), table_of(OrderLineRow)
ASSETS, CONTRACTS = table_of(AssetRow), table_of(ContractRow)
ARTIFACTS = table_of(ArtifactRow)
PINNED = {"catalog_version": "catalog/standard", "price_version": "pricing/standard"}
"""Columns of heads that name a version, and of which artifact."""
PLACE = ("market", "channel", "currency")
EARLIEST, LATEST = "2000-01-01", "2200-01-01"
"""Between these days lie the dates of any business that is alive; others are typing errors."""

Wanted: TypeAlias = Mapping[str, Sequence[str]]
"""Per column of the index the values wanted; a column that is not named may have any."""


@dataclass(frozen=True)
class Document:
    """A kind of document. `states`: those in which a change still affects it; `total`: its value, None: of its lines.

    lines: where its lines are with their place, for what the index does not know yet; source: the head that its lines
    belong to where that is another's, and the column that names it; dated: from and until when it holds; renews: when
    it ends and is to be renewed, so that only those are asked for that end in a given period.
    """

    kind: str
    head: Table
    states: tuple[str, ...]
    total: ColumnElement[Any] | None
    lines: FromClause
    line: Mapping[str, ColumnElement[Any]]
    source: tuple[Table, ColumnElement[Any]] | None = None
    dated: tuple[ColumnElement[Any], ColumnElement[Any]] | None = None
    renews: ColumnElement[Any] | None = None

    @property
    def unknown(self) -> tuple[str, ...]:
        """What it cannot tell of what may be touched: only a quote's own date says in which period it was priced."""
        words = tuple(name for name in HEAD_WORDS if name not in self.head.c)
        return words if self.kind == where_used.QUOTE else (*words, "period")

    @property
    def versions(self) -> tuple[str, ...]:
        """The columns that pin it to versions."""
        return tuple(name for name in PINNED if name in self.head.c)


def _lines(kind: str, head: Table, lines: Table, belongs: str, **more: Any) -> Document:
    line = {
        "used": lines.c.offering,
        "document": lines.c[belongs],
        "line": lines.c.line,
        "selling_model": lines.c.selling_model,
        **{name: head.c[name] for name in PLACE},
        "value": lines.c.net_minor,
    }
    joined = head.join(lines, lines.c[belongs] == head.c.id)
    return Document(kind, head, total=head.c.total_minor, lines=joined, line=line, **more)


QUOTE = _lines(
    where_used.QUOTE,
    QUOTES,
    QUOTE_LINES,
    "quote",
    states=OPEN_STATUSES,
    dated=(QUOTES.c.created_at, QUOTES.c.expires_at),
)
ORDER = _lines(where_used.ORDER, ORDERS, ORDER_LINES, "sales_order", states=("submitted", "in_fulfillment"))
ASSET = Document(
    where_used.ASSET,
    ASSETS,
    states=("pending", "active", "suspended"),
    total=None,
    lines=ASSETS.join(ORDERS, ORDERS.c.id == ASSETS.c.sales_order).join(
        ORDER_LINES, (ORDER_LINES.c.sales_order == ASSETS.c.sales_order) & (ORDER_LINES.c.line == ASSETS.c.line)
    ),
    line={
        "used": ASSETS.c.offering,
        "document": ASSETS.c.id,
        "line": ASSETS.c.line,
        "selling_model": ORDER_LINES.c.selling_model,
        "market": ASSETS.c.market,
        "channel": ORDERS.c.channel,
        "currency": ORDERS.c.currency,
        "value": ORDER_LINES.c.net_minor,
    },
    source=(ORDERS, ASSETS.c.sales_order),
)
CONTRACT = Document(
    where_used.CONTRACT,
    CONTRACTS,
    states=("active",),
    total=None,
    lines=CONTRACTS.join(QUOTES, QUOTES.c.id == CONTRACTS.c.quote).join(
        QUOTE_LINES, QUOTE_LINES.c.quote == QUOTES.c.id
    ),
    line={**QUOTE.line, "document": CONTRACTS.c.id},
    source=(QUOTES, CONTRACTS.c.quote),
    renews=CONTRACTS.c.ends_at,
)
DOCUMENTS = (QUOTE, ORDER, ASSET, CONTRACT)
MADE = readable(QUOTES.c.created_at).label("made")


Period: TypeAlias = tuple[datetime, datetime]
"""From when until when contracts end that count."""
Positions: TypeAlias = Mapping[str, int]
"""By kind of head the commit position from which on its documents have moved."""


def by_index(
    session: Session, wanted: Wanted, renewing: Period, most: int | None, further: bool = False
) -> dict[str, list[Any]]:
    """Lines of live documents that use what is wanted, by kind of document, at most so many, from the index.

    Columns: used, document, line, selling_model, market, channel, currency, value (of the line), total (of the
    document, None: of its lines), wrong_version, wrong_dates, then, where further is asked, customer, segment and the
    instant at which the quote was made (None: unknown to the document), and the kind.
    """
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    given = {column: encoded(list(values)).decode() if on_sqlite else list(values) for column, values in wanted.items()}
    query = _indexed(tuple(sorted(given)), most is not None, on_sqlite, further)
    found: dict[str, list[Any]] = {document.kind: [] for document in DOCUMENTS}
    # Rows of tables need no object-relational session; without it they cost half as much.
    for row in session.connection().execute(query, {**given, **_bounds(renewing), "most": most}):
        found[row[-1]].append(row)
    return found


@cache
def _indexed(wanted: tuple[str, ...], limited: bool, on_sqlite: bool, further: bool) -> Select[Any]:
    """One pass over the index for all kinds of document, each line joined to its head if that is live.

    Built once, and with constants in its text: for few lines building and binding cost more than asking.
    """
    joined: FromClause = USES
    for document in DOCUMENTS:
        its_own = case((USES.c.document_kind == _constant(document.kind), USES.c.document))
        live = [*_live(document), PUBLISHED] if document is QUOTE else _live(document)
        joined = joined.outerjoin(document.head, and_(document.head.c.id == its_own, *live))
    heads = [document.head.c.id.is_not(None) for document in DOCUMENTS]
    among = [_among(USES.c[column], column, on_sqlite) for column in wanted if column in USES.c]
    among += [_among_heads(word, on_sqlite) for word in wanted if word in HEAD_WORDS]
    more = [*(_of_heads(word) for word in HEAD_WORDS), MADE] if further else []
    query = (
        select(
            *(USES.c[name] for name in QUOTE.line),
            func.coalesce(*(document.total for document in DOCUMENTS if document.total is not None)).label("total"),
            _flag(*(wrong for document in DOCUMENTS for wrong in _wrong_versions(document))).label("wrong_version"),
            _flag(*(wrong for document in DOCUMENTS for wrong in _wrong_dates(document))).label("wrong_dates"),
            *more,
            USES.c.document_kind,
        )
        .select_from(joined)
        .where(USES.c.kind == _constant(where_used.OFFERING), *among, or_(*heads))
    )
    return query.limit(bindparam("most", type_=Integer)) if limited else query


def _of_heads(word: str) -> ColumnElement[Any]:
    return func.coalesce(*(document.head.c[word] for document in DOCUMENTS if word in document.head.c))


def _among_heads(word: str, on_sqlite: bool) -> ColumnElement[bool]:
    """Heads with one of the values, and those that do not know the word."""
    found = _of_heads(word)
    return or_(found.is_(None), _among(found, word, on_sqlite))


def _among(column: ColumnElement[Any], name: str, on_sqlite: bool) -> ColumnElement[bool]:
    """Whether a column holds one of the values of a parameter: one for each would make a statement for each number."""
    if on_sqlite:
        return column.in_(select(func.json_each(bindparam(name)).table_valued("value").c.value))
    return column == any_(bindparam(name, type_=ARRAY(Text)))


def _bounds(renewing: Period) -> dict[str, datetime]:
    return {"first": renewing[0], "last": renewing[1]}


def _constant(word: str) -> ColumnElement[Any]:
    """A word of ours in the text of a statement; never one that somebody gave."""
    return literal_column(f"'{word}'")


def lines_of(session: Session, offerings: Sequence[str], most: int) -> int:
    """How many lines of quotes the index holds for offerings, counted up to so many."""
    some = select(literal(1)).where(
        USES.c.kind == where_used.OFFERING, USES.c.document_kind == where_used.QUOTE, USES.c.used.in_(offerings)
    )
    return int(session.execute(select(func.count()).select_from(some.limit(most).subquery())).scalar_one())


def moved_since(session: Session, document: Document, below: Positions, renewing: Period) -> Sequence[Any]:
    """Lines of live documents that moved since these positions, with all columns of `by_index` but the last."""
    query = select(
        *(column.label(name) for name, column in document.line.items()),
        (cast(None, BigInteger) if document.total is None else document.total).label("total"),
        _flag(*_wrong_versions(document)).label("wrong_version"),
        _flag(*_wrong_dates(document)).label("wrong_dates"),
        *(document.head.c[word] if word in document.head.c else cast(None, Text) for word in HEAD_WORDS),
        MADE if document is QUOTE else cast(None, Instant()),
    ).select_from(document.lines)
    # Each way on its own, because with either of both no index by position helps.
    ways = [query.where(*_live(document), moved) for moved in _since(session, document, below)]
    return session.execute(union(*ways), _bounds(renewing)).all()


def ids_since(session: Session, document: Document, below: Positions, most: int) -> set[str]:
    """Documents that moved since these positions, whatever their state is now, at most so many."""
    ways = [select(document.head.c.id).where(moved) for moved in _since(session, document, below)]
    return set(session.execute(union(*ways).limit(most)).scalars())


def _since(session: Session, document: Document, below: Positions) -> list[ColumnElement[bool]]:
    """The ways in which a document moves: it was written, or the document that its lines belong to was."""
    moved = [_written(session, document.head, below)]
    if document.source is not None:
        head, named = document.source
        moved.append(named.in_(select(head.c.id).where(_written(session, head, below))))
    return moved


def _written(session: Session, head: Table, below: Positions) -> ColumnElement[bool]:
    written = head_of(head.name).counts(session, below[head.name])
    assert written is not None
    return written


def _live(document: Document) -> list[ColumnElement[bool]]:
    """What holds of a head that a change still affects; of what is to be renewed: between `first` and `last`."""
    live: list[ColumnElement[bool]] = [document.head.c.status.in_([_constant(state) for state in document.states])]
    if document.renews is None:
        return live
    first, last = bindparam("first", type_=Instant()), bindparam("last", type_=Instant())
    return [*live, document.renews >= first, document.renews < last]


def _wrong_versions(document: Document) -> list[ColumnElement[bool]]:
    """The ways in which a head names a version that does not exist."""
    latest = {name: _latest(PINNED[name]) for name in document.versions}
    return [
        and_(number.is_not(None), not_(document.head.c[name].between(literal_column("1"), number)))
        for name, number in latest.items()
    ]


def _latest(artifact: str) -> ScalarSelect[Any]:
    return select(ARTIFACTS.c.latest).where(ARTIFACTS.c.id == _constant(artifact)).scalar_subquery()


def _wrong_dates(document: Document) -> list[ColumnElement[bool]]:
    """The ways in which the dates of a head are beyond any business."""
    if document.dated is None:
        return []
    begins, ends = document.dated
    return [ends <= begins, begins < _constant(EARLIEST), ends >= _constant(LATEST)]


def _flag(*any_of: ColumnElement[bool]) -> ColumnElement[int]:
    return case((or_(false(), *any_of), literal_column("1")), else_=literal_column("0"))
