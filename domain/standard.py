"""Standard changes: a pre-approved template with bounds; inside them nobody is asked again (R-3.5).

A template is governed content. It is exact about what may move: which fields of which existing entries, how far, where.
"""

from collections.abc import Iterable, Mapping
from datetime import date as LocalDate
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt

from domain.artifact import EVERYWHERE, Content, Operation, entry_id
from domain.canonical import digest
from domain.change import ChangeContent
from domain.impact import Impact
from domain.model import Model

Name = Annotated[str, Field(min_length=1, max_length=200)]
Count = Annotated[StrictInt, Field(ge=0)]


class StandardChange(Model):
    """What may be changed without asking again: these fields of existing entries under these prefixes, so far, until.

    entries: prefixes of entry ids; most_rise_percent, most_fall_percent: of each list price; most_quotes: open quotes
    affected; last_day: the last day on which it may take effect; renewed: counts its renewals, so that a template that
    has lost its status is another one when it is approved again.
    """

    type: Literal["standard_change"] = "standard_change"
    id: Annotated[str, Field(pattern="^[a-z0-9-]{1,60}$")]
    name: Name
    owner: Name
    artifact: Name
    entries: Annotated[tuple[Name, ...], Field(min_length=1)]
    fields: Annotated[tuple[Name, ...], Field(min_length=1)]
    markets: Annotated[tuple[Name, ...], Field(min_length=1)] = (EVERYWHERE,)
    most_operations: Annotated[StrictInt, Field(ge=1)] = 1
    most_rise_percent: Count = 0
    most_fall_percent: Count = 0
    most_quotes: Count = 0
    last_day: LocalDate
    renewed: Count = 0

    @property
    def key(self) -> str:
        return entry_id("standard_change", self.id)


def template_of(content: Content, name: str) -> StandardChange | None:
    """A template of the published list; None if there is none of that name."""
    entry = content.get(entry_id("standard_change", name))
    return None if entry is None else StandardChange.model_validate(entry)


def status_key(template: StandardChange) -> str:
    """What a change under a template is marked with: the template exactly as it was approved."""
    return f"{template.id}@{digest(template.model_dump(mode='json'))}"


def outside(
    template: StandardChange, content: ChangeContent, impact: Impact, today: LocalDate, summed: tuple[int, int] = (0, 0)
) -> tuple[str, ...]:
    """Why a change is not inside the bounds of a template; empty if it is.

    summed: by how many percent, together with recent and open changes, a price rises and falls at most.
    """
    operations = [op for part in content.parts for op in part.operations]
    found = list(_content(template, content, operations))
    if today > template.last_day or (content.effective.date or today) > template.last_day:
        found.append(f"it is over since {template.last_day}")
    if impact.quotes > template.most_quotes:
        found.append(f"{impact.quotes} open quotes are affected, not at most {template.most_quotes}")
    bounds = (template.most_rise_percent, template.most_fall_percent)
    for how, percent, most in zip(("rises", "falls"), summed, bounds, strict=True):
        if percent > most:
            found.append(f"a price {how} by {percent} percent with recent changes, not at most {most}")
    return tuple(found)


def _content(template: StandardChange, content: ChangeContent, operations: list[Operation]) -> Iterable[str]:
    if artifacts := sorted({part.artifact for part in content.parts} - {template.artifact}):
        yield f"{', '.join(artifacts)} is another artifact"
    if not 0 < len(operations) <= template.most_operations:
        yield f"it has {len(operations)} operations, not 1 to {template.most_operations}"
    if EVERYWHERE not in template.markets and not set(content.scope.markets) <= set(template.markets):
        yield f"it holds for {', '.join(content.scope.markets)}"
    if content.reverts or content.emergency:
        yield "it is a rollback or an emergency"
    for op in operations:
        yield from _operation(template, op)


def _operation(template: StandardChange, op: Operation) -> Iterable[str]:
    if not op.entry.startswith(template.entries):
        yield f"{op.entry} is another entry"
    if op.before is None or op.after is None:
        yield f"{op.entry} is added or taken out"
        return
    if moved := sorted(_moved(op.before, op.after) - set(template.fields)):
        yield f"{', '.join(moved)} of {op.entry} moves"
    old, new = op.before.get("unit_price_micros"), op.after.get("unit_price_micros")
    if isinstance(old, int) and isinstance(new, int):
        if (new - old) * 100 > template.most_rise_percent * old:
            yield f"{op.entry} rises by more than {template.most_rise_percent} percent"
        if (old - new) * 100 > template.most_fall_percent * old:
            yield f"{op.entry} falls by more than {template.most_fall_percent} percent"


def _moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    return {field for field in before.keys() | after.keys() if before.get(field) != after.get(field)}
