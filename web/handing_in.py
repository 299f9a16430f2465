"""Handing in what a form has just saved: two writes, of which the second may be refused while the first stands."""

from fastapi import Request, Response

from commands.changes import Receipt, submit_change
from commands.command import Call
from domain.errors import Conflict, Invalid, NotFound, Refused
from web.change import change_page
from web.rendering import see
from web.visitor import Visitor


def handed_in(request: Request, visitor: Visitor, call: Call, saved: Receipt) -> Response:
    """Submit a change that was just written; where that fails, its page says that it is saved, why not, and what then.

    A form that is sent again writes nothing twice: it keeps its key, and so its change.
    """
    gateway = visitor.parts.gateway
    try:
        submit_change(gateway, call, saved.change, saved.version)
    except (Invalid, NotFound, Conflict, Refused) as error:
        # The session of the request began before the change was written, and may not see it.
        with gateway.database.reading() as session:
            return change_page(request, visitor, session, saved.change, error, saved=True)
    return see(f"/changes/{saved.change}")
