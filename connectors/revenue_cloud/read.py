"""From a folder to an import result: read every file, map, check, account."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connectors.revenue_cloud.bundles import UNGROUPED, Bundles, read_bundles
from connectors.revenue_cloud.checks import check_kinds
from connectors.revenue_cloud.layout import (
    CATALOG,
    KEY_ONLY,
    LEFT_FILES,
    LEFT_FOLDERS,
    OPTIONAL,
    PRICING,
    RATES,
    READ,
    UNKNOWN_FILE,
    UNKNOWN_FOLDER,
)
from connectors.revenue_cloud.ledger import BadCell, Ledger, Register
from connectors.revenue_cloud.prices import Prices, read_prices
from connectors.revenue_cloud.products import Products, grouped, read_products
from connectors.revenue_cloud.report import FileReport, FolderLeft, ImportReport, ImportResult, shown
from connectors.revenue_cloud.table import Table, read_table
from domain.canonical import digest
from domain.errors import Invalid
from domain.kinds.catalog import Attribute, Category, Component, Group, Offering
from domain.kinds.pricing import BundlePrice, Cost, Price, Rate

Entries = dict[str, dict[str, Any]]
ENTRY_TYPES = ("offering", "category", "attribute", "group", "component", "price", "cost", "bundle", "rate")
RULES = ("bundle", "rate")
NOTES = (
    "The source knows neither markets nor channels: every price holds for every market and channel (*).",
    "Only the standard price book is read; its prices hold from the publication of the change, without an end.",
    "A product can be sold when it is active, has a price that is taken over and is not sold only with other products.",
)


def read_revenue_cloud(folder: Path) -> ImportResult:
    """Read a catalog and price book from CSV tables in `<name>-pcm` and `<name>-pricing` below `folder`.

    Whatever is wrong with files or rows is in the result's problems, and its contents are then empty.
    Raises Invalid("not_a_revenue_cloud_export") when the folder does not have this layout at all.
    """
    name = _name(folder)
    tables = {
        file: read_table(folder / f"{name}-{room}" / f"{file}.csv", f"{name}-{room}/{file}.csv", columns)
        for (room, file), columns in READ.items()
    }
    optional = {
        file: _optional(folder / f"{name}-{room}" / f"{file}.csv", f"{name}-{room}/{file}.csv", columns)
        for (room, file), columns in OPTIONAL.items()
    }
    tables |= optional
    aside = _aside(folder, name)
    ledger = Ledger()
    ledger.problems += [problem for table in tables.values() for problem in table.problems]
    catalog: Entries = {}
    pricing: Entries = {}
    if all(table.usable for table in tables.values()):
        catalog, pricing = _contents(tables, ledger)
    if ledger.problems:
        catalog, pricing = {}, {}
    wanted = {**READ, **{key: columns for key, columns in OPTIONAL.items() if optional[key[1]].file}}
    mapped = [ledger.account(tables[file], set(columns) - KEY_ONLY) for (_, file), columns in wanted.items()]
    report = ImportReport(
        files=(*mapped, *(_left(table, room, file) for (room, file), table in aside.items())),
        folders=_folders(folder, name),
        notes=NOTES,
        problems=tuple(sorted(ledger.problems, key=lambda problem: (problem.file, problem.line or 0, problem.column))),
        entries=_totals(catalog, pricing),
    )
    sources = sorted((table.file, table.digest) for table in (*tables.values(), *aside.values()) if table.file)
    return ImportResult(
        catalog=catalog,
        pricing=pricing,
        report=report,
        digest=digest({"sources": sources, "catalog": catalog, "pricing": pricing}),
    )


def _name(folder: Path) -> str:
    """The `<name>` of the export. Exactly one folder `<name>-pcm` says what is to be read."""
    try:
        found = [path.name for path in folder.iterdir() if path.name.endswith(f"-{CATALOG}") and path.is_dir()]
    except (OSError, ValueError) as error:
        raise Invalid("not_a_revenue_cloud_export", f"The folder cannot be read: {shown(str(error))}.") from None
    if len(found) != 1 or not (found[0].isascii() and found[0].isprintable()):
        detail = f"A folder with one sub-folder *-{CATALOG} of CSV tables is needed; there are {len(found)}."
        raise Invalid("not_a_revenue_cloud_export", detail)
    return found[0].removesuffix(f"-{CATALOG}")


def _aside(folder: Path, name: str) -> dict[tuple[str, str], Table]:
    """The other CSV files beside those that are mapped, read only to say how many rows are left."""
    return {
        (room, path.stem): read_table(path, f"{name}-{room}/{shown(path.name)}")
        for room in (CATALOG, PRICING, RATES)
        for path in sorted((folder / f"{name}-{room}").glob("*.csv"))
        if (room, path.stem) not in READ and (room, path.stem) not in OPTIONAL
    }


def _optional(path: Path, file: str, columns: tuple[str, ...]) -> Table:
    """A file that an export may lack: then it has no rows and no name."""
    return read_table(path, file, columns) if path.exists() else Table("")


def _left(table: Table, room: str, file: str) -> FileReport:
    return FileReport(file=table.file, rows=table.records, left_because=LEFT_FILES.get((room, file), UNKNOWN_FILE))


def _folders(folder: Path, name: str) -> tuple[FolderLeft, ...]:
    read = {f"{name}-{room}" for room in (CATALOG, PRICING, RATES)}
    return tuple(
        FolderLeft(
            folder=shown(path.name),
            files=sum(1 for _ in path.rglob("*.csv")),
            reason=LEFT_FOLDERS.get(path.name.removeprefix(f"{name}-"), UNKNOWN_FOLDER),
        )
        for path in sorted(folder.iterdir())
        if path.is_dir() and path.name not in read
    )


def _contents(tables: Mapping[str, Table], ledger: Ledger) -> tuple[Entries, Entries]:
    products = read_products(tables, ledger)
    bundles = read_bundles(tables, products.offerings, ledger)
    prices = read_prices(tables, products, ledger)
    _finish(products, prices)
    catalog: Entries = {}
    for register in (products.offerings, products.categories, products.attributes, bundles.groups, bundles.components):
        _add(catalog, register, ledger)
    _add_ungrouped(catalog, bundles)
    pricing: Entries = {}
    for priced in (prices.prices, prices.costs, prices.bundles, prices.rates):
        _add(pricing, priced, ledger)
    check_kinds(catalog, pricing, bundles, ledger)
    return dict(sorted(catalog.items())), dict(sorted(pricing.items()))


def _finish(products: Products, prices: Prices) -> None:
    """Offerings learn from their prices whether they can be sold, and that they have old one-time prices."""
    models = grouped(products.options.found.values())
    priced: dict[str, list[str]] = {}
    for price in prices.prices.found.values():
        priced.setdefault(price.offering, []).append(price.selling_model)
    for sku, offering in products.offerings.found.items():
        offered = tuple(dict.fromkeys([*models.get(sku, []), *priced.get(sku, [])]))
        update = {"selling_models": offered, "sellable": offering.sellable and sku in priced}
        products.offerings.found[sku] = offering.model_copy(update=update)


def _add(
    content: Entries,
    register: Register[Offering]
    | Register[Category]
    | Register[Attribute]
    | Register[Group]
    | Register[Component]
    | Register[Price]
    | Register[Cost]
    | Register[BundlePrice]
    | Register[Rate],
    ledger: Ledger,
) -> None:
    for name, entry in register.found.items():
        if entry.key in content:
            ledger.fault(register.rows[name], BadCell("", f"an earlier row already makes the entry {entry.key}"))
        content[entry.key] = entry.model_dump(mode="json")


def _add_ungrouped(catalog: Entries, bundles: Bundles) -> None:
    for component in bundles.components.found.values():
        if component.group == UNGROUPED:
            group = Group(id=UNGROUPED, bundle=component.bundle, name="Ungrouped")
            catalog.setdefault(group.key, group.model_dump(mode="json"))


def _totals(*contents: Entries) -> dict[str, int]:
    counts = Counter(entry["type"] for content in contents for entry in content.values())
    return {name: counts[name] for name in ENTRY_TYPES if counts[name] or name not in RULES}
