"""What a runtime catalog cache holds: one version per artifact, market and channel, kept in a JSON file if wanted."""

import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel, Field, StrictInt, ValidationError

from domain.artifact import EVERYWHERE
from domain.canonical import digest
from domain.errors import Invalid, MandateError, NotFound
from domain.model import Model

KEPT_REQUESTS = 200
KEPT_KEYS = 10_000

Entries: TypeAlias = dict[str, dict[str, Any]]
Channel: TypeAlias = Annotated[str, Field(min_length=1, max_length=120)]


class Warm(Model):
    """What a cache shall hold. `digest` is of the whole version; `entries` may be the part for one market."""

    version: Annotated[StrictInt, Field(ge=1)]
    digest: Annotated[str, Field(pattern="^sha256:[0-9a-f]{64}$")]
    channel: Channel = EVERYWHERE
    entries: Entries


class Held(Model):
    """What a cache holds. `entries_digest` is computed from the stored entries, never taken over from the sender."""

    artifact: str
    market: str
    channel: str
    version: int
    digest: str
    entries_digest: str
    count: int
    warmed_at: AwareDatetime


class Slot(Model):
    """One place of the cache with its entries."""

    held: Held
    entries: Entries


class Answer(Model):
    """What was answered to an idempotency key, and the digest of the request that it was answered to."""

    request: str
    held: Held


class Noted(BaseModel):
    """One request as it came in; `outcome` is `open` until it is answered, or the code of the error answered."""

    number: int
    at: AwareDatetime
    step: Literal["warm", "ask"]
    artifact: str
    market: str
    channel: str
    key: str | None
    fault: str = "none"
    outcome: str = "open"


class Kept(BaseModel):
    """All that survives a restart."""

    slots: dict[str, Slot] = {}
    answers: dict[str, Answer] = {}
    requests: list[Noted] = []


class Cache:
    """The cache of one installation. Not for several threads; the simulator calls it on one event loop."""

    def __init__(self, file: Path | None = None) -> None:
        kept = _load(file)
        self._file = file
        self._slots = kept.slots
        self._answers = kept.answers
        self.requests: deque[Noted] = deque(kept.requests, maxlen=KEPT_REQUESTS)
        self._number = self.requests[-1].number if self.requests else 0

    @contextmanager
    def noted(
        self, step: Literal["warm", "ask"], artifact: str, market: str, channel: str, key: str | None = None
    ) -> Iterator[Noted]:
        """The request in the list of requests; an error that leaves the block becomes its outcome."""
        self._number += 1
        at = datetime.now(UTC)
        request = Noted(
            number=self._number, at=at, step=step, artifact=artifact, market=market, channel=channel, key=key
        )
        self.requests.append(request)
        try:
            yield request
        except MandateError as error:
            request.outcome = error.code
            raise

    def warm(self, artifact: str, market: str, wanted: Warm, request: Noted, corrupt: bool = False) -> Held:
        """Store the entries once per key; the answer to a key seen before is the earlier answer.

        Raises Invalid("idempotency_key_reused") for a key seen with another request, Invalid("not_canonical") for
        entries with floats or other values that have no digest.
        """
        key = str(request.key)
        asked = digest([artifact, market, wanted.model_dump()])
        if earlier := self._answers.get(key):
            if earlier.request != asked:
                raise Invalid("idempotency_key_reused", f"The key {key} was used for another request.")
            request.outcome = "replayed"
            return earlier.held
        entries = _corrupted(wanted.entries) if corrupt else wanted.entries
        held = _held(artifact, market, wanted, entries)
        request.outcome = "applied"
        self._keep(key, Answer(request=asked, held=held), Slot(held=held, entries=entries))
        return held

    def slot(self, artifact: str, market: str, channel: str) -> Slot:
        """What is held there. Raises NotFound("not_held")."""
        try:
            return self._slots[_place(artifact, market, channel)]
        except KeyError:
            raise NotFound("not_held", f"Nothing is held for {artifact} in {market}, channel {channel}.") from None

    def _keep(self, key: str, answer: Answer, slot: Slot) -> None:
        self._slots[_place(slot.held.artifact, slot.held.market, slot.held.channel)] = slot
        self._answers[key] = answer
        while len(self._answers) > KEPT_KEYS:
            del self._answers[next(iter(self._answers))]
        if self._file is not None:
            kept = Kept(slots=self._slots, answers=self._answers, requests=list(self.requests))
            _save(self._file, kept.model_dump_json())


def _held(artifact: str, market: str, wanted: Warm, entries: Entries) -> Held:
    return Held(
        artifact=artifact,
        market=market,
        channel=wanted.channel,
        version=wanted.version,
        digest=wanted.digest,
        entries_digest=digest(entries),
        count=len(entries),
        warmed_at=datetime.now(UTC),
    )


def _corrupted(entries: Entries) -> Entries:
    victim = min(entries, default="corrupted")
    return {**entries, victim: {"corrupted": True}}


def _place(artifact: str, market: str, channel: str) -> str:
    return f"{artifact}\n{market}\n{channel}"


def _load(file: Path | None) -> Kept:
    if file is None or not file.exists():
        return Kept()
    try:
        return Kept.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise Invalid("bad_state_file", f"{file.name} is not a state of the runtime catalog: {error}.") from None


def _save(file: Path, text: str) -> None:
    # Written beside and renamed, so that a process killed in between leaves the earlier state, never half of one.
    beside = file.with_name(file.name + ".new")
    with beside.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(file)
