"""Is it alive, is it ready and what is missing, and the metrics (R-21.6)."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from sqlalchemy import func, select
from sqlmodel import col
from starlette.types import Scope
from temporalio.client import Client
from temporalio.service import RPCError

from api.parts import InstallationParts, Parts
from domain.errors import Unavailable
from store.database import Database
from store.tables.change import CaseRow, ChangeRow
from store.tables.outbox import OutboxRow

router = APIRouter(tags=["health"])
log = structlog.get_logger("api")
PATIENCE = 2.0
"""Seconds. Shorter than whoever asks waits: health checks give up after three seconds."""

REQUESTS = Counter(
    "mandate_http_requests_total", "HTTP requests by route, method and status.", ["route", "method", "status"]
)
LATENCY = Histogram("mandate_http_request_seconds", "Seconds to answer by route and method.", ["route", "method"])
OPEN_CHANGES = Gauge("mandate_open_changes", "Open changes by state.", ["state"])
OPEN_CASES = Gauge("mandate_open_cases", "Cases that wait for somebody.")
UNRUNG_BELLS = Gauge("mandate_unrung_bells", "Wake-ups that Temporal has not taken yet.")


@contextmanager
def measured(scope: Scope) -> Iterator[Callable[[int], None]]:
    """Count and time a request under its route, not under its path, so that labels stay few."""
    begun, status = time.monotonic(), [500]
    try:
        yield lambda code: status.__setitem__(0, code)
    finally:
        route, method = getattr(scope.get("route"), "path", "unmatched"), scope["method"]
        seconds = time.monotonic() - begun
        REQUESTS.labels(route, method, status[0]).inc()
        LATENCY.labels(route, method).observe(seconds)
        log.info("request", route=route, method=method, status=status[0], milliseconds=round(seconds * 1000, 1))


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """The process answers, also while all threads wait for a database that keeps silent."""
    return {"status": "alive"}


@router.get("/readyz")
async def ready(installation: InstallationParts) -> JSONResponse:
    """Whether everything needed answers; 503 names what is missing. A part that keeps silent for two seconds is."""
    database, temporal = await asyncio.gather(_database(installation), _temporal(installation.temporal))
    missing = {name: why for name, why in (("database", database), ("temporal", temporal)) if why}
    body = {
        "status": "missing parts" if missing else "ready",
        "missing": missing,
        "installation": installation.namespace,
    }
    return JSONResponse(body, 503 if missing else 200)


async def _database(installation: Parts) -> str:
    """Why the database is missing, empty if it is not. One question at a time: a silent one holds one thread."""
    if installation.asked is None or installation.asked.done():
        installation.asked = asyncio.create_task(asyncio.to_thread(_ask, installation.gateway.database))
    done, _ = await asyncio.wait([installation.asked], timeout=PATIENCE)
    return installation.asked.result() if done else "The database keeps silent."


def _ask(database: Database) -> str:
    try:
        with database.reading() as session:
            database.now(session)
    except Unavailable as error:
        return error.detail
    return ""


async def _temporal(client: Client | None) -> str:
    """Why Temporal is missing, empty if it is not."""
    if client is None:
        return "Temporal has not answered yet."
    try:
        await asyncio.wait_for(client.service_client.check_health(), PATIENCE)
    except (RPCError, RuntimeError) as error:
        return f"Temporal does not answer: {error}"
    except TimeoutError:
        return "Temporal keeps silent."
    return ""


@router.get("/metrics")
def metrics(installation: InstallationParts) -> Response:
    """Prometheus metrics of this process and of the store."""
    with installation.gateway.database.reading() as session:
        states = session.execute(
            select(col(ChangeRow.state), func.count())
            .where(col(ChangeRow.closed).is_(False))
            .group_by(col(ChangeRow.state))
        )
        OPEN_CHANGES.clear()
        for state, count in states:
            OPEN_CHANGES.labels(state).set(count)
        OPEN_CASES.set(
            session.execute(
                select(func.count()).select_from(CaseRow).where(col(CaseRow.closed_at).is_(None))
            ).scalar_one()
        )
        UNRUNG_BELLS.set(
            session.execute(
                select(func.count()).select_from(OutboxRow).where(col(OutboxRow.done).is_(False))
            ).scalar_one()
        )
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
