"""`mandate seed quotes`: open quotes by the number, in chunks that are each done once, so that it can be continued."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.client import Api
from cli.here import Here, calls_api
from cli.present import counted, say
from domain.errors import Invalid

CHUNK = 5_000
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
        lines = seed_quotes(here.api, count, seed, done)
    here.show(
        {"seed": seed, "quotes": count, "lines": lines},
        lambda o: say(f"{counted(count, 'open quote')} of seed {seed} are there, with {counted(lines, 'line')}."),
    )


def seed_quotes(api: Api, count: int, seed: int, done: Callable[[int], None]) -> int:
    """Write quotes 0 to count - 1 of a seed and return their lines; `done` is told the quotes of each chunk.

    Raises Invalid("seed_used") when the seed was used with another count, as a chunk is written once and whole.
    """
    lines = 0
    for first in range(0, count, CHUNK):
        body = {"seed": seed, "first": first, "count": min(CHUNK, count - first)}
        lines += _chunk(api, body)
        done(body["count"])
    return lines


def _chunk(api: Api, body: dict[str, int]) -> int:
    try:
        written = api.post("/api/development/quotes", body, key=f"seed/{body['seed']}/{body['first']}")
    except Invalid as failure:
        if failure.code != "idempotency_key_reused":
            raise
        detail = f"Seed {body['seed']} was used with another --count; choose another --seed, or the same count."
        raise Invalid("seed_used", detail) from failure
    return int(written["lines"])


@contextmanager
def _progress(count: int, quiet: bool) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("Quotes"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr), disable=quiet or not sys.stderr.isatty()) as bar:
        task = bar.add_task("quotes", total=count)
        yield lambda number: bar.advance(task, number)
