"""From a template to a response: everything is escaped, and the headers let nothing foreign run."""

import secrets
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from web import present

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(present.FILTERS)
    environment.globals["fresh_key"] = lambda: secrets.token_urlsafe(16)
    return environment


TEMPLATES = _environment()


def render(request: Request, template: str, status: int = 200, /, **context: Any) -> HTMLResponse:
    """A page. `visitor` in the context is who looks at it, None for nobody yet."""
    context.setdefault("visitor", None)
    body = TEMPLATES.get_template(template).render(request=request, **context)
    return HTMLResponse(body, status, SECURITY_HEADERS)


def see(path: str) -> RedirectResponse:
    """After a write: look at a page of ours, so that reloading does not write again."""
    return RedirectResponse(path, 303)


def local_path(wanted: str) -> str:
    """A path on this site to go on with; anything that could lead elsewhere becomes the inbox."""
    plain = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted and wanted.isprintable()
    return wanted if plain else "/"
