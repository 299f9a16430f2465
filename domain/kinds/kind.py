"""What a kind of change registers: schema, edits, validators, words, risk, owner. One lifecycle serves all (R-3.1)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from pydantic import TypeAdapter, ValidationError

from domain.artifact import EVERYWHERE, Content, Entry, Operation, Problem
from domain.errors import Invalid
from domain.model import Model

Compile: TypeAlias = Callable[[Any, Content], Operation]
Validate: TypeAlias = Callable[[Mapping[str, Content]], tuple[Problem, ...]]
Describe: TypeAlias = Callable[[Operation], str]
Place: TypeAlias = Callable[[Operation], tuple[str, str]]
Touch: TypeAlias = Callable[[Operation], "Touched | None"]


class Touched(Model):
    """What an operation moves in the business: an offering, where, and at which charge; `*` is any."""

    offering: str
    selling_model: str = EVERYWHERE
    market: str = EVERYWHERE
    channel: str = EVERYWHERE
    currency: str = EVERYWHERE


def everywhere(operation: Operation) -> tuple[str, str]:
    """The place of an operation of a kind that knows no markets and channels."""
    return EVERYWHERE, EVERYWHERE


def nothing(operation: Operation) -> None:
    """What an operation of a kind that no quote uses moves."""


@dataclass(frozen=True)
class Kind:
    """One kind of change.

    entries: the union of entry models of its content, told apart by `type`.
    edits: the union of business edits that people and machines propose, told apart by `edit`.
    compile: (edit, live content) -> the operation on one entry; raises Invalid for an edit that makes no sense.
    validate: contents of all artifacts by kind, as they would be -> problems; empty means valid (R-9.3).
    describe: an operation in business words.
    place: the market and channel for which an operation holds; a release must cover it so that nothing leaks elsewhere.
    touched: what an operation moves in quotes and orders, None where nothing is.
    risk, owner_group, rollback: what R-3.1 declares for the kind.
    spans: True where one change moves artifacts of other kinds (migration).
    """

    name: str
    schema: str
    entries: TypeAdapter[Any]
    edits: TypeAdapter[Any]
    compile: Compile
    validate: Validate
    describe: Describe
    risk: str
    owner_group: str
    rollback: str
    place: Place = everywhere
    touched: Touch = nothing
    spans: bool = False

    def check_entry(self, entry: Entry) -> Entry:
        """The entry in its stored form. Raises Invalid("bad_entry") naming the field."""
        try:
            model: Model = self.entries.validate_python(entry)
        except ValidationError as error:
            raise Invalid("bad_entry", first_error(error), entry=dict(entry)) from None
        return model.model_dump(mode="json")

    def parse_edits(self, edits: list[dict[str, Any]]) -> list[Any]:
        """Edits as their models. Raises Invalid("bad_edit") naming the first wrong field of the first wrong edit."""
        try:
            return [self.edits.validate_python(edit) for edit in edits]
        except ValidationError as error:
            raise Invalid("bad_edit", first_error(error)) from None


def first_error(error: ValidationError) -> str:
    """The first fault of a validation in one line: where and what."""
    fault = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in fault["loc"])
    return f"{place}: {fault['msg']}" if place else fault["msg"]
