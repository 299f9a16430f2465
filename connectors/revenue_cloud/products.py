"""Offerings with their categories, attributes and selling models, from the catalog folder."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from connectors.revenue_cloud.attributes import place, read_attributes
from connectors.revenue_cloud.cells import code, must_be_active, one_of, text, yes
from connectors.revenue_cloud.layout import MODEL, SKU
from connectors.revenue_cloud.ledger import BAD_ROW, BadCell, Ledger, LeftOut, Register, collect
from connectors.revenue_cloud.table import Row, Table
from domain.kinds.catalog import Attribute, Category, Offering

LONGEST_MODEL = 100
MODEL_TYPES = frozenset({"Evergreen", "OneTime", "TermDefined"})
DEFAULT_UNIT = "each"


@dataclass(frozen=True, slots=True)
class Link:
    """That `owner` (a product or classification) has `target` (an attribute, category or selling model)."""

    owner: str
    target: str
    order: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Products:
    """The catalog without bundles. An offering's `sellable` is a wish here: it also takes a price."""

    offerings: Register[Offering]
    categories: Register[Category]
    attributes: Register[Attribute]
    models: Register[str]
    options: Register[Link]


def read_products(tables: Mapping[str, Table], ledger: Ledger) -> Products:
    """Read the catalog files in the order in which they refer to each other."""
    attributes = read_attributes(tables, ledger)
    classes = collect(ledger, tables["ProductClassification"], ("Code",), "offering.specification", _classification)
    categories = collect(ledger, tables["ProductCategory"], ("Code",), "category", _category)
    _check_parents(ledger, categories, "ParentCategory.Code")
    models = _models(tables["ProductSellingModel"], ledger)
    offerings = _offerings(tables, classes, ledger)
    options = collect(
        ledger,
        tables["ProductSellingModelOption"],
        ("Product2.StockKeepingUnit", MODEL),
        "offering.selling_models",
        _link("Product2.StockKeepingUnit", offerings, MODEL, models),
    )
    _put_on_shelves(tables["ProductCategoryProduct"], offerings, categories, ledger)
    _give_attributes(tables, offerings, classes, attributes, ledger)
    return Products(offerings, categories, attributes, models, options)


def grouped(links: Iterable[Link]) -> dict[str, list[str]]:
    """The targets of each owner, in the source's order."""
    targets: dict[str, list[str]] = {}
    for link in sorted(links, key=lambda link: link.order):
        targets.setdefault(link.owner, []).append(link.target)
    return targets


def _link(
    owner: str, owners: Register[Offering] | Register[str], target: str, targets: Register[str] | Register[Category]
) -> Callable[[Row], Link]:
    def build(row: Row) -> Link:
        owners.get(row[owner], owner)
        found = targets.get(row[target], target)
        return Link(row[owner], found if isinstance(found, str) else found.id, (0, row.line))

    return build


def _attribute_link(
    owner: str, owners: Register[Offering] | Register[str], attributes: Register[Attribute]
) -> Callable[[Row], Link]:
    def build(row: Row) -> Link:
        must_be_active(row, "attribute's assignment")
        owners.get(row[owner], owner)
        attribute = attributes.get(row["AttributeDefinition.Code"], "AttributeDefinition.Code")
        return Link(row[owner], attribute.id, place(row))

    return build


def _classification(row: Row) -> str:
    must_be_active(row, "classification")
    return code(row, "Code")


def _category(row: Row) -> Category:
    return Category(id=code(row, "Code"), name=code(row, "Name"), parent=row["ParentCategory.Code"])


def _models(table: Table, ledger: Ledger) -> Register[str]:
    """Selling models by `name;type`, as their name; two of one name are told apart by their type."""

    def build(row: Row) -> str:
        must_be_active(row, "selling model")
        one_of(row, "SellingModelType", MODEL_TYPES)
        return code(row, "Name", LONGEST_MODEL)

    models = collect(ledger, table, ("Name", "SellingModelType"), "selling model", build)
    names = Counter(models.found.values())
    for key, name in models.found.items():
        if names[name] > 1:
            models.found[key] = f"{name} ({models.rows[key]['SellingModelType']})"
    return models


