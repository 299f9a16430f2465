"""`mandate travel 3d`: move business time ahead, in development mode (D9)."""

from typing import Annotated, Any

import typer

from cli.duration import in_words, seconds_of
from cli.here import Here, calls_api
from cli.present import counted, moment, say

app = typer.Typer()


@app.command()
@calls_api
def travel(
    here: Here,
    duration: Annotated[int, typer.Argument(parser=seconds_of, metavar="DURATION", help="3d, 36h, 3d12h, 90s.")],
) -> None:
    """Move business time ahead and the waiting workflows with it; development mode only."""
    journey = here.api.post("/api/development/travel", {"seconds": duration})
    here.show({**journey, **here.api.get("/api/clock")}, _people)


def _people(journey: Any) -> None:
    say(f"Business time moved ahead by {in_words(journey['seconds'])}; it is {moment(journey['now'])} now.")
    say(f"{counted(journey['moved'], 'workflow')} moved along.")
    for change, reason in journey["stayed"].items():
        say(f"  {change} did not: {reason}")
