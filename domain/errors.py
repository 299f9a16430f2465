"""One tree of errors; each class has a `code`, the HTTP status of its problem document and whether a retry can help.

MandateError
 +- Invalid          422  the input cannot be accepted as it is
 |   +- KeyReused           an idempotency key came with another body
 +- NotFound         404
 +- Conflict         409  the record moved
 |   +- IllegalTransition   the lifecycle does not allow this step now; always audited (R-4.2)
 +- Refused          403  an attempt at authority that the rules do not allow; always audited (R-7.9)
 +- Unauthenticated  401
 +- Unavailable      503  a part of the installation is missing; a retry can help
"""

from collections.abc import Mapping
from typing import Any


class MandateError(Exception):
    """Base of all expected failures. `code` is stable and public; `detail` is one English sentence; `facts` is JSON."""

    http_status = 500
    retryable = False

    def __init__(self, code: str, detail: str, **facts: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.facts: Mapping[str, Any] = facts


class Invalid(MandateError):
    """The input is wrong; `facts["problems"]` names each place when there are several."""

    http_status = 422


class KeyReused(Invalid):
    """An idempotency key was used with another body (D7)."""


class NotFound(MandateError):
    """No such record for this actor."""

    http_status = 404


class Conflict(MandateError):
    """The record moved since it was read, or its lifecycle does not allow this step (R-4.2)."""

    http_status = 409


class IllegalTransition(Conflict):
    """A step that the lifecycle does not allow in this state; audited like a refusal (R-4.2)."""


class Refused(MandateError):
    """An attempt at authority that the rules forbid; leaves an audit record of its own (R-7.9)."""

    http_status = 403


class Unauthenticated(MandateError):
    """Nobody, or nobody known, is asking."""

    http_status = 401


class Unavailable(MandateError):
    """A part that is needed does not answer; nothing was done and the same call may be repeated."""

    http_status = 503
    retryable = True
