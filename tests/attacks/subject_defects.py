"""Seeded defects of requests that are no changes: quotes and access to personal data lose a guard of their own."""

from typing import Any

import pytest

import commands.data_access
import store.corrections
import store.requests
from store.approval import Asked, facts_of
from store.requests import RestsOn
from store.tables.data_access import DataAccessRow


def nobody_is_excluded_from_requests(patch: pytest.MonkeyPatch) -> None:
    """Separation of duties is lost for whatever is no change, beneficiaries included (B2)."""

    def of_everybody(session: Any, asked: Asked, *rest: Any) -> Any:
        return facts_of(session, asked, *rest).model_copy(update={"excluded": {}})

    patch.setattr(store.requests, "facts_of", of_everybody)


def personal_data_is_open(patch: pytest.MonkeyPatch) -> None:
    """Whoever may sign in reads what is kept about anybody (D10)."""
    granted = DataAccessRow(request="AR-0", person="", about="")
    patch.setattr(commands.data_access.data_access, "access_in_force", lambda *_: granted)


def a_quote_is_what_it_was(patch: pytest.MonkeyPatch) -> None:
    """A decision on a quote rests on what was asked once, whatever became of the quote (A1)."""
    same = {"content": "the same"}
    always = RestsOn(lambda content: (), lambda session, content: same, lambda content: {}, lambda session, content: ())
    patch.setattr(store.requests, "rests_on", lambda kind: always)


def evidence_may_be_corrected(patch: pytest.MonkeyPatch) -> None:
    """What is kept as evidence is a record like any other (D8)."""
    patch.setattr(store.corrections, "refuse_evidence", lambda wanted: None)
