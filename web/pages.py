"""All pages together: `mount` adds them, their static files and their way of failing to the application."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from web import (
    approval_talk,
    artifact,
    board,
    bulk_decisions,
    calendar,
    change,
    change_actions,
    change_list,
    change_proposal,
    change_revision,
    correction,
    data_access,
    delegation,
    emergency,
    evidence,
    failures,
    impact,
    inbox,
    notices,
    openid,
    ownership,
    platform_release,
    policy,
    policy_replay,
    quote,
    reconciliation,
    reference,
    request,
    revisions,
    sign_in,
    simulation,
    step_up,
)

STATIC = Path(__file__).parent / "static"
PAGES = (
    sign_in,
    openid,
    inbox,
    change_list,
    change_proposal,
    change_revision,
    evidence,
    revisions,
    change,
    change_actions,
    approval_talk,
    board,
    bulk_decisions,
    delegation,
    data_access,
    impact,
    simulation,
    quote,
    correction,
    request,
    step_up,
    reconciliation,
    artifact,
    policy,
    policy_replay,
    calendar,
    ownership,
    platform_release,
    notices,
    emergency,
    reference,
)


def mount(app: FastAPI) -> None:
    """Add the pages to an application that has its parts and its exception handlers already."""
    for page in PAGES:
        app.include_router(page.router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    failures.install(app)
