"""The page of a simulation: what gets dearer, for whom, by how much, what fails and why, and one quote step by step."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from activities.progress import SimulationProgress, simulation_progress
from api.parts import InstallationParts, Reading, Whole
from domain.model import Model
from domain.simulation import Bar, Simulation
from queries.changes import change_view, simulated_cases
from queries.simulation import quote_trace, today
from web.lookups import offering_names
from web.present import basis_points, count
from web.rendering import render
from web.visitor import Visiting, Visitor

router = APIRouter(prefix="/changes/{change}/simulation")
PAGE = 25
WIDTH, HEIGHT, FOOT, HEAD = 720, 240, 34, 22


class Column(Model):
    """A bar as it is drawn, in units of the picture: place, size, its words and what it counts."""

    x: int
    y: int
    width: int
    height: int
    words: str
    label: str
    kind: str


@router.get("")
def page(
    request: Request,
    change: str,
    visitor: Visiting,
    installation: InstallationParts,
    session: Reading,
    start: Whole = 0,
) -> Response:
    """The result, or that there is none yet."""
    view = change_view(session, change, visitor.now)
    cases, total = simulated_cases(session, installation.files, change, start, PAGE)
    return render(
        request,
        "simulation.html",
        visitor=visitor,
        view=view,
        columns=columns(view.simulation) if view.simulation else (),
        width=WIDTH,
        height=HEIGHT,
        cases=cases,
        total=total,
        start=start,
        page=PAGE,
    )


@router.get("/today")
def today_page(
    request: Request, change: str, visitor: Visiting, installation: InstallationParts, session: Reading
) -> Response:
    """What the change would do to the quotes of today; nothing is recorded."""
    found = today(session, installation.files, change, installation.wide)
    on = "what is live now" if found.on_live else "the versions that it was simulated on, as they have moved since"
    return unrecorded(
        request,
        visitor,
        found.simulation,
        heading=f"What would {change} do today?",
        note=f"Run just now on the quotes of today and on {on}. Nothing is recorded.",
        back=f"/changes/{change}/simulation",
    )


def unrecorded(request: Request, visitor: Visitor, found: Simulation, **words: str) -> Response:
    """The page of a simulation that nobody decides on."""
    return render(
        request,
        "simulation_today.html",
        visitor=visitor,
        found=found,
        judged=(),
        columns=columns(found),
        width=WIDTH,
        height=HEIGHT,
        **words,
    )


@router.get("/progress")
async def progress(request: Request, change: str, visitor: Visiting, installation: InstallationParts) -> Response:
    """How far a large simulation has come; fetched again every two seconds while it runs."""
    found = SimulationProgress(stage="", done=0, of=1)
    if installation.temporal is not None:
        found = await simulation_progress(installation.temporal, change)
    return render(request, "simulation_progress.html", visitor=visitor, change=change, at=found)


@router.get("/quotes/{quote}")
def quote_page(
    request: Request,
    change: str,
    quote: Annotated[str, Path(max_length=60)],
    visitor: Visiting,
    installation: InstallationParts,
    session: Reading,
) -> Response:
    """One affected quote, old against new, with each step of its prices."""
    found = quote_trace(session, installation.files, change, quote, installation.wide)
    return render(
        request, "simulation_quote.html", visitor=visitor, change=change, found=found, offerings=offering_names(session)
    )


def columns(simulation: Simulation) -> tuple[Column, ...]:
    """The distribution of price moves as bars of a picture."""
    bars = simulation.distribution
    most = max((bar.quotes for bar in bars), default=0) or 1
    step = WIDTH // max(len(bars), 1)
    found = []
    for place, bar in enumerate(bars):
        height = (HEIGHT - FOOT - HEAD) * bar.quotes // most
        tall = max(height, 2) if bar.quotes else 0
        found.append(
            Column(
                x=place * step + 4,
                y=HEIGHT - FOOT - tall,
                width=step - 8,
                height=tall,
                words=span(bar),
                label=count(bar.quotes),
                kind=_kind(bar),
            )
        )
    return tuple(found)


def span(bar: Bar) -> str:
    """In percent: `2 to 5`, `> 20 %`, `same`."""
    if bar.above == bar.up_to:
        return "same"
    if bar.above is None:
        return f"≤ {_percent(bar.up_to or 0)} %"
    if bar.up_to is None:
        return f"> {_percent(bar.above)} %"
    return f"{_percent(bar.above)} to {_percent(bar.up_to)}"


def _percent(points: int) -> str:
    return basis_points(points).removesuffix(" %").replace("-", "−")


def _kind(bar: Bar) -> str:
    if bar.above == bar.up_to:
        return "same"
    return "dearer" if bar.above is not None and bar.above >= 0 else "cheaper"
