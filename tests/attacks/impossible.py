"""Cases of the catalogue that cannot arise here: one line why, and a check that it still is so."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from typing import NamedTuple

from sqlmodel import SQLModel

import queries
from activities import payloads
from api.app import ROUTES
from commands.approvals import Ballot
from commands.command import REGISTRY
from domain.change import ChangeContent
from policies.facts import TABLES, columns_of


class Impossible(NamedTuple):
    """Why a case cannot arise, and whether that still holds."""

    why: str
    still: Callable[[], bool]


def _no_column(*words: str) -> Callable[[], bool]:
    return lambda: (
        not any(
            word in column.name
            for table in SQLModel.metadata.sorted_tables
            for column in table.columns
            for word in words
        )
    )


def _no_field(model: type, *names: str) -> Callable[[], bool]:
    return lambda: not set(names) & set(model.model_fields)  # type: ignore[attr-defined]


IMPOSSIBLE: Mapping[str, Impossible] = {
    "A3": Impossible(
        "Eligibility is computed by the gate each time; no column keeps it.", _no_column("official", "eligible")
    ),
    "A7": Impossible("A closed change has no step that opens it again.", lambda: "reopen" not in _steps()),
    "B10": Impossible("No header but Authorization names a user.", _no_field(Ballot, "user", "account", "actor")),
    "B12": Impossible(
        "Signing in writes a session and nothing of the account.", _no_column("last_login", "enabled_by")
    ),
    "C16": Impossible(
        "An approval names no amount of its own; the plan's slots do.", _no_field(Ballot, "amount", "limit")
    ),
    "D7": Impossible("No body repeats what the path says.", _no_field(Ballot, "change", "subject")),
    "E4": Impossible(
        "Stage and task ids are made by the server or the policy.", _no_field(ChangeContent, "id", "step")
    ),
    "C6": Impossible(
        "No rule can ask for a name or a title; what is renamed keeps its id.",
        lambda: not {"title", "name", "offering"} & {column for table in TABLES for column in columns_of(table)},
    ),
    "D11": Impossible(
        "No message is answered: nothing comes in by chat or mail.", lambda: not _routes("chat", "mail", "slack")
    ),
    "D12": Impossible(
        "No row is invisible to somebody who sees its list, so no count tells of one.", lambda: not _queries("viewer")
    ),
    "D14": Impossible("Every path calls the same command; a test walks them.", lambda: bool(REGISTRY)),
    "H8": Impossible(
        "Workflow ids are made of our own ids, and no text of people is in a workflow.", lambda: not _payload_texts()
    ),
    "F6": Impossible("There are no webhooks yet that a person could own.", _no_column("webhook", "subscription_url")),
}
"""By id of the catalogue."""


def _routes(*words: str) -> list[str]:
    """Paths of the API with one of these words in them."""
    paths = [str(getattr(route, "path", "")) for module in ROUTES for route in module.router.routes]
    return [path for path in paths if any(word in path for word in words)]


def _queries(parameter: str) -> list[str]:
    """Queries that take such a parameter."""
    modules = [importlib.import_module(f"queries.{found.name}") for found in pkgutil.iter_modules(queries.__path__)]
    functions = [found for module in modules for _, found in inspect.getmembers(module, inspect.isfunction)]
    return [found.__name__ for found in functions if parameter in inspect.signature(found).parameters]


def _payload_texts() -> set[str]:
    """Fields of what is sent to workflows that could carry a text of people."""
    models = [found for _, found in inspect.getmembers(payloads, inspect.isclass) if hasattr(found, "model_fields")]
    return {name for model in models for name in model.model_fields} & {"title", "objective", "comment", "name", "text"}


def _steps() -> set[str]:
    from domain.change import Step

    return {step.value for step in Step}
