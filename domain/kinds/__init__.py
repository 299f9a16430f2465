"""The kinds of change (R-3.1): one module each, found by its `KIND`; a further kind is one further file."""

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache

from domain.artifact import Part
from domain.errors import Invalid
from domain.kinds.kind import Kind


@cache
def kinds() -> dict[str, Kind]:
    """Every registered kind by name."""
    found: dict[str, Kind] = {}
    for module in pkgutil.iter_modules(__path__):
        kind = getattr(importlib.import_module(f"{__name__}.{module.name}"), "KIND", None)
        if isinstance(kind, Kind):
            found[kind.name] = kind
    return dict(sorted(found.items()))


def kind_of(name: str) -> Kind:
    """The kind of that name. Raises Invalid("unknown_kind")."""
    try:
        return kinds()[name]
    except KeyError:
        raise Invalid("unknown_kind", f"{name!r} is not a kind of change.", kinds=list(kinds())) from None


def kind_of_artifact(artifact: str) -> Kind:
    """The kind that governs an artifact: the first word of its id, `pricing/standard` -> pricing."""
    return kind_of(artifact.partition("/")[0])


def authors_of(parts: Iterable[Part]) -> frozenset[str]:
    """The accounts that wrote elsewhere what these parts bring in (R-7.3)."""
    return frozenset(
        author for part in parts for op in part.operations for author in kind_of_artifact(part.artifact).authors(op)
    )
