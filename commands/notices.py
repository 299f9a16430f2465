"""What commands share to tell somebody something: rows in the same transaction as the fact that they are about."""

import secrets
from collections.abc import Sequence

from sqlalchemy import insert

from domain.model import Model
from store.tables.columns import table_of
from store.tables.notice import NoticeRow
from store.unit_of_work import Transaction


class Notice(Model):
    """What a group or a person is told about a subject."""

    subject: str
    party_group: str = ""
    person: str = ""
    code: str
    message: str


def tell(tx: Transaction, notices: Sequence[Notice]) -> None:
    """Write notices, in one statement."""
    if notices:
        rows = [
            {"id": f"notice-{secrets.token_hex(8)}", "created_at": tx.now, **notice.model_dump()} for notice in notices
        ]
        tx.session.execute(insert(table_of(NoticeRow)), rows)
