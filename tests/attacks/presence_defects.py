"""Seeded defects of presence: a proof, or a sum typed again, that the product no longer asks for."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

import api.routes.approvals
import commands.approvals
import commands.step_up
from commands.step_up import Authentication
from store.tables.approval import StepUpRow


def nothing_has_to_be_proven(patch: pytest.MonkeyPatch) -> None:
    """A decision asks nobody who they are (E2)."""
    patch.setattr(commands.approvals, "proof_for", lambda *_: None)


def any_proof_will_do(patch: pytest.MonkeyPatch) -> None:
    """A proof is bound to nothing: not to account, subject or revision, and it neither ages nor is used up (E2)."""

    def any_row(session: Any, *_: object) -> Any:
        return session.execute(select(StepUpRow)).scalars().first()

    patch.setattr(commands.step_up, "fresh_proof", any_row)
    patch.setattr(commands.approvals, "use_up", lambda *_: None)


def every_sign_in_is_new(patch: pytest.MonkeyPatch) -> None:
    """When somebody signed in is taken to be now, so that one sign-in gives any number of proofs (E2)."""
    import commands.step_up

    honest = commands.step_up.step_up.function

    def just_now(tx: Any, subject: str, revision: int, authentication: Any) -> Any:
        return honest(tx, subject, revision, authentication.model_copy(update={"at": None}))

    patch.setattr(commands.step_up.step_up, "function", just_now)


def authentications_never_age(patch: pytest.MonkeyPatch) -> None:
    """A session of yesterday is as good as signing in now (E2)."""
    patch.setattr(commands.step_up, "PROOF_HOLDS", timedelta(days=400))


def proofs_are_given(patch: pytest.MonkeyPatch) -> None:
    """Whoever asks for a proof gets one (E2)."""
    honest = Authentication(method="development")
    patch.setattr(api.routes.approvals, "_authenticated", lambda *_: honest)


def effects_are_not_typed(patch: pytest.MonkeyPatch) -> None:
    """Nobody has to show that they have read what a change moves (E5)."""
    patch.setattr(commands.approvals, "require_retyped", lambda *_: None)
