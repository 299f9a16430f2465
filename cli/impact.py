"""`mandate change impact`: the ten answers about a change, how they were found, and their lists as files."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.here import Here, calls_api
from cli.present import money, say, table, totals
from domain.errors import Invalid
from domain.impact import FAULTS

LISTS = (
    "Which list: quotes, orders, assets, renewals, promotions, thresholds, clauses, billing, contracts, reports or "
    "rollback."
)


@calls_api
def impact(
    here: Here,
    change: Annotated[str, typer.Argument(help="Id of the change, CR-2026-0001.")],
    csv: Annotated[Path | None, typer.Option(help="Keep the whole list as CSV in this file.")] = None,
    parquet: Annotated[Path | None, typer.Option(help="Keep the whole list as Parquet in this file.")] = None,
    documents: Annotated[str, typer.Option(help=LISTS)] = "quotes",
) -> None:
    """What a change moves: quotes, orders, assets, promotions, thresholds, clauses, mappings, events, reports."""
    found = here.api.get(f"/api/changes/{change}/impact")
    for file, wanted in ((csv, "csv"), (parquet, "parquet")):
        if file is not None:
            _keep(file, here.api.download(f"/api/changes/{change}/impact/{documents}/export", format=wanted))
    here.show(found, _show)
    for file in (csv, parquet):
        if file is not None and not here.as_json:
            say(f"{documents.capitalize()} are in {file}.")


def _keep(file: Path, data: bytes) -> None:
    try:
        file.write_bytes(data)
    except OSError as failure:
        raise Invalid("cannot_write", f"{file} cannot be written: {failure.strerror}.") from failure


def _show(found: Any) -> None:
    impact = found["impact"]
    answers = [*impact["answers"], *([impact["renewals"]] if impact["renewals"] else [])]
    rows = [
        (found["titles"].get(a["name"], "renewals in the next 90 days"), f"{a['count']:,}", _money(a), a["source"])
        for a in answers
    ]
    table(["Question", "How many>", "Money", "Where it was looked"], rows)
    for fault, number in impact["faults"].items():
        say(f"Counted although wrong: {FAULTS.get(fault, fault)}: {number:,}")
    if found["provenance"]:
        say(f"Found by {found['provenance']['way']}: {found['provenance']['because']}")
    if found["confirmation"]:
        for movement in found["confirmation"]["movements"]:
            beyond = " (beyond the policy's bound)" if movement["beyond"] else ""
            seen, now = (_figure(movement[side], movement["currency"]) for side in ("seen", "now"))
            say(f"Before the release: {movement['figure']} {seen} became {now}{beyond}")


def _figure(found: int, currency: str) -> str:
    """A number, or an amount in minor units of a currency."""
    return money(found, currency) if currency else f"{found:,}"


def _money(answer: Any) -> str:
    return totals(answer["value"]) if answer["value"] else ""
