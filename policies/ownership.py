"""The shipped ownership table, which seeds version 1 of its artifact only (D6b)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from domain.artifact import Content
from domain.ownership import Activity, Domain, Duty, Function, KindOwnership
from policies.documents import parsed

SEED = Path(__file__).parent / "tables" / "ownership.yaml"


def seed_ownership() -> Content:
    """The entries of the shipped file; a RACI row is written there as its letters in the order of the functions."""
    document = parsed(SEED.read_text(encoding="utf-8"))
    functions = [Function.model_validate(entry) for entry in document["functions"]]
    names = [function.id for function in functions]
    entries: list[Domain | Function | Activity | KindOwnership] = [
        *(Domain.model_validate(entry) for entry in document["domains"]),
        *functions,
        *(_activity(entry, names) for entry in document["activities"]),
        *(KindOwnership.model_validate(entry) for entry in document["kinds"]),
    ]
    return {entry.key: entry.model_dump(mode="json") for entry in entries}


def _activity(entry: Mapping[str, Any], functions: list[str]) -> Activity:
    letters = [Duty(letter) for letter in entry["duties"].split()]
    return Activity(id=entry["id"], name=entry["name"], duties=dict(zip(functions, letters, strict=True)))
