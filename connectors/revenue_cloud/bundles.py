"""Option groups and components of bundles, with their cardinality."""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.revenue_cloud.cells import code, quantity, yes
from connectors.revenue_cloud.ledger import BadCell, Ledger, LeftOut, Register, collect
from connectors.revenue_cloud.table import Row, Table
from domain.kinds.catalog import Component, Group, Offering

PARENT = "ParentProduct.StockKeepingUnit"
CHILD = "ChildProduct.StockKeepingUnit"
GROUP = "ProductComponentGroup.Code"
RELATION = "ProductRelationshipType.Name"
BUNDLE_ROLES = ("Bundle", "BundleComponent")
UNGROUPED = "ungrouped"
SHELL = "the group only holds other groups, and groups are not nested here"


@dataclass(frozen=True, slots=True)
class Bundles:
    """Groups and components by their source keys."""

    groups: Register[Group]
    components: Register[Component]


def read_bundles(tables: Mapping[str, Table], offerings: Register[Offering], ledger: Ledger) -> Bundles:
    """Read groups, then components; one that names no group is in the group `ungrouped` of its bundle."""
    groups = _groups(tables["ProductComponentGroup"], offerings, ledger)
    components = _components(tables, offerings, groups, ledger)
    _leave_shells(groups, components, ledger)
    return Bundles(groups, components)


def _groups(table: Table, offerings: Register[Offering], ledger: Ledger) -> Register[Group]:
    known = {row["Code"] for row in table.rows}

    def build(row: Row) -> Group:
        bundle = offerings.get(row[PARENT], PARENT)
        if row["ParentGroup.Code"] and row["ParentGroup.Code"] not in known:
            raise BadCell("ParentGroup.Code", f"{table.file} has no {row['ParentGroup.Code']}")
        minimum, maximum = quantity(row, "MinBundleComponents"), quantity(row, "MaxBundleComponents")
        _ordered(minimum, maximum, "MaxBundleComponents")
        name = code(row, "Name")
        return Group(id=code(row, "Code"), bundle=bundle.id, name=name, minimum=minimum or 0, maximum=maximum)

    groups = collect(ledger, table, ("Code",), "group", build)
    for key, row in groups.rows.items():
        if key in groups.found and row["ParentGroup.Code"]:
            ledger.leave_cell(row, "ParentGroup.Code", "groups are not nested here: each counts its own components")
    return groups


def _components(
    tables: Mapping[str, Table], offerings: Register[Offering], groups: Register[Group], ledger: Ledger
) -> Register[Component]:
    relations = collect(ledger, tables["ProductRelationshipType"], ("Name",), "which rows are components", _relation)

    def build(row: Row) -> Component:
        relations.get(row[RELATION], RELATION)
        if not row[CHILD] and row["ChildProductClassification.Code"]:
            raise LeftOut("a component that is any product of a classification is not supported")
        bundle = offerings.get(row[PARENT], PARENT)
        child = offerings.get(row[CHILD], CHILD)
        minimum, maximum = quantity(row, "MinQuantity"), quantity(row, "MaxQuantity")
        return Component(
            bundle=bundle.id,
            group=_group(row, bundle, groups),
            offering=child.id,
            required=yes(row, "IsComponentRequired"),
            default=yes(row, "IsDefaultComponent"),
            quantity=_quantity(row, minimum, maximum),
            minimum=minimum or 0,
            maximum=maximum,
        )

    return collect(ledger, tables["ProductRelatedComponent"], (RELATION, PARENT, GROUP, CHILD), "component", build)


def _relation(row: Row) -> str:
    name = code(row, "Name")
    if (row["MainProductRoleCat"], row["AssociatedProductRoleCat"]) != BUNDLE_ROLES:
        raise LeftOut("the relationship is not one of a bundle and a product in it")
    return name


def _group(row: Row, bundle: Offering, groups: Register[Group]) -> str:
    if not row[GROUP]:
        return UNGROUPED
    group = groups.get(row[GROUP], GROUP)
    if group.bundle != bundle.id:
        raise BadCell(GROUP, f"the group belongs to {group.bundle}, not to {bundle.id}")
    return group.id


def _quantity(row: Row, minimum: int | None, maximum: int | None) -> int:
    _ordered(minimum, maximum, "MaxQuantity")
    wanted = quantity(row, "Quantity")
    if wanted is None:
        return max(1, minimum or 0)
    if wanted < (minimum or 0) or (maximum is not None and wanted > maximum):
        raise BadCell("Quantity", "the quantity is outside MinQuantity and MaxQuantity")
    return wanted


def _ordered(minimum: int | None, maximum: int | None, column: str) -> None:
    if minimum is not None and maximum is not None and minimum > maximum:
        raise BadCell(column, f"the maximum {maximum} is below the minimum {minimum}")


def _leave_shells(groups: Register[Group], components: Register[Component], ledger: Ledger) -> None:
    """A group that only holds other groups has no options of its own, so that it cannot ask for any."""
    used = {row[GROUP] for row in components.rows.values()}
    parents = {row["ParentGroup.Code"] for row in groups.rows.values()}
    for key in [key for key in groups.found if key in parents and key not in used]:
        ledger.leave(groups.drop(key, SHELL), SHELL)
