"""The command that keeps the history of a workflow that has closed, or that Temporal had lost it (R-24.2)."""

from commands.assessments import write_evidence
from commands.command import Authority, Control, command
from commands.step import require_system
from domain.change import CLOSED
from domain.errors import Conflict
from domain.model import Model
from store.changes import HISTORY
from store.tables.change import ChangeRow
from store.unit_of_work import Transaction


class History(Model):
    """The runs of a closed workflow and the digest of the file that holds their events; no runs: Temporal had none."""

    runs: tuple[str, ...]
    events: int
    file: str | None


@command(control=Control.NONE, authority=Authority.FREE)
def keep_history(tx: Transaction, change: str, history: History) -> str:
    """Keep the history of a change's workflow as evidence. Returns its digest. Raises Conflict("still_open")."""
    require_system(tx)
    row = tx.lock(ChangeRow, change)
    if row.state not in CLOSED:
        raise Conflict("still_open", f"{change} is not closed yet.", state=row.state)
    kept = write_evidence(tx, row, HISTORY, history, history.file)
    tx.record("change.history_kept", change, revision=row.revision, evidence=kept, events=history.events)
    return kept
