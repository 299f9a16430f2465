"""Each request gets an id, is logged and counted: a plain ASGI wrapper, where a task of its own would cost more."""

import re
import secrets

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import health, problems

STARTED = "http.response.start"
NOUNS = {"CR": "change", "AR": "approval", "RC": "reconciliation"}
SUBJECT = re.compile(r"/((CR|AR|RC)-[0-9]{4}-[0-9]{1,9})(?=[/.]|$)")


class Observing:
    """Wraps the application. What the framework refuses as too large is answered as a problem document."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Headers(scope=scope).get("x-request-id", "")[:64] or secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request, **subject_of(scope["path"]))
        refused = False

        async def answer(message: Message) -> None:
            nonlocal refused
            if message["type"] == STARTED:
                record(message["status"])
                refused = message["status"] == problems.TOO_LARGE
                MutableHeaders(scope=message)["X-Request-Id"] = request
            if not refused:
                await send(message)

        with health.measured(scope) as record:
            await self.app(scope, receive, answer)
        if refused:
            await problems.too_large(request)(scope, receive, send)


def subject_of(path: str) -> dict[str, str]:
    """What a request is about, by its noun: `/api/changes/CR-2026-0042/decisions` -> `{"change": "CR-2026-0042"}`."""
    found = SUBJECT.search(path)
    return {NOUNS[found[2]]: found[1]} if found else {}
