"""What every command that calls the API shares: where, as whom, and in which form it answers."""

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

from cli import tokens
from cli.client import Api, acting
from cli.present import show_json
from domain.errors import Unauthenticated

P = ParamSpec("P")

Url = Annotated[
    str | None, typer.Option("--url", help=f"Base address of the API; also {tokens.URL_VARIABLE}.", metavar="URL")
]
Acting = Annotated[str | None, typer.Option("--as", help="Sign in as this account for this call.", metavar="ACCOUNT")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for scripts instead of text for people.")]
OPTIONS = (("url", Url, None), ("acting", Acting, None), ("as_json", AsJson, False))


@dataclass(frozen=True)
class Here:
    """The installation and account of one call of the command line."""

    url: str
    account: str | None
    as_json: bool

    @functools.cached_property
    def api(self) -> Api:
        """The API, signed in. Raises Unauthenticated("not_signed_in")."""
        if self.account:
            return acting(self.url, self.account)
        token = tokens.token_for(self.url)
        if token is None:
            detail = f"Sign in with `mandate login ACCOUNT`, use --as, or set {tokens.TOKEN_VARIABLE}."
            raise Unauthenticated("not_signed_in", detail)
        return Api(self.url, token)

    def close(self) -> None:
        """Give the connections back, if there are any."""
        # A cached property that was used lies in the instance.
        if isinstance(used := vars(self).get("api"), Api):
            used.close()

    def show(self, value: Any, people: Callable[[Any], None]) -> None:
        """Write a value: as JSON for scripts, or by `people` for people."""
        (show_json if self.as_json else people)(value)


def calls_api(function: Callable[Concatenate[Here, P], None]) -> Callable[..., None]:
    """Give a command --url, --as and --json and hand them over as its first argument."""

    @functools.wraps(function)
    def command(
        *args: Any, url: str | None = None, acting: str | None = None, as_json: bool = False, **rest: Any
    ) -> None:
        here = Here(tokens.base_url(url), acting, as_json)
        try:
            function(here, *args, **rest)
        finally:
            here.close()

    signature = inspect.signature(function)
    own = list(signature.parameters.values())[1:]
    command.__signature__ = signature.replace(parameters=_with_options(own))  # type: ignore[attr-defined]
    command.__annotations__ = {
        **{parameter.name: parameter.annotation for parameter in own},
        **{name: annotation for name, annotation, _ in OPTIONS},
    }
    return command


def _with_options(own: Sequence[inspect.Parameter]) -> list[inspect.Parameter]:
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, annotation, default in OPTIONS
    ]
    return [*own, *options]
