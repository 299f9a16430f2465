"""The example business that ships with the product: a telecom of our own making, read from `store/example/`.

It gives a fresh installation something to govern: a catalog, a price book, markets, channels, people and groups.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar
from zoneinfo import available_timezones

import yaml
from pydantic import AfterValidator, Field, ValidationError

from domain.errors import Invalid
from domain.kinds import kind_of_artifact
from domain.kinds.catalog import Attribute, CatalogEntry, Category, Component, Group, Offering
from domain.kinds.kind import first_error
from domain.kinds.pricing import Cost, Price, Tier
from domain.model import Model
from domain.money import exponent, micros
from policies.documents import parsed

FOLDER = Path(__file__).parent / "example"
CATALOG = "catalog/standard"
PRICING = "pricing/standard"
FURTHER = {
    "content.yaml": "content/standard",
    "promotion.yaml": "promotion/standard",
    "eligibility.yaml": "eligibility/standard",
    "document.yaml": "document/standard",
    "order_mapping.yaml": "order_mapping/standard",
    "workflow.yaml": "workflow/standard",
    "integration.yaml": "integration/standard",
    "access.yaml": "security/access",
}
"""Files that list entries as their kind keeps them, and the artifacts that they are the content of."""
MICROS_OF_PERCENT_PER_BASIS_POINT = 10_000

Entries: TypeAlias = dict[str, dict[str, Any]]
Tiers: TypeAlias = dict[tuple[str, str], tuple[Tier, ...]]
FileModel = TypeVar("FileModel", bound=Model)


def _time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is not an IANA time zone")
    return name


def _currency(code: str) -> str:
    exponent(code)
    return code


Id: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=120)]


class Market(Model):
    """A country that is sold in, with its currency (ISO 4217) and time zone (IANA)."""

    code: Id
    name: str
    currency: Annotated[str, AfterValidator(_currency)]
    time_zone: Annotated[str, AfterValidator(_time_zone)]


class Channel(Model):
    """A way of selling."""

    code: Id
    name: str


class PersonGroup(Model):
    """A group of persons that policies and ownership refer to."""

    id: Id
    name: str


class Person(Model):
    """A natural person with the groups and the accounts (logins) that this person has."""

    id: Id
    name: str
    groups: tuple[Id, ...]
    accounts: Annotated[tuple[Id, ...], Field(min_length=1)]


class OfficeHours(Model):
    """When groups of people work: zone (IANA), opening hours, whose public holidays (ISO 3166)."""

    id: Id
    title: str
    zone: Annotated[str, AfterValidator(_time_zone)]
    opens: str
    closes: str
    country: str = ""
    subdivision: str = ""
    groups: tuple[Id, ...] = ()


class Account(Model):
    """A login. `person` is None for a machine, which may propose and read but never decide."""

    id: Id
    name: str
    person: Id | None


class ExampleBusiness(Model):
    """All of the example business.

    contents: artifact id -> entry id -> JSON entry, for every kind that has content before anybody has decided.
    """

    name: str
    markets: tuple[Market, ...]
    channels: tuple[Channel, ...]
    groups: tuple[PersonGroup, ...]
    persons: tuple[Person, ...]
    accounts: tuple[Account, ...]
    calendars: tuple[OfficeHours, ...] = ()
    contents: dict[str, Entries]


class _Places(Model):
    markets: tuple[Market, ...]
    channels: tuple[Channel, ...]


class _Machine(Model):
    id: Id
    name: str


class _People(Model):
    calendars: tuple[OfficeHours, ...] = ()
    groups: tuple[PersonGroup, ...]
    persons: tuple[Person, ...]
    machines: tuple[_Machine, ...]


class _ListedGroup(Model):
    id: str
    name: str
    minimum: int = 0
    maximum: int | None = None
    components: tuple[dict[str, Any], ...]


class _Bundle(Model):
    bundle: str
    groups: tuple[_ListedGroup, ...]


class _Listed(Model):
    entries: tuple[dict[str, Any], ...]


class _Catalog(Model):
    business: str
    categories: tuple[Category, ...]
    attributes: tuple[Attribute, ...]
    offerings: tuple[Offering, ...]
    bundles: tuple[_Bundle, ...]


def load_example(folder: Path | None = None) -> ExampleBusiness:
    """The example business from the files of a folder, by default the one that ships.

    Raises Invalid("bad_example") naming the file, and the line of a table, that cannot be taken.
    """
    folder = folder or FOLDER
    places = _document(folder / "markets.yaml", _Places)
    people = _document(folder / "people.yaml", _People)
    catalog = _document(folder / "catalog.yaml", _Catalog)
    with _naming("people.yaml"):
        accounts = _accounts(people)
    with _naming("catalog.yaml"):
        catalog_entries = _unique((entry.key, entry) for entry in _catalog_entries(catalog))
    prices = _prices(folder / "prices.csv", places, _tiers(folder / "tiers.csv"))
    costs = _costs(folder / "costs.csv", sorted({market.currency for market in places.markets}))
    return ExampleBusiness(
        name=catalog.business,
        markets=places.markets,
        channels=places.channels,
        groups=people.groups,
        calendars=people.calendars,
        persons=people.persons,
        accounts=accounts,
        contents={
            CATALOG: catalog_entries,
            PRICING: prices | costs | _listed(folder / "golden.yaml", PRICING),
            **{artifact: _listed(folder / name, artifact) for name, artifact in FURTHER.items()},
        },
    )


def _listed(file: Path, artifact: str) -> Entries:
    """The entries of a file in their stored form under their own keys."""
    kind = kind_of_artifact(artifact)
    listed = _document(file, _Listed)
    with _naming(file.name):
        entries = [kind.entries.validate_python(entry) for entry in listed.entries]
        return _unique((entry.key, entry) for entry in entries)


def _accounts(people: _People) -> tuple[Account, ...]:
    known = {group.id for group in people.groups}
    for person in people.persons:
        if unknown := set(person.groups) - known:
            raise ValueError(f"{person.id} is in groups that are not listed: {', '.join(sorted(unknown))}")
    logins = [Account(id=a, name=p.name, person=p.id) for p in people.persons for a in p.accounts]
    logins += [Account(id=machine.id, name=machine.name, person=None) for machine in people.machines]
    for ids in ([a.id for a in logins], [p.id for p in people.persons], [g.id for g in people.groups]):
        if twice := [name for name, count in Counter(ids).items() if count > 1]:
            raise ValueError(f"listed twice: {', '.join(twice)}")
    return tuple(logins)


def _catalog_entries(catalog: _Catalog) -> Iterator[CatalogEntry]:
    yield from catalog.categories
    yield from catalog.attributes
    yield from catalog.offerings
    for bundle in catalog.bundles:
        for listed in bundle.groups:
            group = Group(bundle=bundle.bundle, **listed.model_dump(exclude={"components"}))
            yield group
            for component in listed.components:
                yield Component.model_validate({"bundle": bundle.bundle, "group": group.id} | component)


def _prices(file: Path, places: _Places, tiers: Tiers) -> Entries:
    columns = {f"{m.code}-{c.code}": (m, c) for m in places.markets for c in places.channels}
    found: list[tuple[str, Model]] = []
    unused = set(tiers)
    for line, row in _rows(file, ("offering", "selling_model", *columns)):
        sold = (row["offering"], row["selling_model"])
        unused.discard(sold)
        with _naming(f"{file.name}, line {line}"):
            prices = [_price(sold, *columns[name], row[name], tiers.get(sold, ())) for name in columns]
        found += [(price.key, price) for price in prices]
    if unused:
        names = ", ".join(" ".join(sold) for sold in sorted(unused))
        raise Invalid("bad_example", f"tiers.csv: tiers without a price: {names}.")
    with _naming(file.name):
        return _unique(found)


def _price(sold: tuple[str, str], market: Market, channel: Channel, text: str, tiers: tuple[Tier, ...]) -> Price:
    return Price(
        offering=sold[0],
        selling_model=sold[1],
        market=market.code,
        channel=channel.code,
        currency=market.currency,
        unit_price_micros=micros(text),
        tiers=tiers,
    )


def _tiers(file: Path) -> Tiers:
    tiers: Tiers = {}
    for line, row in _rows(file, ("offering", "selling_model", "from_quantity", "percent_off")):
        with _naming(f"{file.name}, line {line}"):
            points, rest = divmod(micros(row["percent_off"]), MICROS_OF_PERCENT_PER_BASIS_POINT)
            if rest:
                raise ValueError(f"{row['percent_off']} percent is finer than a basis point")
            tier = Tier(from_quantity=int(row["from_quantity"]), off_basis_points=points)
        sold = (row["offering"], row["selling_model"])
        tiers[sold] = (*tiers.get(sold, ()), tier)
    return tiers


def _costs(file: Path, currencies: Sequence[str]) -> Entries:
    found: list[tuple[str, Model]] = []
    for line, row in _rows(file, ("offering", *currencies)):
        with _naming(f"{file.name}, line {line}"):
            for currency in currencies:
                cost = Cost(offering=row["offering"], currency=currency, unit_cost_micros=micros(row[currency]))
                found.append((cost.key, cost))
    with _naming(file.name):
        return _unique(found)


def _unique(entries: Iterable[tuple[str, Model]]) -> Entries:
    found: Entries = {}
    for key, entry in entries:
        if key in found:
            raise ValueError(f"{key} is listed twice")
        found[key] = entry.model_dump(mode="json")
    return found


def _document(file: Path, model: type[FileModel]) -> FileModel:
    with _naming(file.name):
        return model.model_validate(parsed(_text(file)))


def _rows(file: Path, columns: Sequence[str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    with _naming(file.name):
        reader = csv.DictReader(_text(file).splitlines())
        if sorted(reader.fieldnames or ()) != sorted(columns):
            raise ValueError(f"the columns are not {', '.join(columns)}")
    for row in reader:
        if None in row or None in row.values():
            raise Invalid("bad_example", f"{file.name}, line {reader.line_num}: not {len(columns)} cells.")
        yield reader.line_num, row


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None


@contextmanager
def _naming(place: str) -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        raise Invalid("bad_example", f"{place}: {first_error(error)}.") from None
    except (ValueError, Invalid, yaml.YAMLError) as error:
        raise Invalid("bad_example", f"{place}: {error}") from None
