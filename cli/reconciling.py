"""`mandate reconcile`: what can be compared, a run with its result, and the differences that it lists."""

import sys
import time
from typing import Annotated, Any

import typer

from cli.errors import TOO_LATE
from cli.here import Here, calls_api
from cli.present import counted, moment, plain, say, table, words
from domain.reconciliation import OVER, Mode

PAUSE = 0.5
SHOWN = 10
CLASSES = ("Population", "Agreeing", "Differing", "Missing", "Repeated", "Unreadable", "Not due", "Excluded")
app = typer.Typer()


@app.command()
@calls_api
def reconcile(
    here: Here,
    pair: Annotated[str | None, typer.Argument(help="What to compare; without it, the pairs there are.")] = None,
    mode: Annotated[Mode, typer.Option(help="Why: manual, incident, migration ...")] = Mode.MANUAL,
    reason: Annotated[str, typer.Option(help="In words.")] = "",
    run: Annotated[str | None, typer.Option(help="Show this earlier run instead, RC-2026-0001.")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the result.")] = True,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait at most.")] = 600.0,
) -> None:
    """Compare two record sets that should agree. Ends with 1 when something is wrong, 0 when all agrees."""
    if run is None and pair is None:
        here.show(here.api.get("/api/reconciliation-pairs"), _show_pairs)
        return
    if run is None:
        asked = {"pair": pair, "mode": mode.value, "reason": reason}
        run = str(here.api.post("/api/reconciliations", asked)["run"])
    view = _followed(here, run, timeout) if wait else here.api.get(f"/api/reconciliations/{run}")
    state = view["summary"]["state"]
    here.show(view, lambda found: _show_run(here, found))
    if wait and state not in OVER:
        sys.exit(TOO_LATE)
    if state in ("failed", "cancelled") or (view["result"] or {}).get("breaks"):
        sys.exit(1)


def _followed(here: Here, run: str, timeout: float) -> dict[str, Any]:
    limit, told = time.monotonic() + timeout, ""
    while True:
        view: dict[str, Any] = here.api.get(f"/api/reconciliations/{run}")
        summary = view["summary"]
        if summary["state"] in OVER or time.monotonic() > limit:
            return view
        if summary["phase"] not in ("", told):
            told = summary["phase"]
            print(plain(f"{run}: {told}"), file=sys.stderr)
        time.sleep(PAUSE)


def _show_pairs(found: list[dict[str, Any]]) -> None:
    rows = [
        (item["id"], item["question"], words(item["owner_group"]), _last(item["last"]), item["open_work"])
        for item in found
    ]
    table(("Pair", "Question", "Owner", "Last run", "Open work>"), rows)


def _last(run: dict[str, Any] | None) -> str:
    if run is None:
        return "never"
    found = "" if run["breaks"] is None else f", {counted(run['breaks'], 'difference')}"
    return f"{run['id']} {run['state']}{found}"


def _show_run(here: Here, view: dict[str, Any]) -> None:
    summary, result = view["summary"], view["result"]
    say(f"{summary['id']}  {summary['title']}: {summary['state']} ({moment(summary['created_at'])})")
    say(view["declaration"]["question"])
    if result is None:
        say(f"{summary['code']}: {summary['phase']}" if summary["code"] else f"{summary['phase'] or 'waiting'} ...")
        return
    say(_verdict(result))
    sides = [(view["declaration"][name]["name"], result[name]) for name in ("left", "right")]
    rows = [(name, *map(_number, _classes(side))) for name, side in sides]
    table(("Records", *(f"{name}>" for name in CLASSES)), rows)
    for name, side in sides:
        say(_equation(name, side))
    if result["findings"]:
        _show_findings(view, result)
        _show_first(here, summary["id"])


def _classes(side: dict[str, Any]) -> list[int]:
    names = ("population", "agreeing", "differing", "missing", "repeated", "unreadable", "not_due")
    return [*(side[name] for name in names), sum(side["excluded"].values())]


def _equation(name: str, side: dict[str, Any]) -> str:
    population, agreeing, differing, *unmatched, excluded = _classes(side)
    parts = f"{agreeing + differing:,} matched + {sum(unmatched):,} unmatched + {excluded:,} excluded"
    return f"{name}: {parts} = {population:,}"


def _verdict(result: dict[str, Any]) -> str:
    if not result["breaks"]:
        return "Everything that is due agrees."
    by = ", ".join(f"{count:,} {severity}" for severity, count in result["by_severity"].items())
    return f"{counted(result['breaks'], 'difference')}: {by}."


def _show_findings(view: dict[str, Any], result: dict[str, Any]) -> None:
    due = {item["kind"]: item["due_at"] for item in view["work"]}
    repairs = view["declaration"]["repairs"]
    rows = [
        (
            _named(found),
            found["severity"],
            _number(found["records"]),
            repairs[found["repair"]]["title"],
            "yes" if found["automatic"] else "no",
            moment(due.get(f"field:{found['field']}" if found["field"] else found["kind"])),
        )
        for found in result["findings"]
    ]
    table(("Difference", "Severity", "Records>", "Recommended repair", "Automatic", "Due"), rows)
    say(f"Work of {words(view['owner_group'])} ({words(view['declaration']['owner'])}).")


def _named(found: dict[str, Any]) -> str:
    return f"{words(found['field'])} differs" if found["field"] else words(found["kind"])


def _show_first(here: Here, run: str) -> None:
    page = here.api.get(f"/api/reconciliations/{run}/differences", limit=SHOWN)
    table(("Key", "Kind", "Fields", "Left", "Right"), map(_listed, page["items"]), f"The first of {page['total']:,}")


def _listed(item: dict[str, Any]) -> tuple[str, ...]:
    fields = ", ".join(map(words, item["fields"]))
    return item["key"], words(item["kind"]), fields, _apart(item, "left"), _apart(item, "right")


def _apart(item: dict[str, Any], side: str) -> str:
    values = item[side]
    if values is None:
        return "none"
    return ", ".join(str(values.get(name)) for name in item["fields"]) or str(item[f"{side}_record"] or "there")


def _number(value: int) -> str:
    return f"{value:,}"
