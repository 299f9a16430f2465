"""The risk that remains, as the owner states it: failed and inconclusive checks are part of it (R-4.8)."""

from domain.model import Model
from domain.simulation import Outcome, Simulation


class ResidualRisk(Model):
    """What the owner accepts, beside the checks that did not pass, and who the owner was.

    simulation: the digest of the one whose checks they are.
    """

    statement: str
    open_checks: tuple[str, ...]
    accepted_by: str
    at: str
    simulation: str = ""


def open_checks(simulation: Simulation | None) -> tuple[str, ...]:
    """The checks that failed or could not be judged, one sentence each, with how many lines fail and where."""
    if simulation is None:
        return ()
    found = (check for check in simulation.checks if check.outcome is not Outcome.PASS)
    return tuple(f"{check.title}: {check.outcome}{check.where}" for check in found)
