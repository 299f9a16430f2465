"""The runtime catalog cache as a delivery target, over HTTP: warm, ask back, compare digests (R-9.2, R-15.3)."""

from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from connectors.target import DeliveryOrder, DeliveryResult, TargetState, judge, judge_delivered
from domain.artifact import EVERYWHERE
from domain.canonical import canonical
from domain.errors import Invalid, Unavailable

NAMED_ENTRIES = 20

# Nothing left this machine: safe to repeat without asking.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
# Answered by something in between that lost sight of the target, which may have done the work.
LOST_BEHIND_GATEWAY = {502, 504}
WORTH_REPEATING = {408, 425, 429}


class RuntimeCatalog:
    """A runtime catalog at `base_url`. `timeout` is in seconds, for connecting and for each wait for an answer.

    Use it in a `with` block or call `close`. Raises Invalid("bad_target_url") for an address that is not HTTP.
    """

    def __init__(self, base_url: str, timeout: float) -> None:
        if not base_url.startswith(("http://", "https://")):
            raise Invalid("bad_target_url", f"{base_url!r} is not the address of a runtime catalog.")
        self._timeout = timeout
        # A proxy from the environment would answer in the target's place, and "no connection" could not be told.
        self._http = httpx.Client(base_url=base_url, timeout=timeout, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def deliver(self, release: DeliveryOrder, key: str) -> DeliveryResult:
        """Warm the cache with the release, once per key, and ask back what it holds now.

        Raises Unavailable("target_unreachable") when nothing could be sent, Invalid("bad_key") for a key that is not
        1 to 200 printable ASCII characters, Invalid("not_canonical") for entries that have no digest.
        """
        if not (0 < len(key) <= 200 and key.isascii() and key.isprintable()):
            raise Invalid("bad_key", "An idempotency key is 1 to 200 printable ASCII characters.")
        answer = self._warm(release, key)
        if answer is None or answer.status_code in LOST_BEHIND_GATEWAY:
            return _unknown(f"No answer from the runtime catalog within {self._timeout:g} s.")
        if answer.is_success or answer.is_server_error:
            return self._ask_back(release, answer)
        return DeliveryResult(
            outcome="failed",
            detail=f"The runtime catalog refused: {_reason(answer)}",
            retryable=answer.status_code in WORTH_REPEATING,
        )

    def ask(self, artifact: str, market: str, channel: str = EVERYWHERE) -> TargetState:
        """What the cache holds for a market and channel; version 0 for nothing.

        Raises Unavailable: "target_unreachable" without a connection, "target_silent" without an answer,
        "target_failing" for an error or an answer that cannot be read.
        """
        place = {"artifact": artifact, "market": market, "channel": channel}
        answer = self._get(_path(artifact, market), channel)
        if _code(answer) == "not_held":
            return TargetState.model_validate(place)
        fields = _object(answer)
        known = {name: fields[name] for name in TargetState.model_fields if name in fields}
        try:
            return TargetState.model_validate(known | place)
        except ValueError:
            raise Unavailable("target_failing", "The runtime catalog answers what cannot be read.") from None

    def _warm(self, release: DeliveryOrder, key: str) -> httpx.Response | None:
        body = canonical(release.model_dump(include={"version", "digest", "channel", "entries"}))
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        try:
            return self._http.put(_path(release.artifact, release.market), content=body, headers=headers)
        except NOT_SENT as error:
            raise _unreachable(error) from None
        except httpx.RequestError:
            return None

    def _ask_back(self, release: DeliveryOrder, answer: httpx.Response) -> DeliveryResult:
        try:
            state = self.ask(release.artifact, release.market, release.channel)
        except Unavailable as error:
            return _unknown(f"The runtime catalog answered {answer.status_code}, then not to the question: {error}")
        if answer.is_success:
            return self._with_entries(release, judge_delivered(release, state))
        result = judge(release, state)
        if result.outcome == "failed":
            return result.model_copy(update={"detail": f"{result.detail} It answered: {_reason(answer)}"})
        return self._with_entries(release, result)

    def _with_entries(self, release: DeliveryOrder, result: DeliveryResult) -> DeliveryResult:
        if result.outcome != "differs":
            return result
        try:
            found = _object(self._get(f"{_path(release.artifact, release.market)}/entries", release.channel))
        except Unavailable:
            # That it differs is known; which entries differ is a help that may be missing.
            return result
        wanted = release.entries
        moved = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
        return result.model_copy(update={"entries": tuple(moved[:NAMED_ENTRIES])})

    def _get(self, path: str, channel: str) -> httpx.Response:
        try:
            return self._http.get(path, params={"channel": channel})
        except NOT_SENT as error:
            raise _unreachable(error) from None
        except httpx.RequestError:
            raise Unavailable(
                "target_silent", f"No answer from the runtime catalog within {self._timeout:g} s."
            ) from None


def _path(artifact: str, market: str) -> str:
    return f"/caches/{quote(artifact)}/markets/{quote(market, safe='')}"


def _object(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_success and (body := _body(answer)):
        return body
    raise Unavailable("target_failing", f"The runtime catalog fails: {_reason(answer)}")


def _reason(answer: httpx.Response) -> str:
    return f"{answer.status_code} {_body(answer).get('detail') or answer.reason_phrase}"[:300]


def _code(answer: httpx.Response) -> str:
    # Not the status alone: a wrong base address answers 404 too, and that must not read as "holds nothing".
    return str(_body(answer).get("code", "")) if answer.status_code == 404 else ""


def _body(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _unknown(detail: str) -> DeliveryResult:
    return DeliveryResult(outcome="unknown", detail=f"{detail} Ask before repeating.")


def _unreachable(error: httpx.RequestError) -> Unavailable:
    return Unavailable("target_unreachable", f"No connection to the runtime catalog: {error}.")
