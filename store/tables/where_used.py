"""Which document uses what: the index by which a change of few things finds its documents (D13a, R-5.1)."""

from sqlalchemy import PrimaryKeyConstraint
from sqlmodel import Field, SQLModel

from store.tables.columns import amount

COVERED = ("selling_model", "market", "channel", "currency", "value")


class WhereUsedRow(SQLModel, table=True):
    """A line of a document uses something of a kind, at a place, for a value in minor units of its currency.

    kind: `offering`, the only one that is written: prices, promotions, clauses, tasks and policy rows are found through
    the offerings that they are about (domain/kinds, `touched` and `reached`), so that publishing one of them rewrites
    no document's uses. document_kind: quote, order, asset, contract. It is written in the transaction of the document.
    The key covers every column, so that a look-up reads nothing else.
    """

    __tablename__ = "where_used"
    __table_args__ = (
        PrimaryKeyConstraint("kind", "used", "document_kind", "document", "line", postgresql_include=COVERED),
        {"sqlite_with_rowid": False},
    )

    kind: str = Field(primary_key=True)
    used: str = Field(primary_key=True)
    document_kind: str = Field(primary_key=True)
    document: str = Field(primary_key=True)
    line: int = Field(primary_key=True)
    selling_model: str
    market: str
    channel: str
    currency: str
    value: int = amount()
