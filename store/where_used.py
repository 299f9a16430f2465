"""The where-used index: written with the documents, in their transaction; asked by what a change touches (D13a)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import or_, select, update
from sqlmodel import Session

from store import bulk
from store.tables.columns import table_of
from store.tables.contract import ContractRow
from store.tables.where_used import WhereUsedRow

USES = table_of(WhereUsedRow)
CONTRACTS = table_of(ContractRow)
OFFERING = "offering"
QUOTE, ORDER, ASSET, CONTRACT = "quote", "order", "asset", "contract"
PLACE = ("market", "channel", "currency")
Row: TypeAlias = Mapping[str, Any]


def add(session: Session, rows: Sequence[Row]) -> None:
    """Write what documents use: the columns of the table."""
    bulk.write(session, USES, rows)


def line_uses(kind: str, heads: Iterable[Row], lines: Iterable[Row], belongs: str) -> list[dict[str, Any]]:
    """What the lines of quotes or orders use: their offerings, at the place of their head, for their net value.

    kind: of the document; belongs: the column of a line that names its document.
    """
    places = {head["id"]: {name: head[name] for name in PLACE} for head in heads}
    return [
        {
            "kind": OFFERING,
            "used": line["offering"],
            "document_kind": kind,
            "document": line[belongs],
            "line": line["line"],
            "selling_model": line["selling_model"],
            **places[line[belongs]],
            "value": line["net_minor"],
        }
        for line in lines
    ]


def asset_uses(assets: Iterable[Row], order_uses: Iterable[Row]) -> list[dict[str, Any]]:
    """What assets use: the offering of the order line that they come from, where and for what it was ordered."""
    ordered = {(use["document"], use["line"]): use for use in order_uses}
    found = [(asset, ordered.get((asset["sales_order"], asset["line"]))) for asset in assets]
    return [
        {**use, "used": asset["offering"], "document_kind": ASSET, "document": asset["id"]}
        for asset, use in found
        if use is not None
    ]


def contract_uses(contracts: Iterable[Row], quote_uses: Iterable[Row]) -> list[dict[str, Any]]:
    """What contracts use: everything that the quote uses from which they come."""
    quoted: dict[str, list[Row]] = {}
    for use in quote_uses:
        quoted.setdefault(use["document"], []).append(use)
    return [
        {**use, "document_kind": CONTRACT, "document": contract["id"]}
        for contract in contracts
        for use in quoted.get(contract["quote"], ())
    ]


def revalue(session: Session, quote: str, line: int, offering: str, value: int) -> None:
    """Follow a line of a quote whose net value became another, also in the contracts that come from the quote."""
    agreed = select(CONTRACTS.c.id).where(CONTRACTS.c.quote == quote)
    ours = (USES.c.document_kind == QUOTE) & (USES.c.document == quote)
    theirs = (USES.c.document_kind == CONTRACT) & USES.c.document.in_(agreed)
    of_line = (USES.c.kind == OFFERING) & (USES.c.used == offering) & (USES.c.line == line)
    session.execute(update(USES).where(of_line, or_(ours, theirs)).values(value=value))
