"""`mandate running`: which release of each platform component is live, and so may be deployed."""

from typing import Annotated, Any

import typer

from cli.here import Here, calls_api
from cli.present import moment, say, table

app = typer.Typer()


@app.command("running")
@calls_api
def running(
    here: Here, component: Annotated[str | None, typer.Argument(help="A component; left out: all of them.")] = None
) -> None:
    """Which release of each platform component is live: where, since when, by which change."""
    here.show(here.api.get("/api/platform-releases", component=component), _show)


def _show(found: Any) -> None:
    if not found:
        say("No release of it is live.")
        return
    columns = ("Component", "Version", "Where", "Since", "By", "Artifact", "Commit", "Goes back to")
    table(columns, map(_row, found))


def _row(one: Any) -> tuple[object, ...]:
    release, where = one["release"], ", ".join(one["markets"])
    live = (release["component"], release["version"], where, moment(one["since"]), one["change"])
    return (*live, release["digest"], release["commit"], release["rolls_back_to"])
