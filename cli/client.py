"""A thin client of the HTTP API: a key for each write, one more try when a connection breaks, typed errors."""

import secrets
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from cli.tokens import LOCAL
from domain.errors import (
    Conflict,
    Invalid,
    MandateError,
    NotFound,
    Refused,
    Unauthenticated,
    Unavailable,
)

TIMEOUT = 120.0
"""Seconds; travelling and large chunks of quotes take a while."""

CLASSES: Mapping[int, type[MandateError]] = {
    401: Unauthenticated,
    403: Refused,
    404: NotFound,
    409: Conflict,
    422: Invalid,
    503: Unavailable,
}


class Api:
    """The API of one installation as one account; `url` is its base address, `token` a bearer token or None."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # A proxy of the surroundings cannot reach this machine's own addresses.
        proxied = urlsplit(self.url).hostname not in LOCAL
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=TIMEOUT, trust_env=proxied)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of a resource; parameters that are None are left out. Raises MandateError by the problem."""
        wanted = {name: value for name, value in query.items() if value is not None}
        return self._call("GET", path, params=wanted)

    def delete(self, path: str) -> Any:
        """Take something away."""
        return self._call("DELETE", path, headers={"Idempotency-Key": secrets.token_hex(16)})

    def download(self, path: str, **query: Any) -> bytes:
        """The bytes of a resource. Raises MandateError by the problem."""
        answer = self._sent("GET", path, params=query)
        return answer.content if answer.is_success else bytes(_content(answer))

    def post(self, path: str, body: Any = None, key: str | None = None) -> Any:
        """Write something; with a `key` of one's own the same call may be repeated, without one it gets a fresh one."""
        return self._call("POST", path, json=body, headers={"Idempotency-Key": key or secrets.token_hex(16)})

    def put(self, path: str, body: Any, version: int | None = None) -> Any:
        """Write something in the place of what is there; with a `version` only if that is still the current one."""
        seen = {} if version is None else {"If-Match": f'"{version}"'}
        return self._call("PUT", path, json=body, headers={"Idempotency-Key": secrets.token_hex(16), **seen})

    def pages(self, path: str, most: int, **query: Any) -> list[Any]:
        """Up to `most` items of a list with cursors, following `next`."""
        found: list[Any] = []
        cursor = query.pop("cursor", None)
        while len(found) < most:
            page = self.get(path, limit=min(most - len(found), 200), cursor=cursor, **query)
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                break
        return found

    def sign_in(self, account: str) -> dict[str, Any]:
        """Open a session for an account, in development mode: `token`, `account`, `expires_at`."""
        opened: dict[str, Any] = self.post("/api/sessions/development", {"account": account})
        return opened

    def _call(self, method: str, path: str, **options: Any) -> Any:
        return _content(self._sent(method, path, **options))

    def _sent(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **options)
        except httpx.TransportError:
            # The write may have been done before the connection broke: the same key makes the second call harmless.
            try:
                return self._http.request(method, path, **options)
            except httpx.TransportError as failure:
                raise Unavailable("not_reachable", f"{self.url} does not answer: {_reason(failure)}.") from failure
        except httpx.InvalidURL as failure:
            raise Invalid("bad_url", f"{self.url} is not an address: {failure}.") from failure


def acting(url: str, account: str) -> Api:
    """The API signed in as an account, in development mode."""
    with Api(url) as anonymous:
        return Api(url, anonymous.sign_in(account)["token"])


def _reason(failure: httpx.TransportError) -> str:
    return str(failure) or type(failure).__name__


def _content(answer: httpx.Response) -> Any:
    try:
        body = answer.json() if answer.content else None
    except ValueError:
        raise Unavailable("unexpected_answer", f"{answer.url} answered {answer.status_code} without JSON.") from None
    if answer.is_success:
        return body
    raise _problem(answer.status_code, body)


def _problem(status: int, body: Any) -> MandateError:
    facts = dict(body) if isinstance(body, dict) else {}
    code, detail = facts.pop("code", "http_error"), facts.pop("detail", f"The answer was {status}.")
    for name in ("type", "title", "status"):
        facts.pop(name, None)
    error = CLASSES.get(status, MandateError)(str(code), str(detail), **facts)
    error.http_status = status
    return error
