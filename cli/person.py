"""`mandate person ...`: letting people in and shutting them out; administrators only."""

from typing import Annotated

import typer

from cli.here import Here, calls_api
from cli.present import say

app = typer.Typer()
group = typer.Typer(no_args_is_help=True, help="Shut people out and let them in again; administrators only.")
app.add_typer(group, name="person")
Person = Annotated[str, typer.Argument(help="Id of the person, for example ines.castellano.")]


@group.command("shut-out")
@calls_api
def shut_out(here: Here, person: Person) -> None:
    """End everything that a person may do, and every session, at once."""
    here.api.put(f"/api/persons/{person}/active", {"active": False})
    here.show({"person": person, "active": False}, lambda _: say(f"{person} is shut out."))


@group.command("let-in")
@calls_api
def let_in(here: Here, person: Person) -> None:
    """Let a person in again who was shut out."""
    here.api.put(f"/api/persons/{person}/active", {"active": True})
    here.show({"person": person, "active": True}, lambda _: say(f"{person} is let in."))
