"""The failures of the application as pages: the same codes and sentences as the API's problem documents."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, cast
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from web.rendering import render

NOT_PAGES = {"api", "healthz", "readyz", "metrics", "docs", "redoc", "openapi.json"}
Handler: TypeAlias = Callable[[Request, Exception], Response]


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


def _for_pages(handler: Handler) -> Handler:
    def answer(request: Request, error: Exception) -> Response:
        problem = handler(request, error)
        if not is_page(request):
            return problem
        return _page(request, problem.status_code, json.loads(bytes(problem.body)))

    return answer


def _page(request: Request, status: int, problem: dict[str, Any]) -> Response:
    if status != 401:
        return render(request, "failure.html", status, problem=problem)
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "") if request.method == "GET" else "/"
    path = f"/sign-in?next={quote(back)}"
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": "/sign-in"})
    return RedirectResponse(path, 303)
