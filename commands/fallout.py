"""Cases of changes and what is compared because of them: a run when one opens, and one when it closes (R-18.2)."""

from commands.reconciliations import ask_for_runs
from commands.step import set_case
from domain.reconciliation import Mode
from store import changes
from store.tables.change import ChangeRow
from store.unit_of_work import Transaction


def case_of(tx: Transaction, row: ChangeRow, step: str, code: str | None, message: str) -> tuple[str, ...]:
    """Open, keep or close the case of a step, as `set_case` does.

    Returns the runs that this asks for: of the pairs that the change is about and that name the step.
    """
    moved = set_case(tx, row.id, step, row.owner_group, code, message)
    if moved is None:
        return ()
    content = changes.content(tx.session, row.id, row.revision)
    kinds = {part.artifact.partition("/")[0] for part in content.parts}
    reason = f"A case of {row.id} has {moved}: {step.replace('_', ' ')}."
    return ask_for_runs(tx, Mode.INCIDENT, reason, kinds, step)
