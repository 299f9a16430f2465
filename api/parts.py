"""What every route needs: the parts of the installation, who is asking, and the headers of a write."""

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Header, Query, Request
from pydantic import Field
from sqlmodel import Session
from temporalio.client import Client

from analysis.assessment import Wide
from analysis.engine import Limits
from analysis.impact import Sources
from api.identity import Identity
from commands.command import Call, Gateway
from domain.errors import Invalid, Unavailable
from domain.given import LARGEST
from domain.party import Actor
from store.files import FileStore
from store.settings import Settings
from store.snapshots import SnapshotFiles

PATIENCE = 10
"""Seconds that a request waits for other wide analyses of this process, before it is told to come again."""


@dataclass
class Parts:
    """The installation as this process holds it. `temporal` is None until Temporal has answered once.

    travelling: held by whoever moves business time, for the others to wait. asked: the last question whether the
    database answers, which may not have been answered yet.
    """

    settings: Settings
    gateway: Gateway
    files: FileStore
    identity: Identity
    namespace: str
    temporal: Client | None = None
    travelling: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked: asyncio.Task[str] | None = None

    @property
    def development(self) -> bool:
        return self.settings.mode == "development"

    def sources(self, session: Session, now: datetime) -> Sources:
        """What an analysis works with in this session."""
        return Sources(session, self.files, now, SnapshotFiles(self.settings.snapshot_url), self.limits)

    @property
    def limits(self) -> Limits:
        """How much one analysis may use, and how long whoever asks waits for others to end."""
        return Limits(self.settings.analysis_memory, self.settings.analysis_threads, PATIENCE)

    @property
    def wide(self) -> Wide:
        """Where wide analyses read, and how much they may use."""
        return Wide(SnapshotFiles(self.settings.snapshot_url), self.limits, self.settings.analysis_few)

    def require_temporal(self) -> Client:
        """The Temporal client. Raises Unavailable("temporal_unavailable")."""
        if self.temporal is None:
            raise Unavailable("temporal_unavailable", "Temporal does not answer yet.")
        return self.temporal


async def parts(request: Request) -> Parts:
    """The parts that the application was built with."""
    found: Parts = request.app.state.parts
    return found


InstallationParts = Annotated[Parts, Depends(parts)]


def actor(request: Request, installation: InstallationParts) -> Actor:
    """Who is asking, from the bearer token only: never from a body, a query or another header (D15)."""
    return installation.identity.actor(request.headers.get("authorization"))


Asking = Annotated[Actor, Depends(actor)]


def reading(installation: InstallationParts) -> Iterator[Session]:
    """A session that cannot write."""
    with installation.gateway.database.reading() as session:
        yield session


Reading = Annotated[Session, Depends(reading)]


def now(installation: InstallationParts, session: Reading) -> datetime:
    """Business time."""
    return installation.gateway.database.now(session)


Now = Annotated[datetime, Depends(now)]


async def write_call(
    request: Request,
    asking: Asking,
    key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)] = None,
) -> Call:
    """The call of a write: who, and under which idempotency key. Raises Invalid("idempotency_key_missing")."""
    if not key:
        raise Invalid(
            "idempotency_key_missing", "Send an Idempotency-Key header: any text of your own, a new one for each write."
        )
    return Call(asking, key, getattr(request.state, "request_id", ""))


Writing = Annotated[Call, Depends(write_call)]


VERSION = re.compile("[0-9]{1,10}")


async def expected_version(if_match: Annotated[str | None, Header(alias="If-Match")] = None) -> int | None:
    """The version that the caller has read, from If-Match. Raises Invalid("bad_etag")."""
    if if_match is None:
        return None
    text = if_match.removeprefix("W/").strip('"')
    if not VERSION.fullmatch(text):
        raise Invalid("bad_etag", 'If-Match takes the ETag of the change, for example "3".')
    return int(text)


ExpectedVersion = Annotated[int | None, Depends(expected_version)]
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str, Query(max_length=100)]
Whole = Annotated[int, Field(ge=0, le=LARGEST)]
Counted = Annotated[int, Field(ge=1, le=LARGEST)]
Clock = Callable[[], datetime]
