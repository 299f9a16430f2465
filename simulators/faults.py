"""Fault injection for simulators: what goes wrong, how often and for whom. Only a caller on this machine may set it."""

import asyncio
import ipaddress
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from fastapi import Request
from pydantic import Field

from domain.errors import Refused, Unavailable
from domain.model import Model

Mode: TypeAlias = Literal["none", "slow", "failing", "silent", "corrupt"]
Step: TypeAlias = Literal["warm", "ask"]


class Fault(Model):
    """What goes wrong from now on.

    mode: slow works and answers after `seconds`; failing answers 503 and does nothing; silent does the work at once and
    keeps its answer back for `seconds`; corrupt stores something else than was sent.
    times: how many requests are hit, None for all until the fault is taken back.
    on: which requests are hit: those that warm, those that ask, or all.
    """

    mode: Mode = "none"
    seconds: Annotated[float, Field(ge=0, le=600)] = 30.0
    times: Annotated[int, Field(ge=1)] | None = None
    on: Literal["warm", "ask", "all"] = "warm"

    async def before(self) -> None:
        """What happens before the work. Raises Unavailable("injected_failure")."""
        if self.mode == "failing":
            raise Unavailable("injected_failure", "The runtime catalog fails because it was told to.")
        if self.mode == "slow":
            await asyncio.sleep(self.seconds)

    async def after(self) -> None:
        """What happens between the work and its answer."""
        if self.mode == "silent":
            await asyncio.sleep(self.seconds)


NO_FAULT = Fault()


class Faults:
    """The fault that is set now, counted down with every request that it hits."""

    def __init__(self) -> None:
        self.current = NO_FAULT

    def strike(self, step: Step) -> Fault:
        """The fault that hits this request; NO_FAULT for one that is spared."""
        fault = self.current
        if fault.mode == "none" or fault.on not in (step, "all") or (fault.mode == "corrupt" and step == "ask"):
            return NO_FAULT
        if fault.times is not None:
            left = fault.times - 1
            self.current = fault.model_copy(update={"times": left}) if left else NO_FAULT
        return fault


async def only_from_here(request: Request) -> None:
    """A guard for routes that must not be reached from elsewhere. Raises Refused("not_on_loopback")."""
    peer = request.client.host if request.client else ""
    if not is_local(peer, request.headers):
        raise Refused("not_on_loopback", "Faults are set from the machine itself.")


def is_local(peer: str, headers: Mapping[str, str]) -> bool:
    """True for a direct call on loopback; a forwarded call or a foreign host name may stand for somebody elsewhere."""
    forwarded = any(name in headers for name in ("forwarded", "x-forwarded-for", "x-real-ip", "via"))
    host = headers.get("host", "").rpartition(":")[0] or headers.get("host", "")
    return not forwarded and _loopback(peer) and (host == "localhost" or _loopback(host.strip("[]")))


def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
