"""The dependency graph around a change, computed from the live artifacts and what the change adds to them (R-5.3)."""

from collections.abc import Sequence

from sqlmodel import Session

from analysis.impact import touched_by
from analysis.impact_answers import live_contents
from domain.artifact import Part
from domain.graph import Graph, References, around

DEPTH = 3

__all__ = ["Graph", "graph_of"]


def graph_of(session: Session, parts: Sequence[Part]) -> Graph:
    """What the change moves, the offerings that it touches, what they need and what needs them, three steps far."""
    contents = {name: dict(content) for name, content in live_contents(session).items()}
    for part in parts:
        for op in part.operations:
            if op.after is not None:
                contents.setdefault(part.artifact, {})[op.entry] = op.after
    references = References(contents)
    changed = [f"{part.artifact}:{op.entry}" for part in parts for op in part.operations]
    offerings = [references.named("offering", item.offering) for item in touched_by(parts)]
    return around(references, changed, [name for name in offerings if name is not None], DEPTH)
