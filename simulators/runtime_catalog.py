"""A runnable stand-in for the runtime catalog cache of a CPQ suite: `python -m simulators.runtime_catalog --port 8790`.

It holds the version of an artifact that quoting reads, per market and channel, and can be told to misbehave. With
`--state FILE` what it holds, the keys it answered and its last requests survive a restart; a fault does not.
"""

import argparse
import socket
from pathlib import Path
from typing import Annotated

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from domain.artifact import EVERYWHERE
from domain.errors import Invalid, MandateError
from simulators.cache_state import Cache, Entries, Held, Noted, Warm
from simulators.faults import Fault, Faults, only_from_here

router = APIRouter()


class Simulator:
    """What one running stand-in holds and how it misbehaves."""

    def __init__(self, state: Path | None) -> None:
        self.cache = Cache(state)
        self.faults = Faults()


async def simulator(request: Request) -> Simulator:
    """The stand-in that serves this request."""
    found = request.app.state.simulator
    assert isinstance(found, Simulator)
    return found


Here = Annotated[Simulator, Depends(simulator)]
Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=200)]


@router.put("/caches/{artifact:path}/markets/{market}")
async def warm(here: Here, artifact: str, market: str, wanted: Warm, key: Key) -> Held:
    """Warm the cache of a market and channel; the same key with the same body is done once and answered alike."""
    with here.cache.noted("warm", artifact, market, wanted.channel, key) as request:
        fault = here.faults.strike("warm")
        request.fault = fault.mode
        await fault.before()
        try:
            return here.cache.warm(artifact, market, wanted, request, corrupt=fault.mode == "corrupt")
        finally:
            await fault.after()


@router.get("/caches/{artifact:path}/markets/{market}/entries")
async def entries(here: Here, artifact: str, market: str, channel: str = EVERYWHERE) -> Entries:
    """The entries held now, to find which of them differ. Not a step that faults hit."""
    return here.cache.slot(artifact, market, channel).entries


@router.get("/caches/{artifact:path}/markets/{market}")
async def held(here: Here, artifact: str, market: str, channel: str = EVERYWHERE) -> Held:
    """What is held now, without the entries; 404 for nothing."""
    with here.cache.noted("ask", artifact, market, channel) as request:
        fault = here.faults.strike("ask")
        request.fault = fault.mode
        await fault.before()
        try:
            found = here.cache.slot(artifact, market, channel).held
            request.outcome = "answered"
            return found
        finally:
            await fault.after()


@router.get("/health")
async def health() -> dict[str, str]:
    """Answers as soon as requests are served."""
    return {"status": "ok"}


@router.get("/requests")
async def requests(here: Here) -> list[Noted]:
    """The last 200 requests that warmed or asked, oldest first."""
    return list(here.cache.requests)


@router.get("/faults", dependencies=[Depends(only_from_here)])
async def fault_now(here: Here) -> Fault:
    """The fault that is set, with the number of requests that it will still hit."""
    return here.faults.current


@router.put("/faults", dependencies=[Depends(only_from_here)])
async def set_fault(here: Here, fault: Fault) -> Fault:
    """Misbehave from now on; `{"mode": "none"}` ends it."""
    here.faults.current = fault
    return fault


def create_app(state: Path | None = None) -> FastAPI:
    """The stand-in as an application; `state` is the file that it keeps."""
    app = FastAPI(title="Runtime catalog simulator")
    app.state.simulator = Simulator(state)
    app.include_router(router)
    app.add_exception_handler(MandateError, _problem)
    app.add_exception_handler(RequestValidationError, _bad_request)
    return app


async def _problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, MandateError)
    body = {"title": type(error).__name__, "status": error.http_status, "code": error.code, "detail": error.detail}
    return JSONResponse(body, error.http_status, media_type="application/problem+json")


async def _bad_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
    return await _problem(request, Invalid("bad_request", faults))


def main() -> None:
    """Serve until told to end. Prints one line with the address once the port is taken; port 0 takes a free one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path, help="JSON file that survives a restart")
    given = parser.parse_args()
    app = create_app(given.state)
    with socket.create_server((given.host, given.port)) as listening:
        print(f"runtime catalog on http://{given.host}:{listening.getsockname()[1]}", flush=True)
        # Proxy headers are not believed: they could make a caller from elsewhere look like one on this machine.
        config = uvicorn.Config(app, log_level="warning", proxy_headers=False, timeout_graceful_shutdown=1)
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
