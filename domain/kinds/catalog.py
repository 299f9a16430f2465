"""Kind `catalog`: offerings, categories, attributes, option groups and bundle components (chapter 9)."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, StrictBool, StrictInt, TypeAdapter

from domain.artifact import Content, Operation, Problem, entry_id
from domain.kinds.entries import Code, Put, Remove, Text, compile_entry
from domain.kinds.kind import ALWAYS, Check, Kind, Pack, Plane, Question, Touched
from domain.model import Model

Quantity = Annotated[StrictInt, Field(ge=0)]


class Offering(Model):
    """Something that can be sold, alone or inside a bundle. `regulated`: a law governs to whom and how."""

    type: Literal["offering"] = "offering"
    id: Code
    name: Code
    description: Text = ""
    family: Text = ""
    lifecycle: Literal["active", "retired"] = "active"
    sellable: StrictBool = True
    specification: Text = ""
    unit: Text = "each"
    selling_models: tuple[Code, ...] = ()
    categories: tuple[Code, ...] = ()
    attributes: tuple[Code, ...] = ()
    regulated: StrictBool = False

    @property
    def key(self) -> str:
        return entry_id("offering", self.id)


class Category(Model):
    """A shelf of the catalog; `parent` is another category or empty."""

    type: Literal["category"] = "category"
    id: Code
    name: Code
    parent: Text = ""

    @property
    def key(self) -> str:
        return entry_id("category", self.id)


class Attribute(Model):
    """A property that is chosen when configuring; `values` is empty where any value of the data type will do."""

    type: Literal["attribute"] = "attribute"
    id: Code
    name: Code
    data_type: Code = "text"
    values: tuple[Code, ...] = ()
    default: Text = ""

    @property
    def key(self) -> str:
        return entry_id("attribute", self.id)


class Group(Model):
    """A group of options in a bundle: at least `minimum`, at most `maximum` of its components (None: no limit)."""

    type: Literal["group"] = "group"
    id: Code
    bundle: Code
    name: Code
    minimum: Quantity = 0
    maximum: Quantity | None = None

    @property
    def key(self) -> str:
        return entry_id("group", self.bundle, self.id)


class Component(Model):
    """An offering inside a bundle, in a group, with its quantity bounds."""

    type: Literal["component"] = "component"
    bundle: Code
    group: Code
    offering: Code
    required: StrictBool = False
    default: StrictBool = False
    quantity: Quantity = 1
    minimum: Quantity = 0
    maximum: Quantity | None = None

    @property
    def key(self) -> str:
        return entry_id("component", self.bundle, self.group, self.offering)


CatalogEntry: TypeAlias = Offering | Category | Attribute | Group | Component
Entries: TypeAlias = Annotated[CatalogEntry, Field(discriminator="type")]


def validate(contents: Mapping[str, Content]) -> tuple[Problem, ...]:
    """References exist, option groups have valid cardinality, bundles do not contain themselves (R-9.3)."""
    catalog = contents.get("catalog", {})
    by_type: dict[str, list[Mapping[str, Any]]] = {}
    for entry in catalog.values():
        by_type.setdefault(entry["type"], []).append(entry)
    offerings = {entry["id"] for entry in by_type.get("offering", ())}
    components = by_type.get("component", [])
    return (
        *_missing(components, offerings),
        *_cardinality(by_type.get("group", ()), components),
        *_cycles(components),
    )


def _missing(components: Iterable[Mapping[str, Any]], offerings: set[str]) -> Iterable[Problem]:
    for part in components:
        for code in {part["bundle"], part["offering"]} - offerings:
            yield Problem(
                code="unknown_offering",
                subject=code,
                message=f"Bundle {part['bundle']} refers to {code}, which the catalog does not have.",
                mend="Add the offering or take the component out of the bundle.",
            )


def _cardinality(groups: Iterable[Mapping[str, Any]], components: Iterable[Mapping[str, Any]]) -> Iterable[Problem]:
    members: dict[tuple[str, str], int] = {}
    for part in components:
        members[part["bundle"], part["group"]] = members.get((part["bundle"], part["group"]), 0) + 1
    for group in groups:
        maximum = group["maximum"]
        if (maximum is not None and group["minimum"] > maximum) or group["minimum"] > members.get(
            (group["bundle"], group["id"]), 0
        ):
            yield Problem(
                code="bad_cardinality",
                subject=f"{group['bundle']}/{group['id']}",
                message=f"Group {group['name']} of {group['bundle']} asks for {group['minimum']} of "
                f"{members.get((group['bundle'], group['id']), 0)} options, at most {maximum}.",
                mend="Lower the minimum, raise the maximum or add options.",
            )


def _cycles(components: Iterable[Mapping[str, Any]]) -> Iterable[Problem]:
    parts: dict[str, set[str]] = {}
    for part in components:
        parts.setdefault(part["bundle"], set()).add(part["offering"])
    for bundle in sorted(parts):
        if _reaches(bundle, parts):
            yield Problem(
                code="bundle_cycle",
                subject=bundle,
                message=f"Bundle {bundle} contains itself.",
                mend="Take the component that leads back to the bundle out.",
            )


def _reaches(bundle: str, parts: Mapping[str, set[str]]) -> bool:
    seen: set[str] = set()
    ahead = list(parts[bundle])
    while ahead:
        code = ahead.pop()
        if code == bundle:
            return True
        if code not in seen:
            seen.add(code)
            ahead.extend(parts.get(code, ()))
    return False


def describe(operation: Operation) -> str:
    """`Offering Fibre 500 added`, from the entry's own name."""
    entry = operation.after or operation.before or {}
    name = entry.get("name") or f"{entry['offering']} in {entry['bundle']}"
    verb = {"add": "added", "change": "changed", "remove": "taken out"}[operation.action]
    moved = ""
    if operation.before and operation.after:
        moved = ": " + ", ".join(sorted(k for k in operation.after if operation.after[k] != operation.before.get(k)))
    return f"{str(entry['type']).capitalize()} {name} {verb}{moved}"


def touched(operation: Operation) -> tuple[Touched, ...]:
    """The offering or bundle that an entry belongs to."""
    entry = operation.after or operation.before or {}
    match entry["type"]:
        case "offering":
            return (Touched(offering=entry["id"]),)
        case "group" | "component":
            return (Touched(offering=entry["bundle"]),)
        case _:
            return ()


KIND = Kind(
    name="catalog",
    schema="catalog/1",
    entries=TypeAdapter(Entries),
    edits=TypeAdapter(Annotated[Put[Entries] | Remove, Field(discriminator="edit")]),
    compile=compile_entry,
    validate=validate,
    describe=describe,
    risk="invalid sellable product",
    plane=Plane.CATALOG,
    questions=(Question.QUOTES, Question.ORDERS, Question.ASSETS, Question.PROMOTIONS, Question.ROLLBACK),
    packs=(Pack.GOLDEN, Pack.OPEN_QUOTES, Pack.RENEWALS, Pack.DECOMPOSITIONS),
    controls=(*ALWAYS, Check.SIMULATION),
    strategy="market by market at the local effective time, verified in the runtime catalog",
    rollback="publish the earlier catalog entries again",
    touched=touched,
    importable=True,
)
