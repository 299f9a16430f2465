"""Keeping what people say in words: the text lies apart and can be erased, its salted digest cannot (D15, R-24.4)."""

import hashlib
import secrets
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from domain.change import visible_or_empty
from domain.model import Model
from store.tables.approval import RemarkRow, RemarkTextRow
from store.unit_of_work import Transaction


class Reason(Model):
    """Why something is done; may be empty."""

    reason: Annotated[str, Field(max_length=4000), AfterValidator(visible_or_empty)]


def keep_remark(
    tx: Transaction, subject: str, revision: int, kind: str, text: str, about: str | None = None
) -> dict[str, Any]:
    """Keep a text about a subject; `remark` and `text` for the audit record: the id and the salted digest.

    Part of a command that records it. kind: comment, question, answer (`about`: to which question), or what the text is
    the reason of: withdrawal, rollback, giving_up, handing_on. A reason that is empty is not kept: both are None.
    """
    if not text.strip():
        return {"remark": None, "text": None}
    salt = secrets.token_hex(16)
    said = RemarkRow(
        id=f"remark-{secrets.token_hex(8)}",
        subject=subject,
        revision=revision,
        kind=kind,
        about=about,
        person=tx.actor.party,
        text_digest="sha256:" + hashlib.sha256((salt + text).encode()).hexdigest(),
        said_at=tx.now,
    )
    tx.add(said)
    tx.add(RemarkTextRow(remark=said.id, salt=salt, text=text))
    return {"remark": said.id, "text": said.text_digest}
