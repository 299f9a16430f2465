"""Kind `security`: who may do what, with duties that no one may hold together; and who owns which domain (R-3.1).

Ownership is authority over content, so its table is governed here, as an artifact of its own (R-2.1, R-2.2).
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from domain.artifact import Content, Entry, Problem, entry_id
from domain.certification import Answered
from domain.kinds.entries import Code, Put, Remove, Sentence, compile_entry, describe_entry, of_type, unknown
from domain.kinds.kind import ALWAYS, Check, Kind, Pack, Plane, Question
from domain.model import Model
from domain.ownership import Activity, Domain, Function, KindOwnership, ownership_problems
from domain.standard import StandardChange


class Permission(Model):
    """Something that can be permitted."""

    type: Literal["permission"] = "permission"
    id: Code
    name: Code

    @property
    def key(self) -> str:
        return entry_id("permission", self.id)


class Role(Model):
    """A set of permissions."""

    type: Literal["role"] = "role"
    id: Code
    name: Code
    permissions: Annotated[tuple[Code, ...], Field(min_length=1)]

    @property
    def key(self) -> str:
        return entry_id("role", self.id)


class Grant(Model):
    """A group holds a role."""

    type: Literal["grant"] = "grant"
    role: Code
    group: Code

    @property
    def key(self) -> str:
        return entry_id("grant", self.role, self.group)


class Conflict(Answered):
    """Two permissions that no role and no group may hold together, and why."""

    type: Literal["conflict"] = "conflict"
    first: Code
    second: Code
    because: Sentence

    @property
    def key(self) -> str:
        return entry_id("conflict", *sorted((self.first, self.second)))


Entries: TypeAlias = Annotated[
    Permission | Role | Grant | Conflict | Domain | Function | Activity | KindOwnership | StandardChange,
    Field(discriminator="type"),
]


def access(content: Content) -> dict[str, frozenset[str]]:
    """The permissions of each group, through all its roles."""
    roles = {role["id"]: role["permissions"] for role in of_type(content, "role")}
    held: dict[str, set[str]] = {}
    for grant in of_type(content, "grant"):
        held.setdefault(grant["group"], set()).update(roles.get(grant["role"], ()))
    return {group: frozenset(permissions) for group, permissions in held.items()}


def consequences(before: Content, after: Content) -> tuple[str, ...]:
    """Who gains and who loses which access, one sentence a group (R-3.1)."""
    old, new = access(before), access(after)
    found = []
    for group in sorted(old.keys() | new.keys()):
        had, has = old.get(group, frozenset()), new.get(group, frozenset())
        for verb, moved in (("gains", has - had), ("loses", had - has)):
            if moved:
                found.append(f"{group} {verb} {', '.join(sorted(moved))}")
    return tuple(found)


def validate(contents: Mapping[str, Content]) -> tuple[Problem, ...]:
    """Roles and conflicts name what exists, nobody holds duties in conflict, and every domain has its owner."""
    content = contents.get("security", {})
    permissions = {permission["id"] for permission in of_type(content, "permission")}
    roles = of_type(content, "role")
    return (
        *_references(content, permissions, roles),
        *_conflicts(of_type(content, "conflict"), roles, access(content)),
        *ownership_problems(content),
        *(problem for template in of_type(content, "standard_change") for problem in _template(template)),
    )


def _template(template: Entry) -> Iterable[Problem]:
    """A pre-approval covers content that people look at often, never authority itself."""
    if template["artifact"].partition("/")[0] in ("security", "approval", "migration"):
        yield Problem(
            code="not_standard",
            subject=template["name"],
            message=f"{template['name']} would let {template['artifact']} change without anybody being asked.",
            mend="Standard changes are for content; access, policies and migrations are decided each time.",
        )


def _references(content: Content, permissions: set[str], roles: list[Entry]) -> Iterable[Problem]:
    for role in roles:
        for name in sorted(set(role["permissions"]) - permissions):
            yield unknown(f"Role {role['name']}", "permission", name, "Add the permission first.")
    for conflict in of_type(content, "conflict"):
        for name in sorted({conflict["first"], conflict["second"]} - permissions):
            yield unknown("A conflict of duties", "permission", name, "Add the permission first.")
    for grant in of_type(content, "grant"):
        if grant["role"] not in {role["id"] for role in roles}:
            yield unknown(f"The grant to {grant['group']}", "role", grant["role"], "Add the role first.")


def _conflicts(
    conflicts: Iterable[Entry], roles: Iterable[Entry], held: Mapping[str, frozenset[str]]
) -> Iterable[Problem]:
    """A role holds its own permissions, a group those of all its roles: neither may hold both sides of a conflict."""
    parties = [(f"Role {role['name']}", frozenset(role["permissions"])) for role in roles]
    parties += [(f"Group {group}", permissions) for group, permissions in sorted(held.items())]
    for conflict in conflicts:
        both = {conflict["first"], conflict["second"]}
        for who, permissions in parties:
            if both <= permissions:
                yield Problem(
                    code="conflict_of_duties",
                    subject=who,
                    message=f"{who} would hold {' and '.join(sorted(both))} together: {conflict['because']}",
                    mend="Give one of the two to another role and group.",
                )


KIND = Kind(
    name="security",
    schema="security/1",
    entries=TypeAdapter(Entries),
    edits=TypeAdapter(Annotated[Put[Entries] | Remove, Field(discriminator="edit")]),
    compile=compile_entry,
    validate=validate,
    describe=describe_entry,
    risk="data exposure or fraud",
    plane=Plane.PLATFORM,
    questions=(Question.THRESHOLDS, Question.CONTRACTS, Question.ROLLBACK),
    packs=(Pack.GOLDEN, Pack.HIGH_RISK),
    controls=(*ALWAYS, Check.SIMULATION, Check.ACCESS),
    strategy="everywhere at one instant; what is taken away ends at once",
    rollback="publish the earlier roles again; what was done with the access is listed",
    rules=("conflict",),
    consequences=consequences,
)
