"""The facts from which a change is tiered: found in content and impact, never asked of the requester (R-3.2, R-3.3)."""

from collections.abc import Iterable, Mapping

from domain.artifact import Operation
from domain.change import ChangeContent
from domain.impact import Impact

NEW_PRICE_PERCENT = 100


def tiering_facts(content: ChangeContent, impact: Impact) -> Mapping[str, object]:
    """kind; largest_increase_percent: of any list price, rounded up, 0 if none rises; affected_quotes: open quotes."""
    operations = [op for part in content.parts for op in part.operations]
    return {
        "kind": content.kind,
        "largest_increase_percent": max(_increases(operations), default=0),
        "affected_quotes": impact.quotes,
    }


def _increases(operations: Iterable[Operation]) -> Iterable[int]:
    for op in operations:
        old = (op.before or {}).get("unit_price_micros")
        new = (op.after or {}).get("unit_price_micros")
        if old is None or new is None:
            continue
        yield -(-(new - old) * 100 // old) if old else NEW_PRICE_PERCENT
