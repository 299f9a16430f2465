"""Attributes with the values of their picklists."""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.revenue_cloud.cells import code, must_be_active, one_of, quantity, text, yes
from connectors.revenue_cloud.ledger import BadCell, Ledger, LeftOut, Register, collect
from connectors.revenue_cloud.table import Row, Table
from domain.kinds.catalog import Attribute

DATA_TYPES = {
    "Boolean": "boolean",
    "Checkbox": "boolean",
    "Currency": "number",
    "Date": "date",
    "Datetime": "datetime",
    "Number": "number",
    "Percent": "number",
    "Text": "text",
}
PICKLIST = "Picklist"
UNSET_SEQUENCE = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a picklist, in its order."""

    picklist: str
    value: str
    default: bool
    order: tuple[int, int]


def read_attributes(tables: Mapping[str, Table], ledger: Ledger) -> Register[Attribute]:
    """Attribute entries by code; a picklist's type and active values become the attribute's own."""
    picklists = collect(ledger, tables["AttributePicklist"], ("Name",), "attribute.data_type", _picklist)
    choices = _choices(tables["AttributePicklistValue"], picklists, ledger)
    known = {(row["Picklist.Name"], row["Value"]) for row in tables["AttributePicklistValue"].rows}

    def build(row: Row) -> Attribute:
        if not yes(row, "IsActive"):
            raise LeftOut("the attribute is inactive")
        kind = one_of(row, "DataType", frozenset({PICKLIST, *DATA_TYPES}))
        key, name = code(row, "Code"), code(row, "Name")
        if kind != PICKLIST:
            return Attribute(id=key, name=name, data_type=DATA_TYPES[kind], default=text(row, "DefaultValue"))
        data_type = picklists.get(row["Picklist.Name"], "Picklist.Name")
        offered = choices.get(row["Picklist.Name"], [])
        values = tuple(dict.fromkeys(choice.value for choice in offered))
        default = row["DefaultValue"] or next((choice.value for choice in offered if choice.default), "")
        if default and default not in values:
            if (row["Picklist.Name"], default) not in known:
                raise BadCell("DefaultValue", "the default is not a value of the picklist")
            ledger.leave_cell(row, "DefaultValue", "the value is left out")
            default = ""
        return Attribute(id=key, name=name, data_type=data_type, values=values, default=default)

    return collect(ledger, tables["AttributeDefinition"], ("Code",), "attribute", build)


def place(row: Row) -> tuple[int, int]:
    """Where the source shows the row among its like: by sequence, rows without one last, then by line."""
    sequence = quantity(row, "Sequence")
    return (UNSET_SEQUENCE if sequence is None else sequence, row.line)


def _picklist(row: Row) -> str:
    must_be_active(row, "picklist")
    code(row, "Name")
    return DATA_TYPES[one_of(row, "DataType", frozenset(DATA_TYPES))]


def _choices(table: Table, picklists: Register[str], ledger: Ledger) -> dict[str, list[Choice]]:
    def build(row: Row) -> Choice:
        must_be_active(row, "picklist value")
        picklists.get(row["Picklist.Name"], "Picklist.Name")
        code(row, "Code")
        return Choice(row["Picklist.Name"], code(row, "Value"), yes(row, "IsDefault"), place(row))

    found = collect(ledger, table, ("Picklist.Name", "Code"), "attribute.values", build).found
    choices: dict[str, list[Choice]] = {}
    for choice in sorted(found.values(), key=lambda choice: choice.order):
        choices.setdefault(choice.picklist, []).append(choice)
    return choices
