"""Whether somebody answers for each governed artifact; where nobody does it is a case (R-2.5)."""

from commands.command import Control, command
from commands.step import require_system, set_case
from domain.ownership import accountable_for
from store import ownership
from store.tables.artifact import ArtifactRow
from store.unit_of_work import Transaction

OWNERS = "owners"
LAST_RESORT = "administrators"


@command(control=Control.OPERATION)
def watch_owners(tx: Transaction, artifact: str) -> str:
    """Judge by the ownership and the people of today, and return why nobody answers; "" when somebody does.

    The case goes to whoever answers for ownership itself.
    """
    require_system(tx)
    tx.lock(ArtifactRow, artifact)
    why = ownership.orphans(tx.session).get(artifact, "")
    keeper = accountable_for(ownership.table(tx.session), "security") or LAST_RESORT
    set_case(tx, artifact, OWNERS, keeper, "orphaned" if why else None, why)
    tx.record("artifact.owners_watched", artifact, orphaned=bool(why))
    return why
