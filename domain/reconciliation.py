"""Reconciliation: which two record sets should agree in what, and what a comparison of them found (chapter 18).

A pair is a declaration; the engine that carries it out knows nothing of orders or charges. Every record of both sides
ends in exactly one class, so that agreeing + differing + ... + excluded is the population, or the run has failed.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, model_validator

from domain.model import Model

Name: TypeAlias = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,59}$")]
Word: TypeAlias = Annotated[str, Field(pattern="^[a-z][a-z0-9_-]{0,59}$")]
Sql: TypeAlias = Annotated[str, Field(min_length=1)]
Count: TypeAlias = Annotated[int, Field(ge=0)]

UNREADABLE = 2**63 - 1
"""What stands for a value that its column could not hold; as microseconds it is the engine's infinite instant.

It is the largest one, so that it is also what the largest of several values comes to.
"""


class Severity(StrEnum):
    """How bad a difference is, worst last."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


class Mode(StrEnum):
    """Why a run was made (R-18.2)."""

    HANDOFF = "handoff"
    SCHEDULED = "scheduled"
    EVENT = "event"
    MANUAL = "manual"
    INCIDENT = "incident"
    MIGRATION = "migration"


class RunState(StrEnum):
    """Where a run stands."""

    REQUESTED = "requested"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OVER = frozenset({RunState.DONE, RunState.FAILED, RunState.CANCELLED})


class Kind(StrEnum):
    """What is wrong with a key: on one side only, several times on a side, unreadable, or with other values."""

    MISSING_LEFT = "missing_left"
    MISSING_RIGHT = "missing_right"
    REPEATED_LEFT = "repeated_left"
    REPEATED_RIGHT = "repeated_right"
    UNREADABLE_LEFT = "unreadable_left"
    UNREADABLE_RIGHT = "unreadable_right"
    DIFFERING = "differing"
    NOT_DUE = "not_due"


class KeyPart(Model):
    """A part of the key. `text` ignores case and surrounding blanks, `integer` reads numbers from text."""

    name: Name
    type: Literal["text", "integer"] = "text"


class ComparedField(Model):
    """A field that must agree.

    type: `code` compares texts exactly, `text` without case and surrounding blanks, `instant` in UTC.
    tolerance: how far numbers (their own unit) and instants (seconds) may be apart.
    absent: the value that a missing one stands for; without it missing agrees with missing only.
    combine: how several records of one key become one value on a side that has many.
    """

    name: Name
    title: str
    type: Literal["code", "text", "integer", "instant", "boolean"] = "code"
    tolerance: Count = 0
    absent: str | int | bool | None = None
    combine: Literal["same", "sum", "min", "max", "all", "any"] = "same"
    severity: Severity
    repair: Word

    @model_validator(mode="after")
    def _fits(self) -> "ComparedField":
        if self.tolerance and self.type not in ("integer", "instant"):
            raise ValueError(f"{self.name}: only numbers and instants have a tolerance")
        if self.combine == "sum" and self.type != "integer":
            raise ValueError(f"{self.name}: only numbers are summed")
        if self.combine in ("all", "any") and self.type != "boolean":
            raise ValueError(f"{self.name}: only truth values are combined by all or any")
        return self


class Side(Model):
    """One record set.

    tables: which columns of which tables it is made of; rows: the SQL over them whose rows are the records, with a
    column for each key part and field, `record` (what a person looks it up by) and what exclusions and `due` refer to.
    excluded: reason -> SQL condition; due: SQL of the instant from which the other side must have followed.
    many: several records of one key are one value, each field combined as it says.
    """

    name: str
    tables: Annotated[Mapping[Name, tuple[Name, ...]], Field(min_length=1)]
    rows: Sql
    excluded: Mapping[Word, Sql] = {}
    due: Sql | None = None
    many: bool = False


class Rule(Model):
    """How bad a kind of difference is, and what mends it."""

    severity: Severity
    repair: Word


class Repair(Model):
    """A way to mend a difference. Only a safe one may be automatic, and only within the pair's bound (R-18.4)."""

    title: str
    safe: bool = False


class Runs(Model):
    """When a pair is compared without being asked for (R-18.2).

    every_hours: after so long without a run; closing_every_hours: on days on which a quarter or a year closes (R-12.5).
    after: kinds of change whose effect makes a run; handed_off: kinds whose content a target system has just confirmed.
    cases: the steps of changes of either sort at which a case makes a run, when it opens and when it closes.
    """

    every_hours: Annotated[int, Field(gt=0, le=24 * 31)] = 24
    closing_every_hours: Annotated[int, Field(gt=0, le=24 * 31)] = 4
    after: tuple[Word, ...] = ()
    handed_off: tuple[Word, ...] = ()
    cases: tuple[Word, ...] = ()


