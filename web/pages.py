"""All pages together: `mount` adds them, their static files and their way of failing to the application."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from web import (
    artifact,
    calendar,
    change,
    change_actions,
    change_list,
    change_proposal,
    change_revision,
    failures,
    inbox,
    openid,
    quote,
    sign_in,
)

STATIC = Path(__file__).parent / "static"
PAGES = (
    sign_in,
    openid,
    inbox,
    change_list,
    change_proposal,
    change_revision,
    change,
    change_actions,
    quote,
    artifact,
    calendar,
)


def mount(app: FastAPI) -> None:
    """Add the pages to an application that has its parts and its exception handlers already."""
    for page in PAGES:
        app.include_router(page.router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    failures.install(app)
