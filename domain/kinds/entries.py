"""Edits that most kinds share: put an entry, take an entry out. An entry has a `type` and a `key` of its own."""

from collections.abc import Iterable, Mapping
from datetime import date as LocalDate
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import Field, StrictInt

from domain.artifact import EVERYWHERE, Content, Entry, Operation, Problem
from domain.errors import Invalid
from domain.model import Model

E = TypeVar("E")

Code = Annotated[str, Field(min_length=1, max_length=120)]
Text = Annotated[str, Field(max_length=2000)]
Sentence = Annotated[str, Field(min_length=3, max_length=2000)]
Positive = Annotated[StrictInt, Field(gt=0)]


class Put(Model, Generic[E]):
    """Add an entry or replace the one with the same key."""

    edit: Literal["put"]
    entry: E


class Remove(Model):
    """Take an entry out by its key, for example `promotion/summer-fibre`."""

    edit: Literal["remove"]
    entry_key: Code


def compile_entry(edit: Put[Any] | Remove, content: Content) -> Operation:
    """The operation on one entry. Raises Invalid("unknown_entry") when there is nothing to remove."""
    if isinstance(edit, Remove):
        if edit.entry_key not in content:
            raise Invalid("unknown_entry", f"There is no entry {edit.entry_key}.", entry=edit.entry_key)
        return Operation(entry=edit.entry_key, before=dict(content[edit.entry_key]), after=None)
    key = edit.entry.key
    before = content.get(key)
    return Operation(
        entry=key, before=None if before is None else dict(before), after=edit.entry.model_dump(mode="json")
    )


def describe_entry(operation: Operation) -> str:
    """`Promotion Summer fibre changed: ends, percent`, from the entry's own name or key."""
    entry = operation.after or operation.before or {}
    noun = str(entry.get("type", "entry")).replace("_", " ").capitalize()
    name = entry.get("name") or operation.entry.partition("/")[2]
    verb = {"add": "added", "change": "changed", "remove": "taken out"}[operation.action]
    moved = ""
    if operation.before and operation.after:
        fields = sorted(key for key in operation.after if operation.after[key] != operation.before.get(key))
        moved = ": " + ", ".join(field.replace("_", " ") for field in fields)
    return f"{noun} {name} {verb}{moved}"


def of_type(content: Content, name: str) -> list[Entry]:
    """The entries of one type, in the order of their keys."""
    return [content[key] for key in sorted(content) if content[key]["type"] == name]


def sold(contents: Mapping[str, Content]) -> dict[str, Entry]:
    """The offerings of the catalog by id."""
    return {entry["id"]: entry for entry in of_type(contents.get("catalog", {}), "offering")}


def unknown(subject: str, what: str, name: str, mend: str) -> Problem:
    """A reference to something that does not exist."""
    return Problem(
        code=f"unknown_{what.replace(' ', '_')}",
        subject=subject,
        message=f"{subject} refers to {what} {name!r}, which does not exist.",
        mend=mend,
    )


def unknown_offerings(subject: str, wanted: Iterable[str], contents: Mapping[str, Content]) -> list[Problem]:
    """Problems for offerings that the catalog does not have; `*` is any offering."""
    missing = sorted(set(wanted) - set(sold(contents)) - {EVERYWHERE, ""})
    mend = "Use the id of an offering in the live catalog, or publish the offering first."
    return [unknown(subject, "offering", name, mend) for name in missing]


def meets(one: str, other: str) -> bool:
    """Whether two places overlap; `*` is any."""
    return EVERYWHERE in (one, other) or one == other


def period(start: str | None, end: str | None) -> tuple[LocalDate, LocalDate]:
    """The days from the first to the last of an entry, both included; None is without end."""
    first = LocalDate.fromisoformat(start) if start else LocalDate.min
    return first, LocalDate.fromisoformat(end) if end else LocalDate.max
