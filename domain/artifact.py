"""Artifacts: content as entries with stable ids, changed only by typed operations that replay and invert (D6).

Content maps an entry id to a JSON object. An operation remembers the entry as it was (`before`) and as it becomes
(`after`), so that rebasing re-applies it, rolling back inverts it, and two edits collide only where they touch one
entry.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from domain.canonical import digest
from domain.errors import Conflict
from domain.model import Model

Entry: TypeAlias = Mapping[str, Any]
Content: TypeAlias = Mapping[str, Entry]

EVERYWHERE = "*"


class Operation(Model):
    """One change of one entry. `before` is None for an addition, `after` is None for a removal."""

    entry: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @property
    def action(self) -> Literal["add", "change", "remove"]:
        if self.before is None:
            return "add"
        return "remove" if self.after is None else "change"


class Part(Model):
    """What a change does to one artifact: the version it was drafted on and the operations to be applied."""

    artifact: str
    base: int
    operations: tuple[Operation, ...]


class Problem(Model):
    """One fault found by a validator: where it is, what is wrong, how to mend it (R-9.3)."""

    code: str
    subject: str
    message: str
    mend: str


def entry_id(*parts: str) -> str:
    """A stable ASCII id of an entry from its natural key; parts are escaped, so they cannot run together."""
    return "/".join([_escaped(part) for part in parts])


@lru_cache(maxsize=100_000)
def _escaped(part: str) -> str:
    return quote(part, safe=" *")


def content_document(schema: str, content: Content) -> dict[str, Any]:
    """What is digested and stored for a version: the schema's name and version beside the entries (D4)."""
    return {"schema": schema, "entries": dict(content)}


def conflicts(content: Content, operations: Iterable[Operation]) -> tuple[str, ...]:
    """The entries that no longer are what the operations were written against."""
    return tuple(sorted(op.entry for op in operations if content.get(op.entry) != op.before))


def apply(content: Content, operations: Iterable[Operation]) -> dict[str, Entry]:
    """The content after the operations. Raises Conflict("entries_moved") naming every entry that moved meanwhile."""
    operations = tuple(operations)
    if moved := conflicts(content, operations):
        raise Conflict("entries_moved", f"Changed meanwhile: {', '.join(moved)}.", entries=list(moved))
    result = dict(content)
    for op in operations:
        if op.after is None:
            del result[op.entry]
        else:
            result[op.entry] = op.after
    return result


def invert(operations: Iterable[Operation]) -> tuple[Operation, ...]:
    """The operations that take these back, and nothing else (D6)."""
    return tuple(Operation(entry=op.entry, before=op.after, after=op.before) for op in reversed(tuple(operations)))


def difference(old: Content, new: Content) -> tuple[Operation, ...]:
    """The operations that lead from one content to another, ordered by entry id."""
    moved = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    return tuple(Operation(entry=key, before=_plain(old.get(key)), after=_plain(new.get(key))) for key in moved)


def base_digest(parts: Iterable[Part]) -> str:
    """What the operations were written against: the touched entries as they were, not the whole base (D6)."""
    return digest({part.artifact: {op.entry: op.before for op in part.operations} for part in parts})


def _plain(entry: Entry | None) -> dict[str, Any] | None:
    return None if entry is None else dict(entry)