class Pair(Model):
    """Two record sets that should agree.

    owner: the ownership domain, whose accountable group is asked; deadline_hours: time for the work by severity;
    automatic_at_most: how many records of one kind a run may leave to automatic repair.
    """

    id: Word
    title: str
    question: str
    owner: Word
    left: Side
    right: Side
    key: Annotated[tuple[KeyPart, ...], Field(min_length=1)]
    fields: Annotated[tuple[ComparedField, ...], Field(min_length=1, max_length=60)]
    missing_left: Rule
    missing_right: Rule
    repeated: Rule
    unreadable: Rule
    repairs: Mapping[Word, Repair]
    deadline_hours: Mapping[Severity, Annotated[int, Field(gt=0)]]
    automatic_at_most: Count = 0
    runs: Runs = Runs()

    @model_validator(mode="after")
    def _complete(self) -> "Pair":
        names = [part.name for part in self.key] + [field.name for field in self.fields]
        if len(set(names)) != len(names):
            raise ValueError("key parts and fields need names of their own")
        rules = (self.missing_left, self.missing_right, self.repeated, self.unreadable)
        used = {rule.repair for rule in rules} | {field.repair for field in self.fields}
        if unknown := used - set(self.repairs):
            raise ValueError(f"no repair is described for {', '.join(sorted(unknown))}")
        if without := set(Severity) - set(self.deadline_hours):
            raise ValueError(f"no deadline for {', '.join(sorted(without))}")
        return self

    def rule(self, kind: Kind) -> Rule:
        """Severity and repair of a kind that is not about single fields."""
        rules = {
            Kind.MISSING_LEFT: self.missing_left,
            Kind.MISSING_RIGHT: self.missing_right,
            Kind.REPEATED_LEFT: self.repeated,
            Kind.REPEATED_RIGHT: self.repeated,
            Kind.UNREADABLE_LEFT: self.unreadable,
            Kind.UNREADABLE_RIGHT: self.unreadable,
        }
        return rules[kind]


class SideCount(Model):
    """The records of one side by class. `population` was counted on its own, so that the sum is a proof."""

    population: Count
    agreeing: Count = 0
    differing: Count = 0
    missing: Count = 0
    repeated: Count = 0
    unreadable: Count = 0
    not_due: Count = 0
    excluded: Mapping[str, Count] = {}

    @property
    def matched(self) -> int:
        """Records with a counterpart under the same key, whether or not all values agree."""
        return self.agreeing + self.differing

    @property
    def unmatched(self) -> int:
        """Records without exactly one counterpart, also those whose counterpart is not due yet."""
        return self.missing + self.repeated + self.unreadable + self.not_due

    @property
    def left_out(self) -> int:
        """Records that the declaration excludes, with a reason."""
        return sum(self.excluded.values())

    @property
    def proven(self) -> bool:
        """Matched + unmatched + excluded = population (R-18.3)."""
        return self.matched + self.unmatched + self.left_out == self.population


class Finding(Model):
    """All differences of one kind: for `differing` of one field. A record with two differing fields is in two."""

    kind: Kind
    field: str = ""
    severity: Severity
    records: Count
    repair: str
    automatic: bool

    @property
    def name(self) -> str:
        """What the work is called: `missing_left`, `field:amount`."""
        return f"field:{self.field}" if self.field else str(self.kind)


class Reconciliation(Model):
    """The result of a run.

    differences: how many keys are listed, `not_due` ones included; breaks: without them. The list is a file;
    differences_digest is over its ordered logical rows. sql_digest: of the statements that found it; as_of: for what
    was due.
    """

    pair: str
    declaration: str
    sql_digest: str
    as_of: str
    left: SideCount
    right: SideCount
    findings: tuple[Finding, ...]
    by_severity: Mapping[Severity, Count]
    differences: Count
    breaks: Count
    differences_digest: str
    differences_file: str

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return self.breaks == 0


class Difference(Model):
    """One key that is not as it should be, with both records side by side.

    fields: the names of those that differ; left and right: the compared values, None where there is no record.
    """

    number: Count
    kind: Kind
    severity: Severity | None
    key: str
    fields: tuple[str, ...]
    left_record: str | None
    right_record: str | None
    left: Mapping[str, Any] | None
    right: Mapping[str, Any] | None
    repair: str
    automatic: bool
    due_at: str | None
