"""`mandate seed`: quotes and orders by the number, in chunks that are each done once, so that it can be continued."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from analysis.order_seeding import Fault
from cli.client import Api
from cli.here import Here, calls_api
from cli.present import counted, say
from domain.errors import Invalid

CHUNK, ORDER_CHUNK = 5_000, 1_000
app = typer.Typer()
group = typer.Typer(no_args_is_help=True, help="Data for demonstrations and measurements (development).")
app.add_typer(group, name="seed")


@group.callback()
def _seed() -> None:
    """Data for demonstrations and measurements, in development mode only."""


@group.command()
@calls_api
def quotes(
    here: Here,
    count: Annotated[int, typer.Option(min=1, max=100_000_000, help="How many quotes.")],
    seed: Annotated[int, typer.Option(min=0, max=10**9, help="The same seed gives the same quotes.")] = 1,
) -> None:
    """Write open quotes priced by the live versions; run it again to continue where it ended."""
    with _progress(count, here.as_json) as done:
        batch = seed_quotes(here.api, count, seed, done)
    here.show(
        batch,
        lambda o: say(f"{counted(count, 'open quote')} of seed {seed} are there, with {counted(o['lines'], 'line')}."),
    )


@group.command()
@calls_api
def orders(
    here: Here,
    count: Annotated[int, typer.Option(min=1, max=10_000_000, help="How many orders.")],
    seed: Annotated[int, typer.Option(min=0, max=10**9, help="The same seed gives the same orders.")] = 1,
    faults: Annotated[str, typer.Option(help="What to spoil: `all`, or words with commas between them.")] = "",
    rate: Annotated[int, typer.Option(min=0, max=10_000, help="Spoilt orders in ten thousand.")] = 200,
) -> None:
    """Write orders with quotes, tasks, assets, billing and contracts; consistent, or spoilt as asked for."""
    spoiling = list(Fault) if faults == "all" else [word.strip() for word in faults.split(",") if word.strip()]
    with _progress(count, here.as_json) as done:
        spoilt = seed_orders(here.api, count, seed, {"faults": spoiling, "rate": rate}, done)
    here.show(
        {"seed": seed, "orders": count, "spoilt": spoilt},
        lambda o: say(f"{counted(count, 'order')} of seed {seed} are there, {spoilt:,} of them spoilt."),
    )


def seed_orders(api: Api, count: int, seed: int, more: dict[str, Any], done: Callable[[int], None]) -> int:
    """Write orders 0 to count - 1 of a seed and return how many are spoilt; `done` is told the orders of each chunk.

    Raises Invalid("seed_used") when the seed was used with another count or other faults.
    """
    spoilt = 0
    for first in range(0, count, ORDER_CHUNK):
        body = {"seed": seed, "first": first, "count": min(ORDER_CHUNK, count - first), **more}
        spoilt += int(_chunk(api, "/api/development/orders", body)["spoilt"])
        done(body["count"])
    return spoilt


def seed_quotes(api: Api, count: int, seed: int, done: Callable[[int], None]) -> Any:
    """Write quotes 0 to count - 1 of a seed and publish them; `done` is told the quotes of each chunk.

    Returns the published batch. Raises Conflict("seed_used") when the seed was used with another count.
    """
    batch = api.post("/api/development/seeds", {"seed": seed, "count": count})
    for first in range(0, count, CHUNK):
        if first >= batch["quotes"]:
            api.post(f"/api/development/seeds/{seed}/chunks", {"first": first})
        done(min(CHUNK, count - first))
    return api.post(f"/api/development/seeds/{seed}/publish")


def _chunk(api: Api, path: str, body: dict[str, Any]) -> Any:
    try:
        return api.post(path, body, key=f"seed/{body['seed']}/{body['first']}")
    except Invalid as failure:
        if failure.code != "idempotency_key_reused":
            raise
        detail = f"Seed {body['seed']} was used with other options; choose another --seed, or the same options."
        raise Invalid("seed_used", detail) from failure


@contextmanager
def _progress(count: int, quiet: bool) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("Written"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr), disable=quiet or not sys.stderr.isatty()) as bar:
        task = bar.add_task("records", total=count)
        yield lambda number: bar.advance(task, number)
