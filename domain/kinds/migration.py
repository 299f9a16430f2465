"""Kind `migration`: one change that moves artifacts of several kinds at once, for imports (R-3.1, D5b).

Its edits are those of the kinds that it spans; its content is validated by each of them.
"""

from collections.abc import Mapping
from typing import Any, NoReturn

from pydantic import TypeAdapter

from domain.artifact import Content, Operation, Problem
from domain.errors import Invalid
from domain.kinds.kind import ALWAYS, Check, Kind, Pack, Plane, Question
from domain.model import Model


class NoEdit(Model):
    """A migration is written by an importer, never edited by hand."""


def compile_edit(edit: Any, content: Content) -> NoReturn:
    """Always raises Invalid("not_editable")."""
    raise Invalid("not_editable", "A migration is written by an importer and is not edited by hand.")


def validate(contents: Mapping[str, Content]) -> tuple[Problem, ...]:
    """Nothing of its own: the kinds that it spans validate their content."""
    return ()


def describe(operation: Operation) -> str:
    """The entry and what happens to it."""
    return f"{operation.entry}: {operation.action}"


KIND = Kind(
    name="migration",
    schema="migration/1",
    entries=TypeAdapter(NoEdit),
    edits=TypeAdapter(NoEdit),
    compile=compile_edit,
    validate=validate,
    describe=describe,
    risk="historical corruption",
    plane=Plane.PLATFORM,
    questions=tuple(Question),
    packs=(Pack.GOLDEN, Pack.OPEN_QUOTES, Pack.RENEWALS, Pack.PROBES, Pack.DECOMPOSITIONS),
    controls=(*ALWAYS, Check.SIMULATION, Check.TRIAL_RUN),
    strategy="a planned window, in one transaction that can be run again; history stays as it is",
    rollback="publish the versions before the migration again",
    spans=True,
)
