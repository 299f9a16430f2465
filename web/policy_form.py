"""The form of a policy: its tables as rows of inputs, and back from what was typed to the document."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from domain.certification import OWN
from domain.errors import Invalid
from domain.model import Model
from policies.documents import read, written
from policies.facts import facts_of
from web.visitor import PageForm

Text = Annotated[str, Field(max_length=20_000)]
HEAD = ("owner", "confirm_within_minutes", "impact_bound_basis_points", "retires_at")
TABLES = ("tier", "stages", "quote", "request")


class PolicyForm(PageForm):
    """The form as it was filled in. Rows of all tables in one list, `cell` row by row, in the order of `column`.

    column: `table.fact` for each column that is shown; an empty name takes a row out.
    """

    owner: Text = ""
    confirm_within_minutes: Text = ""
    impact_bound_basis_points: Text = ""
    retires_at: Text = ""
    rules: Text = ""
    column: list[Text] = []
    row_table: list[Text] = []
    row_id: list[Text] = []
    row_place: list[Text] = []
    row_then: list[Text] = []
    row_because: list[Text] = []
    row_answered_by: list[Text] = []
    row_review_on: list[Text] = []
    cell: list[Text] = []
    title: Text = ""
    objective: Text = ""
    then: Literal["examine", "propose"] = "examine"


class FormRow(Model):
    """One row as it is shown: cells by column; `then` is a tier, or stages as text; empty: as the whole policy."""

    table: str
    id: str
    place: str
    cells: Mapping[str, str]
    then: str
    because: str
    answered_by: str
    review_on: str


def form_of(document: Mapping[str, Any], shown: Sequence[str] = ()) -> PolicyForm:
    """The form that a document fills in; `shown`: columns to show although no row uses them yet."""
    columns = [f"{table}.{name}" for table in TABLES for name in _columns(document, table, shown)]
    rows = [(table, row) for table in TABLES for row in document.get(table, {}).get("rows", ())]
    cells = [row["when"].get(name, "") for table, row in rows for name in _of(columns, table)]
    rest = {key: value for key, value in document.items() if key not in (*HEAD, *TABLES)}
    return PolicyForm(
        csrf="",
        key="",
        **{name: str(document.get(name) or "") if name != HEAD[2] else str(document[name]) for name in HEAD},
        rules=written(rest) if rest else "",
        column=columns,
        row_table=[table for table, _ in rows],
        row_id=[row["id"] for _, row in rows],
        row_place=[str(number) for table in TABLES for number, _ in enumerate(_rows(document, table), 1)],
        row_then=[_outcome(table, row["then"]) for table, row in rows],
        row_because=[row["because"] for _, row in rows],
        **{f"row_{name}": [row.get(name, "") for _, row in rows] for name in OWN},
        cell=cells,
    )


def document_of_form(form: PolicyForm) -> dict[str, Any]:
    """The document that a form says. Raises Invalid("bad_form", "bad_text")."""
    rest = read(form.rules, "Further rules") or {}
    if not isinstance(rest, dict):
        raise Invalid("bad_text", "Further rules: not a list of names with what they say.")
    head = {name: _number(getattr(form, name).strip()) for name in HEAD if getattr(form, name).strip()}
    rows = [row for row in rows_of(form) if row.id.strip()]
    ordered = sorted(rows, key=lambda row: _place(row))
    tables = {
        table: {"rows": [_written(row) for row in ordered if row.table == table]}
        for table in TABLES
        if any(row.table == table for row in rows)
    }
    return {**rest, **head, **tables}


def rows_of(form: PolicyForm) -> Iterator[FormRow]:
    """The rows of a form. Raises Invalid("bad_form") when its lists do not fit together."""
    names = ("table", "id", "place", "then", "because", *OWN)
    cells = iter(form.cell)
    try:
        for row in zip(*(getattr(form, f"row_{name}") for name in names), strict=True):
            said = dict(zip(names, row, strict=True))
            filled = {column: next(cells) for column in _of(form.column, said["table"])}
            yield FormRow(cells=filled, **said)
    except (ValueError, StopIteration):
        raise Invalid("bad_form", "This form does not fit together; open the page again.") from None


def columns_shown(form: PolicyForm, table: str) -> list[str]:
    """The columns that a form shows of a table."""
    return _of(form.column, table)


def _columns(document: Mapping[str, Any], table: str, shown: Sequence[str]) -> list[str]:
    used = {name for row in _rows(document, table) for name, cell in row["when"].items() if cell.strip()}
    return [fact.name for fact in facts_of(table) if fact.name in used or f"{table}.{fact.name}" in shown]


def _rows(document: Mapping[str, Any], table: str) -> Sequence[Mapping[str, Any]]:
    rows: Sequence[Mapping[str, Any]] = document.get(table, {}).get("rows", ())
    return rows


def _of(columns: Sequence[str], table: str) -> list[str]:
    return [column.partition(".")[2] for column in columns if column.partition(".")[0] == table]


def _outcome(table: str, then: Mapping[str, Any]) -> str:
    return str(then["tier"]) if table == "tier" else written(dict(then)).strip()


def _written(row: FormRow) -> dict[str, Any]:
    then = {"tier": _number(row.then.strip())} if row.table == "tier" else read(row.then, f"Row {row.id}, outcome")
    when = {column: cell for column, cell in row.cells.items() if cell.strip()}
    own = {name: said for name in OWN if (said := getattr(row, name).strip())}
    return {"id": row.id.strip(), "when": when, "then": then, "because": row.because.strip(), **own}


def _place(row: FormRow) -> tuple[str, float]:
    try:
        return row.table, float(row.place or "inf")
    except ValueError:
        raise Invalid("bad_form", f"Row {row.id}: {row.place!r} is no place.") from None


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() else text
