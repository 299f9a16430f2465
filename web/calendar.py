"""Development's business clock: travel ahead from any page (D9)."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from activities.travelling import travel_workflows
from api.development import loopback_only
from api.parts import InstallationParts
from commands.installation import travel
from web.present import DAY
from web.rendering import local_path, see
from web.visitor import FormCall, PageForm

router = APIRouter(prefix="/development")


class TravelForm(PageForm):
    """How many days to travel ahead, and where to look afterwards."""

    days: Annotated[int, Field(ge=1, le=400)]
    back: str = "/"


@router.post("/travel")
async def travel_ahead(
    request: Request, installation: InstallationParts, call: FormCall, form: Annotated[TravelForm, Form()]
) -> Response:
    """Move business time ahead, and the waiting workflows with it."""
    loopback_only(request, installation)
    client = installation.require_temporal()
    await run_in_threadpool(travel, installation.gateway, call, form.days * DAY, installation.development)
    await travel_workflows(client, form.days * DAY)
    return see(local_path(form.back))
