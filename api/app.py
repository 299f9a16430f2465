"""The application: parts, middleware, routes, health; built once a process by `create_app`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from fastapi import Depends, FastAPI
from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from activities.doorbell import Relay
from activities.runtime import connect
from api import examples, health, problems
from api.identity import Identity
from api.observing import Observing
from api.parts import Parts
from api.routes import (
    approvals,
    artifacts,
    calendar,
    changes,
    corrections,
    data_access,
    delegations,
    emergency,
    evidence,
    impact,
    notices,
    orders,
    ownership,
    people,
    platform_releases,
    policies,
    policy_replay,
    quotes,
    reconciliations,
    simulations,
    where_used,
)
from api.text import readable
from commands.command import Gateway
from store.database import Database
from store.files import FileStore
from store.installation import installation_id
from store.settings import Settings

ROUTES = (
    changes,
    impact,
    where_used,
    approvals,
    delegations,
    artifacts,
    policies,
    people,
    data_access,
    quotes,
    corrections,
    orders,
    reconciliations,
    policy_replay,
    calendar,
    evidence,
    health,
    emergency,
    notices,
    ownership,
    platform_releases,
    simulations,
)
log = structlog.get_logger("api")
RECONNECT_SECONDS = 1.0


def create_app(settings: Settings) -> FastAPI:
    """The API with its pages. Raises Unavailable("not_migrated", "database_unavailable")."""
    database = Database(settings.database_url, settings.mode == "development")
    relay = Relay(settings.public_url)
    parts = Parts(
        settings=settings,
        gateway=Gateway(database, relay),
        files=FileStore(settings.files_dir),
        identity=Identity(database, settings),
        namespace=installation_id(database),
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        ringing = asyncio.create_task(_serve_bells(parts, relay, Gateway(database)))
        yield
        ringing.cancel()
        with suppress(asyncio.CancelledError):
            await ringing
        database.close()

    app = FastAPI(
        title="Mandate",
        dependencies=[Depends(readable)],
        version="0.1.0",
        lifespan=lifespan,
        # These pages of the framework load their scripts from elsewhere; `web` serves its own from the same document.
        docs_url=None,
        redoc_url=None,
        description="Governed change for CPQ and OMS platforms. "
        "Writes take an Idempotency-Key; errors are problem documents.",
    )
    app.state.parts = parts
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=settings.body_limit)
    app.add_middleware(Observing)
    problems.install(app)
    for module in ROUTES:
        app.include_router(module.router)
    examples.install(app)
    return app


async def _serve_bells(parts: Parts, relay: Relay, bookkeeping: Gateway) -> None:
    """Connect to Temporal, however long it takes, and ring bells; until then they wait in the outbox."""
    while parts.temporal is None:
        try:
            parts.temporal = await connect(parts.settings.temporal_address, parts.namespace)
        except RuntimeError as error:
            log.warning("temporal_unavailable", reason=str(error))
            await asyncio.sleep(RECONNECT_SECONDS)
    await relay.run(parts.temporal, bookkeeping)
