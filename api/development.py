"""Guards of development mode: it works on loopback only and trusts no forwarded identity or foreign host name (D15)."""

import ipaddress

from fastapi import Request

from api.parts import Parts
from commands.step_up import Authentication
from domain.errors import Refused
from domain.party import Actor

LOCAL_NAMES = {"127.0.0.1", "localhost", "[::1]", "::1"}
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


def development_confirmed(request: Request, parts: Parts, actor: Actor, account: str) -> Authentication:
    """The development login once more: its only credential is the account's name, given on this machine.

    Raises Refused("development_only").
    """
    loopback_only(request, parts)
    return Authentication(method="development" if account.strip() == actor.account else "none")


def loopback_only(request: Request, parts: Parts) -> None:
    """Raises Refused("development_only") unless this is development mode, called on this machine under a local name."""
    if not parts.development:
        raise Refused("development_only", "This works in development mode only.")
    host = (request.headers.get("host") or "").rsplit(":", 1)[0]
    peer = request.client.host if request.client else ""
    local = peer and ipaddress.ip_address(peer).is_loopback
    if not local or host not in LOCAL_NAMES or any(name in request.headers for name in FORWARDED):
        raise Refused("development_only", "Development mode answers on this machine only.")
