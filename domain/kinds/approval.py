"""Kind `approval`: approval policies as governed content: the tier table, the stage table, their owner (chapter 8)."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from domain.artifact import Content, Operation, Problem, entry_id
from domain.errors import Invalid
from domain.kinds.kind import Kind
from domain.model import Model

Word = Annotated[str, Field(min_length=1, max_length=120)]
TableName = Literal["tier", "stages"]


class PolicyHead(Model):
    """Who owns the policy, how old a confirmation of impact may be, and how far impact may move (basis points)."""

    type: Literal["policy"] = "policy"
    owner: Word
    confirm_within_minutes: Annotated[int, Field(gt=0)]
    impact_bound_basis_points: Annotated[int, Field(ge=0)]


class PolicyRow(Model):
    """One row of one of its tables; `position` orders the rows, the first that holds decides."""

    type: Literal["row"] = "row"
    table: TableName
    id: Annotated[str, Field(pattern="^[a-z0-9-]{1,60}$")]
    position: int
    when: dict[str, str]
    then: dict[str, Any]
    because: str = ""

    @property
    def key(self) -> str:
        return entry_id("row", self.table, self.id)


class PutRow(Model):
    """Add a row or replace the one with the same table and id."""

    edit: Literal["put_row"]
    row: PolicyRow


class RemoveRow(Model):
    """Take a row out."""

    edit: Literal["remove_row"]
    table: TableName
    id: Word


def compile_edit(edit: PutRow | RemoveRow, content: Content) -> Operation:
    """The operation on one row. Raises Invalid("unknown_row")."""
    key = edit.row.key if isinstance(edit, PutRow) else entry_id("row", edit.table, edit.id)
    before = content.get(key)
    if isinstance(edit, RemoveRow) and before is None:
        raise Invalid("unknown_row", f"The policy has no row {key}.", entry=key)
    after = edit.row.model_dump(mode="json") if isinstance(edit, PutRow) else None
    return Operation(entry=key, before=None if before is None else dict(before), after=after)


def validate(contents: Mapping[str, Content]) -> tuple[Problem, ...]:
    """Each table keeps at least one row; what the cells mean is checked where policies are evaluated."""
    rows = [entry for entry in contents.get("approval", {}).values() if entry["type"] == "row"]
    return tuple(
        Problem(
            code="empty_table",
            subject=table,
            message=f"The table {table} would have no row, so nothing could be decided.",
            mend="Keep at least one row.",
        )
        for table in ("tier", "stages")
        if not any(row["table"] == table for row in rows)
    )


def describe(operation: Operation) -> str:
    """`Row price of table tier changed`."""
    entry = operation.after or operation.before or {}
    verb = {"add": "added", "change": "changed", "remove": "taken out"}[operation.action]
    return f"Row {entry.get('id', '')} of table {entry.get('table', '')} {verb}"


KIND = Kind(
    name="approval",
    schema="approval/1",
    entries=TypeAdapter(Annotated[PolicyHead | PolicyRow, Field(discriminator="type")]),
    edits=TypeAdapter(Annotated[PutRow | RemoveRow, Field(discriminator="edit")]),
    compile=compile_edit,
    validate=validate,
    describe=describe,
    risk="control failure",
    owner_group="revenue-operations",
    rollback="publish the earlier rows again",
)
