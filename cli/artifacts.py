"""`mandate artifact ...` and `mandate price`: versions, entries, differences, and what something costs and when."""

from typing import Annotated, Any

import typer

from cli.here import Here, calls_api
from cli.present import moment, price, say, table
from domain.money import unit_price

app = typer.Typer()
group = typer.Typer(no_args_is_help=True, help="Governed content: versions, entries, differences.")
app.add_typer(group, name="artifact")

Artifact = Annotated[str, typer.Argument(help="For example pricing/standard.")]


@group.command("list")
@calls_api
def list_artifacts(here: Here) -> None:
    """Every artifact with its latest version, who answers for it, and when that has to be said anew."""
    columns = ("Artifact", "Title", "Latest version>", "Owner", "Certified by", "Certify again by")
    here.show(here.api.get("/api/artifacts"), lambda found: table(columns, map(_artifact, found)))


def _artifact(artifact: Any) -> tuple[object, ...]:
    certified = artifact["certification"] or {"owner_group": "", "person": None, "due_at": None}
    about = (artifact["id"], artifact["title"], artifact["latest"])
    return (*about, certified["owner_group"], certified["person"] or "nobody yet", moment(certified["due_at"]))


@group.command()
@calls_api
def certify(here: Here, artifact: Artifact) -> None:
    """Answer by name for an artifact and every rule in it, as it is now; for the group that owns it."""
    done = here.api.post(f"/api/artifacts/{artifact}/certification")
    here.show(done, lambda one: say(f"{one['person']} answers for {artifact}; again by {moment(one['due_at'])}."))


@group.command()
@calls_api
def rules(here: Here, artifact: Artifact) -> None:
    """Every rule of an artifact: who answers for it, and until when."""
    columns = ("Rule", "Owner", "Answered by", "Certify again by", "What is wrong")
    found = here.api.get(f"/api/artifacts/{artifact}/rules")
    here.show(found, lambda rows: table(columns, map(_rule, rows)))


def _rule(one: Any) -> tuple[object, ...]:
    return (one["rule"], one["owner_group"], one["person"] or "nobody yet", moment(one["due_at"]), one["why"])


@group.command()
@calls_api
def versions(
    here: Here, artifact: Artifact, limit: Annotated[int, typer.Option(min=1, max=200, help="How many.")] = 20
) -> None:
    """Versions, newest first, with the change that made each and where it became live."""
    found = here.api.get(f"/api/artifacts/{artifact}/versions", limit=limit)
    columns = ("Version>", "Change", "Published", "Operations>", "Live")
    here.show(found, lambda rows: table(columns, [_version(row) for row in rows]))


@group.command()
@calls_api
def entries(
    here: Here,
    artifact: Artifact,
    version: Annotated[int, typer.Argument(help="Number of the version.")],
    contains: Annotated[str, typer.Option(help="Only entries whose key contains this text.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many at most.")] = 50,
) -> None:
    """Entries of a version by key."""
    path = f"/api/artifacts/{artifact}/versions/{version}/entries"
    found = here.api.get(path, contains=contains, limit=limit)
    here.show(found, lambda page: table(("Type", "Key", "Entry"), map(_entry, page["items"])))


@group.command()
@calls_api
def difference(
    here: Here,
    artifact: Artifact,
    old: Annotated[int, typer.Argument(help="Number of the earlier version.")],
    new: Annotated[int, typer.Argument(help="Number of the later version.")],
) -> None:
    """What leads from one version to another, in business words."""
    found = here.api.get(f"/api/artifacts/{artifact}/difference", old=old, new=new)
    here.show(found, lambda answer: say(*(answer["words"] or ["Nothing differs."])))


@app.command("price")
@calls_api
def price_of(
    here: Here,
    offering: Annotated[str, typer.Argument(help="Id of the offering.")],
    selling_model: Annotated[str, typer.Option(help="For example monthly.")],
    market: Annotated[str, typer.Option(help="Code of the market.")],
    channel: Annotated[str, typer.Option(help="For example direct.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")],
    at: Annotated[str | None, typer.Option(help="An instant, 2026-12-01T00:00Z; default: now.")] = None,
) -> None:
    """What an offering costs at a place and an instant, and which version says so."""
    place = {"offering": offering, "selling_model": selling_model, "market": market, "channel": channel}
    here.show(here.api.get("/api/prices", **place, currency=currency, at=at), _price)


def _price(answer: Any) -> None:
    since = moment(answer["live_since"])
    say(price(answer["unit_price"], answer["currency"]))
    say(f"by version {answer['version']} of the price book, live since {since} ({answer['change']})")
    for tier in answer["tiers"]:
        say(f"  from {tier['from_quantity']}: {_tier(tier, answer['currency'])}")


def _tier(tier: Any, currency: str) -> str:
    if tier["unit_price_micros"] is not None:
        return price(unit_price(tier["unit_price_micros"]), currency)
    return f"{tier['off_basis_points'] / 100:g} percent off"


def _entry(entry: Any) -> tuple[object, ...]:
    rest = ", ".join(f"{key}={value}" for key, value in entry.items() if key not in ("key", "type") and value)
    return (entry["type"], entry["key"], rest)


def _version(row: Any) -> tuple[object, ...]:
    live = ", ".join(f"{a['market']} {moment(a['from_at'])}" for a in row["activations"]) or "nowhere yet"
    return (row["number"], row["change"], moment(row["published_at"]), row["operations"], live)
