"""Simulations: several changes together, one run again, one quote old against new, how far one has come (chapter 6)."""

from typing import Annotated

from fastapi import APIRouter, Query

from activities.progress import SimulationProgress, simulation_progress
from api.parts import Asking, InstallationParts, Reading, Whole
from domain.simulation import Simulation
from queries import simulation as reading
from queries.simulation import QuoteTrace, Reproduction, Today

router = APIRouter(prefix="/api", tags=["simulations"])


@router.get("/simulations")
def together(
    installation: InstallationParts,
    _asking: Asking,
    session: Reading,
    change: Annotated[list[str], Query(min_length=1)],
) -> Simulation:
    """Open changes together on what is live now; repeat `change` for each of them. Nothing is recorded."""
    return reading.combined(session, installation.files, change, installation.wide)


@router.get("/changes/{change}/simulation")
def of_change(change: str, _asking: Asking, session: Reading) -> Simulation:
    """The simulation that the latest revision of a change is decided on."""
    return reading.stored(session, change)


@router.get("/simulations/version")
def of_version(
    installation: InstallationParts,
    _asking: Asking,
    session: Reading,
    artifact: Annotated[str, Query(max_length=120)],
    version: Whole,
) -> Simulation:
    """What it would do to the quotes of today if a version of an artifact were live instead of the latest one."""
    return reading.version_today(session, installation.files, artifact, version, installation.wide)


@router.get("/changes/{change}/simulation/today")
def today(change: str, installation: InstallationParts, _asking: Asking, session: Reading) -> Today:
    """What a change would do to the quotes of today. Nothing is recorded; the evidence stays as it is."""
    return reading.today(session, installation.files, change, installation.wide)


@router.get("/changes/{change}/simulation/reproduction")
def again(change: str, installation: InstallationParts, _asking: Asking, session: Reading) -> Reproduction:
    """Run the simulation of a change again from the versions and quotes that it ran on, and compare."""
    return reading.reproduce(session, installation.files, change, installation.wide)


@router.get("/changes/{change}/simulation/progress")
async def progress(change: str, installation: InstallationParts, _asking: Asking) -> SimulationProgress:
    """How far a large simulation that runs now has come."""
    return await simulation_progress(installation.require_temporal(), change)


@router.get("/changes/{change}/cases/{quote}")
def trace(change: str, quote: str, installation: InstallationParts, _asking: Asking, session: Reading) -> QuoteTrace:
    """The affected lines of a quote by the book before and after, with each step of their prices."""
    return reading.quote_trace(session, installation.files, change, quote, installation.wide)
