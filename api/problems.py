"""Errors as RFC 9457 problem documents with stable codes; nothing of the inside leaks."""

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from domain.errors import MandateError

TOO_LARGE = 413
MEDIA_TYPE = "application/problem+json"
log = structlog.get_logger("api")
CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "bad_content_type",
}


def problem(status: int, code: str, detail: str, /, **facts: object) -> JSONResponse:
    """A problem document."""
    body = {
        "type": f"urn:mandate:problem:{code}",
        "title": code.replace("_", " "),
        "status": status,
        "detail": detail,
        "code": code,
    }
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {"Retry-After": "5"} if status == 503 else {}
    return JSONResponse({**facts, **body}, status, headers, MEDIA_TYPE)


def too_large(request: str) -> JSONResponse:
    """The problem of a body beyond the limit, which the framework refuses before any route sees it."""
    answer = problem(TOO_LARGE, CODES[TOO_LARGE], "The request body is larger than this installation accepts.")
    answer.headers["X-Request-Id"] = request
    return answer


def install(app: FastAPI) -> None:
    """Map every expected failure of the application to its problem document."""

    def ours(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, MandateError)
        return problem(error.http_status, error.code, error.detail, **error.facts)

    def invalid(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        faults = [
            {"place": ".".join(str(p) for p in fault["loc"]), "message": fault["msg"]} for fault in error.errors()
        ]
        first = faults[0] if faults else {"place": "", "message": "The request is not valid."}
        return problem(422, "bad_request_body", f"{first['place']}: {first['message']}", problems=faults[:50])

    def http(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return problem(error.status_code, CODES.get(error.status_code, "http_error"), str(error.detail))

    def bug(request: Request, error: Exception) -> JSONResponse:
        log.error("unexpected_error", path=request.url.path, exc_info=error)
        answer = problem(500, "internal_error", "Something went wrong here; it has been logged.")
        answer.headers["X-Request-Id"] = getattr(request.state, "request_id", "")
        return answer

    app.add_exception_handler(MandateError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, bug)
