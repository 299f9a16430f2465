"""The failures of the application as pages: the same codes and sentences as the API's problem documents."""

import json
import re
from collections.abc import Awaitable, Callable, Set
from typing import Any, NamedTuple, TypeAlias, cast
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from web.approval_parts import NOTHING_TYPED
from web.change_actions import Typed
from web.proposal_form import PriceForm
from web.rendering import render

NOT_PAGES = {"api", "healthz", "readyz", "metrics", "openapi.json"}
UNAUTHENTICATED = 401
PROPOSING = re.compile(r"/changes/(new|try|edit|[^/]+/revise)")
DECIDING = re.compile(r"/changes/([^/]+)/(decisions|withdraw|rollback|give-up|resume|agenda|minutes)")
TALKING = re.compile(r"/approvals/(CR-[^/]+)/(remarks|hand-on)")
TEXTS = {*NOTHING_TYPED, "title", "objective", "unit_price", "new_price"}
Handler: TypeAlias = Callable[[Request, Exception], Response]


class WayBack(NamedTuple):
    """Where a form is opened again after signing in, and the fields that it takes."""

    path: str
    fields: Set[str]


def install(app: FastAPI) -> None:
    """Let every exception handler of the application answer pages in HTML, and everything else as before."""
    for error, handler in list(app.exception_handlers.items()):
        if error in app.exception_handlers and _is_ours(handler):
            app.add_exception_handler(error, _for_pages(cast(Handler, handler)))


def _is_ours(handler: Callable[..., Response | Awaitable[Response]]) -> bool:
    return handler.__module__ == "api.problems"


def is_page(request: Request) -> bool:
    """Whether a person in a browser asked, rather than a program of the API."""
    return request.url.path.split("/")[1] not in NOT_PAGES


def _for_pages(handler: Handler) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        problem = handler(request, error)
        if not is_page(request):
            return problem
        content = json.loads(bytes(problem.body))
        if problem.status_code == UNAUTHENTICATED or content["code"] == "bad_csrf_token":
            return await _signed_out(request, problem.status_code, content)
        return render(request, "failure.html", problem.status_code, problem=content)

    return answer


async def _signed_out(request: Request, status: int, problem: dict[str, Any]) -> Response:
    """The way to sign in; what was typed into a form is not lost by it."""
    if "hx-request" in request.headers:
        return Response(status_code=UNAUTHENTICATED, headers={"HX-Redirect": "/sign-in"})
    back = way_back(request.url.path) if request.method == "POST" else None
    if back is not None and (typed := await _typed(request, back.fields)):
        return render(request, "signed_out.html", status, problem=problem, typed=typed, back=back.path)
    if status != UNAUTHENTICATED:
        return render(request, "failure.html", status, problem=problem)
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/sign-in?next={quote(wanted if request.method == 'GET' else '/')}", 303)


async def _typed(request: Request, fields: Set[str]) -> list[tuple[str, str]]:
    """The fields of a form in their order, also blank ones, which keep columns in line; nothing if nobody typed."""
    form = (await request.form()).multi_items()
    sent = [(name, value) for name, value in form if name in fields and isinstance(value, str)]
    return sent if any(value.strip() for name, value in sent if name in TEXTS) else []


def way_back(path: str) -> WayBack | None:
    """Where what was typed into the form of a path is shown again, None where nobody types."""
    if PROPOSING.fullmatch(path):
        return WayBack(
            "/changes/edit", PriceForm.model_fields.keys() - {"csrf", "key", "then", "add", "leave", "percent"}
        )
    if found := DECIDING.fullmatch(path) or TALKING.fullmatch(path):
        return WayBack(f"/changes/{found[1]}/resume", Typed.model_fields.keys())
    return None
