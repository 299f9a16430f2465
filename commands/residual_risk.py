"""The owner states the risk that remains and accepts it by name (R-4.8)."""

from typing import Annotated

from pydantic import AfterValidator, Field

from commands.assessments import write_evidence
from commands.changes import Receipt, receipt, touch
from commands.command import Control, command
from domain.change import ChangeState, visible
from domain.errors import Conflict, Refused
from domain.given import WrittenNumber
from domain.model import Model
from domain.residual_risk import ResidualRisk, open_checks
from domain.simulation import Simulation
from store import changes
from store.changes import RESIDUAL_RISK, SIMULATION
from store.tables.change import ChangeRow
from store.unit_of_work import Transaction

STATABLE = (ChangeState.AWAITING_APPROVAL, ChangeState.APPROVED, ChangeState.SCHEDULED)


class Statement(Model):
    """What remains, in the owner's words, and the revision that it is about."""

    statement: Annotated[str, Field(min_length=10, max_length=4000), AfterValidator(visible)]
    revision: WrittenNumber


@command(control=Control.NONE)
def accept_residual_risk(tx: Transaction, change: str, stated: Statement) -> Receipt:
    """Keep what the owner accepts, with the checks that did not pass.

    Raises Refused("machine_may_not", "not_the_owner"), Conflict("revision_moved", "nothing_to_accept").
    """
    person = tx.actor.as_person()
    row = tx.lock(ChangeRow, change)
    if row.owner_group not in tx.actor.groups:
        raise Refused("not_the_owner", f"The residual risk is stated by {row.owner_group}.", change=change)
    if row.revision != stated.revision:
        raise Conflict("revision_moved", f"{change} is at revision {row.revision} now.", revision=row.revision)
    if row.state not in STATABLE:
        raise Conflict("nothing_to_accept", f"{change} is {row.state.replace('_', ' ')}.", state=row.state)
    evidence = changes.evidence(tx.session, change, row.revision, SIMULATION)
    touch(tx, row)
    accepted = ResidualRisk(
        statement=stated.statement,
        open_checks=open_checks(changes.evidence_model(evidence, Simulation)),
        accepted_by=person,
        at=tx.now.isoformat(),
        simulation=evidence.digest if evidence else "",
    )
    kept = write_evidence(tx, row, RESIDUAL_RISK, accepted)
    tx.wake(change, "residual risk")
    tx.record("change.residual_risk_accepted", change, revision=row.revision, evidence=kept)
    return receipt(row)
