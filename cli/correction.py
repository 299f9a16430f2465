"""`mandate correction fields|preview|ask|list`: data is corrected by those who answer for it (chapter 17)."""

from typing import Annotated, Any

import typer

from cli.here import Here, calls_api
from cli.present import group_names, moment, money, price, say, table, waits, words
from domain.errors import Refused
from domain.money import unit_price

app = typer.Typer()
group = typer.Typer(no_args_is_help=True, help="Correct data: ask, see before and after, read what was corrected.")
app.add_typer(group, name="correction")
Record = Annotated[str, typer.Argument(help="quote, quote_line, ...; `mandate correction fields` lists them.")]
Key = Annotated[str, typer.Argument(help="What names the record: Q-1, or Q-1/2 for line 2 of it.")]
Field = Annotated[str, typer.Argument(help="The field.")]
Value = Annotated[str, typer.Argument(help="What it should be.")]


@group.command()
@calls_api
def fields(here: Here) -> None:
    """What can be corrected, and who has to agree."""
    here.show(here.api.get("/api/corrections/fields"), _fields)


@group.command()
@calls_api
def preview(here: Here, record: Record, key: Key, field: Field, value: Value) -> None:
    """Before and after, what follows, and what rests on the record; nothing is written."""
    here.show(_preview(here, record, key, field, value), _shown)


@group.command()
@calls_api
def ask(
    here: Here,
    record: Record,
    key: Key,
    field: Field,
    value: Value,
    reason: Annotated[str, typer.Option(help="Why.")],
    original: Annotated[str | None, typer.Option(help="What you have seen; left out: what it is now.")] = None,
) -> None:
    """Ask for a correction; it is applied when all have agreed whom its type names."""
    what = {"record": record, "key": key, "field": field, "corrected": value, "reason": reason}
    body = {**what, "original": _seen(here, record, key, field, value) if original is None else original}
    asked = here.api.post("/api/corrections", body)
    here.show(asked, waits)


@group.command("list")
@calls_api
def list_applied(
    here: Here,
    record: Annotated[str | None, typer.Option(help="Only of this kind of record.")] = None,
    key: Annotated[str | None, typer.Option(help="Only of this record; a quote's finds its lines too.")] = None,
) -> None:
    """The latest corrections that were applied."""
    here.show(here.api.get("/api/corrections", record=record, key=key), _list)


def _preview(here: Here, record: str, key: str, field: str, value: str) -> Any:
    return here.api.get("/api/corrections/preview", record=record, key=key, field=field, corrected=value)


def _seen(here: Here, *what: str) -> str:
    """What it is now. Where that is refused it is asked for all the same, because trying has to be on record."""
    try:
        return str(_preview(here, *what)["preview"]["original"])
    except Refused:
        return ""


def _who(asks: Any) -> str:
    return " and ".join(group_names(groups) for groups in asks)


def _fields(found: Any) -> None:
    columns = ("Record", "Named by", "Field", "May be", "Type", "Agreed to by")
    rows = [
        (one["record"], one["key"], one["field"], one["possible"], words(one["type"]), _who(one["asks"]))
        for one in found
    ]
    table(columns, rows)


def _shown(found: Any) -> None:
    shown, currency = found["preview"], found["preview"]["currency"]
    rows = [
        (f"{one['record']} {one['key']}", one["field"], *(_figure(one["field"], one[at], currency) for at in SIDES))
        for one in (_itself(shown), *shown["follows"])
    ]
    table(("Record", "Field", "Before>", "After>"), rows)
    for kind, some in shown["downstream"].items():
        more = ", ..." if some["count"] > len(some["ids"]) else ""
        say(f"{some['count']} {kind} rest on it: {', '.join(some['ids'])}{more}")
    say(f"Tier {found['tier']}; agreed to by {_who(found['asks'])}.")


SIDES = ("before", "after")


def _itself(shown: Any) -> dict[str, Any]:
    named = {name: shown[name] for name in ("record", "key", "field")}
    return {**named, "before": shown["original"], "after": shown["corrected"]}


def _figure(field: str, value: Any, currency: str | None) -> str:
    if currency and field.endswith("_minor"):
        return money(value, currency)
    if currency and field.endswith("_micros"):
        return price(unit_price(value), currency)
    return str(value)


def _list(found: Any) -> None:
    if not found:
        say("Nothing was corrected.")
        return
    columns = ("Request", "Record", "Field", "Before>", "After>", "Asked by", "Applied", "Reason")
    table(columns, [_row(one) for one in found])


def _row(one: Any) -> tuple[object, ...]:
    what = (one["request"], f"{one['record']} {one['key']}", one["field"], one["original"], one["corrected"])
    return (*what, one["requester_name"], moment(one["applied_at"]), one["reason"])
