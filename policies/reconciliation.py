"""The pairs that are reconciled, one file each in `policies/pairs/`: adding one is adding a file (chapter 18)."""

from functools import cache
from pathlib import Path

import yaml
from pydantic import ValidationError

from domain.canonical import digest
from domain.errors import Invalid, NotFound
from domain.kinds.kind import first_error
from domain.reconciliation import Pair
from policies.documents import parsed

FOLDER = Path(__file__).parent / "pairs"


@cache
def pairs() -> dict[str, Pair]:
    """Every declared pair by id. Raises Invalid("bad_pair") naming the file that cannot be read."""
    found = [load_pair(path) for path in sorted(FOLDER.glob("*.yaml"))]
    return {pair.id: pair for pair in found}


def pair(name: str) -> Pair:
    """A declared pair. Raises NotFound("unknown_pair") naming those that there are."""
    if name not in pairs():
        known = ", ".join(pairs())
        raise NotFound("unknown_pair", f"There is no pair {name!r}; there are {known}.", pair=name, known=list(pairs()))
    return pairs()[name]


def load_pair(path: Path) -> Pair:
    """The pair of a file. Raises Invalid("bad_pair")."""
    try:
        found = Pair.model_validate(parsed(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        reason = first_error(error) if isinstance(error, ValidationError) else str(error)
        raise Invalid("bad_pair", f"{path.name}: {reason}", file=path.name) from None
    if found.id != path.stem:
        raise Invalid("bad_pair", f"{path.name}: its id is {found.id}; file and id need the same name.")
    return found


def declaration_digest(found: Pair) -> str:
    """The digest of a declaration, so that a result says by what it was compared."""
    return digest(found.model_dump(mode="json"))
