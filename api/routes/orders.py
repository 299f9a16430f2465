"""Orders: in development, seed them with all that follows from them."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field, StrictInt

from analysis.order_seeding import Fault
from api.development import loopback_only
from api.parts import InstallationParts, Writing
from commands.orders import CHUNK, SeededOrders, seed_orders
from domain.model import Model

router = APIRouter(prefix="/api", tags=["orders"])


class OrderSeed(Model):
    """Which orders of which seed to write, what to spoil in them, and in how many of ten thousand."""

    seed: Annotated[StrictInt, Field(ge=0, le=10**9)]
    first: Annotated[StrictInt, Field(ge=0, le=10**8)]
    count: Annotated[StrictInt, Field(ge=1, le=CHUNK)]
    faults: tuple[Fault, ...] = ()
    rate: Annotated[StrictInt, Field(ge=0, le=10_000)] = 200


@router.post("/development/orders", status_code=201)
def seed(request: Request, installation: InstallationParts, call: Writing, body: OrderSeed) -> SeededOrders:
    """Write orders of a seed with quotes, tasks, assets, billing and contracts; development mode only."""
    loopback_only(request, installation)
    what = (body.seed, body.first, body.count, body.faults, body.rate)
    return seed_orders(installation.gateway, call, *what, development=installation.development)
