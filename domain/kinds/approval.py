"""Kind `approval`: approval policies as governed content: the tier table, the stage table, their owner (chapter 8)."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Field, StrictInt, TypeAdapter

from domain.artifact import Content, Operation, Problem, entry_id
from domain.certification import Answered
from domain.errors import Invalid
from domain.given import Instant
from domain.judging import CheckRule
from domain.kinds.kind import ALWAYS, EVERYTHING, Check, Kind, Pack, Plane, Question, Touched
from domain.model import Model
from domain.money import exponent
from domain.scenario import Scenario

Word = Annotated[str, Field(min_length=1, max_length=120)]
TableName = Literal["tier", "stages", "quote", "request"]
HEAD = "policy"
LONGEST_DELEGATION_DAYS = 30
MOST_CONFIRM_MINUTES, MOST_BOUND = 7 * 24 * 60, 10_000
MOST_WAIT_DAYS = 365


def known_currency(code: str) -> str:
    """A currency of ISO 4217. Raises Invalid("unknown_currency")."""
    exponent(code)
    return code


class Authority(Model):
    """A row of the authority matrix: up to which tier a group may allow changes of these kinds (none named: of all)."""

    group: Word
    kinds: tuple[Word, ...] = ()
    up_to_tier: Annotated[StrictInt, Field(ge=0, le=4)]


class DelegationRules(Model):
    """For how many days a person may be represented, and up to which tier; a delegation is never passed on (R-7.4)."""

    at_most_days: Annotated[StrictInt, Field(ge=0, le=LONGEST_DELEGATION_DAYS)] = LONGEST_DELEGATION_DAYS
    up_to_tier: Annotated[StrictInt, Field(ge=0, le=4)] = 4


class Apart(Model):
    """Two groups that no person may hold together, and why."""

    groups: tuple[Word, Word]
    because: Word


class AuditRules(Model):
    """The evidence that every stage of a tier must rest on, from `from_tier` on; for how many years it is kept."""

    evidence: tuple[Word, ...] = ()
    from_tier: Annotated[StrictInt, Field(ge=0, le=4)] = 0
    keep_years: Annotated[StrictInt, Field(ge=1, le=100)] = 10


class EffectLimit(Model):
    """A total effect in a currency, in its whole units, beyond which whoever approves types the amount again."""

    currency: Annotated[str, AfterValidator(known_currency)]
    amount: Annotated[StrictInt, Field(ge=0, le=10**12)]


class PolicyHead(Model):
    """What a policy says besides its tables (R-8.1).

    owner: the group that answers for it; confirm_within_minutes, impact_bound_basis_points: how old a confirmation of
    impact may be and how far impact may move; checks: what a check of a simulation does that did not pass;
    author_waits_days: for so long changes of those who wrote a version are judged by the stricter of it and the one
    before, so that nobody removes a rule and passes; retires_at: when a temporary policy ends by itself, None for a
    lasting one; step_up_from_tier: the lowest tier in which whoever decides proves anew who they are, None: in none;
    retype_above: total effects beyond which whoever approves types the amount again, none: never; a currency that is
    not among them is always typed; scenarios: those that it adds to the shipped ones or states anew. Its version, its
    effective time and who released it are those of the artifact.
    """

    type: Literal["policy"] = "policy"
    owner: Word
    confirm_within_minutes: Annotated[StrictInt, Field(gt=0, le=MOST_CONFIRM_MINUTES)]
    impact_bound_basis_points: Annotated[StrictInt, Field(ge=0, le=MOST_BOUND)]
    author_waits_days: Annotated[StrictInt, Field(ge=0, le=MOST_WAIT_DAYS)] = 30
    authority: tuple[Authority, ...] = ()
    delegation: DelegationRules = DelegationRules()
    apart: tuple[Apart, ...] = ()
    audit: AuditRules = AuditRules()
    checks: tuple[CheckRule, ...] = ()
    retires_at: Instant | None = None
    step_up_from_tier: Annotated[StrictInt, Field(ge=0, le=4)] | None = None
    retype_above: tuple[EffectLimit, ...] = ()
    scenarios: tuple[Scenario, ...] = ()

    @property
    def key(self) -> str:
        return HEAD


class PolicyRow(Answered):
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


class SetPolicy(Model):
    """Replace what the policy says besides its tables."""

    edit: Literal["set_policy"]
    policy: PolicyHead


class RemoveRow(Model):
    """Take a row out."""

    edit: Literal["remove_row"]
    table: TableName
    id: Word


PolicyEdit: TypeAlias = PutRow | RemoveRow | SetPolicy


def compile_edit(edit: PolicyEdit, content: Content) -> Operation:
    """The operation on one entry. Raises Invalid("unknown_row")."""
    match edit:
        case SetPolicy():
            return _operation(HEAD, content, edit.policy)
        case PutRow():
            return _operation(edit.row.key, content, edit.row)
    key = entry_id("row", edit.table, edit.id)
    if key not in content:
        raise Invalid("unknown_row", f"The policy has no row {key}.", entry=key)
    return _operation(key, content, None)


def _operation(key: str, content: Content, after: Model | None) -> Operation:
    before = content.get(key)
    stored = None if after is None else after.model_dump(mode="json")
    return Operation(entry=key, before=None if before is None else dict(before), after=stored)


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
    if operation.entry == HEAD:
        return f"Rules of the policy beside its tables changed: {', '.join(_moved(operation))}"
    entry = operation.after or operation.before or {}
    verb = {"add": "added", "change": "changed", "remove": "taken out"}[operation.action]
    return f"Row {entry.get('id', '')} of table {entry.get('table', '')} {verb}"


def _moved(operation: Operation) -> list[str]:
    before, after = operation.before or {}, operation.after or {}
    return [name.replace("_", " ") for name in sorted(after) if before.get(name) != after[name]]


def reached(operation: Operation, content: Content) -> tuple[Touched, ...]:
    """Every open quote, for a row of the table by which quotes are approved: it names no offering."""
    entry = operation.after or operation.before or {}
    return EVERYTHING if entry.get("table") == "quote" else ()


KIND = Kind(
    name="approval",
    schema="approval/1",
    entries=TypeAdapter(Annotated[PolicyHead | PolicyRow, Field(discriminator="type")]),
    edits=TypeAdapter(Annotated[PutRow | RemoveRow | SetPolicy, Field(discriminator="edit")]),
    compile=compile_edit,
    validate=validate,
    describe=describe,
    risk="control failure",
    plane=Plane.APPROVAL,
    questions=(Question.QUOTES, Question.THRESHOLDS, Question.ROLLBACK),
    packs=(Pack.GOLDEN, Pack.OPEN_QUOTES, Pack.ACCEPTED, Pack.HIGH_RISK),
    controls=(*ALWAYS, Check.SIMULATION),
    strategy="everywhere at one instant; open requests keep the stricter of old and new",
    rollback="publish the earlier rows again",
    rules=("row",),
    reached=reached,
)
