"""Loading the proofs of who decides: what commands require and pages show is found by the same statement (E2)."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from store.tables.approval import StepUpRow, StepUpUseRow

PROOF_HOLDS = timedelta(minutes=5)
"""How old the authentication behind a proof may be, on the wall clock, for nobody travels through it (ADR 0003)."""


def fresh_proof(session: Session, account: str, subject: str, revision: int, wall: datetime) -> StepUpRow | None:
    """A proof of this account for exactly this revision that still holds and that no decision has used; else None."""
    query = (
        select(StepUpRow)
        .where(
            col(StepUpRow.account) == account,
            col(StepUpRow.subject) == subject,
            col(StepUpRow.revision) == revision,
            col(StepUpRow.authenticated_at) > wall - PROOF_HOLDS,
            col(StepUpRow.id).not_in(select(col(StepUpUseRow.step_up))),
        )
        .order_by(col(StepUpRow.authenticated_at))
        .limit(1)
    )
    return session.execute(query).scalar()