def _offerings(tables: Mapping[str, Table], classes: Register[str], ledger: Ledger) -> Register[Offering]:
    units = collect(ledger, tables["UnitOfMeasure"], ("UnitCode",), "offering.unit", lambda row: code(row, "Name"))

    def build(row: Row) -> Offering:
        if not yes(row, "IsActive"):
            raise LeftOut("the product is inactive")
        return Offering(
            id=code(row, SKU),
            name=code(row, "Name"),
            description=text(row, "Description"),
            family=text(row, "Family"),
            sellable=not yes(row, "IsSoldOnlyWithOtherProds"),
            specification=_specification(row, classes, ledger),
            unit=_unit(row, units),
        )

    return collect(ledger, tables["Product2"], (SKU,), "offering", build)


def _unit(row: Row, units: Register[str]) -> str:
    if row["UnitOfMeasure.UnitCode"]:
        return units.get(row["UnitOfMeasure.UnitCode"], "UnitOfMeasure.UnitCode").lower()
    return text(row, "QuantityUnitOfMeasure").lower() or DEFAULT_UNIT


def _specification(row: Row, classes: Register[str], ledger: Ledger) -> str:
    column = "BasedOn.Code"
    if not row[column]:
        return ""
    found = classes.find(row[column], column)
    if found is None:
        ledger.leave_cell(row, column, "the classification is left out")
    return found or ""


def _put_on_shelves(
    table: Table, offerings: Register[Offering], categories: Register[Category], ledger: Ledger
) -> None:
    owner, target = "Product.StockKeepingUnit", "ProductCategory.Code"
    build = _link(owner, offerings, target, categories)
    links = collect(ledger, table, (target, owner), "offering.categories", build)
    for sku, shelves in grouped(links.found.values()).items():
        offerings.found[sku] = offerings.found[sku].model_copy(update={"categories": tuple(shelves)})


def _give_attributes(
    tables: Mapping[str, Table],
    offerings: Register[Offering],
    classes: Register[str],
    attributes: Register[Attribute],
    ledger: Ledger,
) -> None:
    """An offering has the attributes of its classification and that one's parents, then its own."""
    name, owner = "AttributeDefinition.Code", "ProductClassification.Code"
    build = _attribute_link(owner, classes, attributes)
    table = tables["ProductClassificationAttr"]
    inherited = grouped(collect(ledger, table, (owner, name), "offering.attributes", build).found.values())
    owner = "Product2.StockKeepingUnit"
    build = _attribute_link(owner, offerings, attributes)
    table = tables["ProductAttributeDefinition"]
    own = grouped(collect(ledger, table, (owner, name), "offering.attributes", build).found.values())
    parents = _check_parents(ledger, classes, "ParentProductClassification.Code")
    for sku, offering in offerings.found.items():
        line = _ancestors(offering.specification, parents) if offering.specification else []
        codes = [code for kind in line for code in inherited.get(kind, [])] + own.get(sku, [])
        offerings.found[sku] = offering.model_copy(update={"attributes": tuple(dict.fromkeys(codes))})


def _check_parents(ledger: Ledger, register: Register[str] | Register[Category], column: str) -> dict[str, str]:
    """Parents by key, of rows whose parent is taken over. A parent that is unknown or leads back is a bad row."""
    named = {name: register.rows[name][column] for name in register.found if register.rows[name][column]}
    parents = {}
    for name, parent in named.items():
        row = register.rows[name]
        try:
            found = register.find(parent, column)
            if name in _ancestors(parent, named):
                raise BadCell(column, f"{name} is its own ancestor")
        except BadCell as bad:
            ledger.fault(row, bad)
            continue
        if found is None and register.lost[parent] != BAD_ROW:
            ledger.leave_cell(row, column, "the parent is left out")
        elif found is not None:
            parents[name] = parent
    return parents


def _ancestors(name: str, parents: Mapping[str, str]) -> list[str]:
    """The key and its ancestors from the top down; a loop ends where it closes."""
    line = [name]
    while (parent := parents.get(line[-1])) and parent not in line:
        line.append(parent)
    return line[::-1]
