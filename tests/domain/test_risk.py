"""Twelve dimensions, each scored from a fact that it names; facts that weigh more never score less."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.artifact import Operation, Part
from domain.change import ChangeContent, Monitoring, Scope
from domain.impact import Impact
from domain.kinds import kind_of, kinds
from domain.risk import Dimension, RiskFacts, risk_of

NOW = datetime(2027, 1, 1, tzinfo=UTC)
PLAIN = {"regulated": False, "billing_model": False, "quarter_close": False}


def impact(quotes: int = 0, value: int = 0, offerings: int = 1) -> Impact:
    names = tuple(f"O{number}" for number in range(offerings))
    worth = {"EUR": value} if value else {}
    return Impact(artifacts=(), offerings=names, quotes=quotes, lines=0, value=worth, by_market={}, quotes_file="")


def scores(
    kind: str = "pricing",
    operations: tuple[Operation, ...] = (),
    found: Impact | None = None,
    content: dict[str, Any] | None = None,
    tiering: dict[str, object] | None = None,
    **known: Any,
) -> dict[str, tuple[int, str]]:
    part = Part(artifact=f"{kind}/standard", base=1, operations=operations)
    fields: dict[str, Any] = {"scope": Scope(markets=("DE",)), **(content or {})}
    change = ChangeContent(kind=kind, title="Some change", objective="Because.", parts=(part,), **fields)
    facts = RiskFacts(tiering={**PLAIN, **(tiering or {})}, risk=kind_of(kind).risk, now=NOW, **known)
    return {score.dimension: (score.score, score.fact) for score in risk_of(change, found or impact(), facts).scores}


def price(old: int, new: int) -> Operation:
    return Operation(
        entry="p", before={"type": "price", "unit_price_micros": old}, after={"type": "price", "unit_price_micros": new}
    )


@pytest.mark.parametrize("kind", kinds())
def test_every_dimension_is_scored_and_names_its_fact(kind: str) -> None:
    found = scores(kind)

    assert list(found) == list(Dimension)
    assert all(0 <= score <= 4 and fact for score, fact in found.values())


@pytest.mark.parametrize(
    ("dimension", "arguments", "score", "fact"),
    [
        ("customer", {"found": impact(0)}, 0, "0 open quotes"),
        ("customer", {"found": impact(1)}, 1, "1 open quotes"),
        ("customer", {"found": impact(101)}, 2, "101"),
        ("customer", {"found": impact(250_001)}, 4, "250,001"),
        ("revenue", {"found": impact(1, 10_000_001)}, 2, "100,000.01 EUR"),
        ("revenue", {}, 0, "no open quote"),
        ("margin", {"operations": (price(100, 84),)}, 3, "16 percent"),
        ("margin", {"operations": (price(100, 120),)}, 0, "0 percent"),
        ("legal", {"kind": "document"}, 4, "legal dispute"),
        ("regulatory", {"tiering": {"regulated": True}}, 4, "a law governs"),
        ("regulatory", {"kind": "eligibility"}, 2, "who may buy what"),
        ("operational", {"kind": "workflow"}, 3, "stuck quote or order"),
        ("operational", {"failures": 2}, 2, "2 of this kind and owner"),
        ("operational", {"collisions": 1}, 1, "1 open changes touch the same"),
        ("reversibility", {"kind": "migration"}, 4, "migration"),
        ("reversibility", {"tiering": {"billing_model": True}}, 3, "corrected"),
        ("reversibility", {"operations": (Operation(entry="p", before={"type": "price"}, after=None),)}, 1, "1 entries taken out"),
        ("blast radius", {"found": impact(offerings=11), "content": {"scope": Scope()}}, 3, "11 offerings in every market"),
        ("blast radius", {}, 0, "1 offerings in 1 markets"),
        ("detectability", {"content": {"monitoring": Monitoring(seconds=0)}}, 3, "0 hours"),
        ("detectability", {}, 0, "24 hours"),
        ("timing sensitivity", {"tiering": {"quarter_close": True}}, 4, "quarter"),
        ("timing sensitivity", {"frozen": 1}, 3, "1 freezes"),
        ("timing sensitivity", {}, 1, "as soon as it is approved"),
        ("timing sensitivity", {"starts": NOW + timedelta(hours=23)}, 2, "2027-01-01"),
        ("timing sensitivity", {"starts": NOW + timedelta(days=9)}, 0, "2027-01-10"),
        ("historical data", {"kind": "migration"}, 4, "what was there before"),
        ("historical data", {"tiering": {"billing_model": True}}, 2, "existing customers"),
        ("downstream dependencies", {"kind": "integration", "consumers": 2}, 4, "2 registered consumers"),
        ("downstream dependencies", {"kind": "approval"}, 0, "0 registered consumers"),
    ],
)  # fmt: skip
def test_the_score_of_a_fact(dimension: str, arguments: dict[str, Any], score: int, fact: str) -> None:
    found = scores(**arguments)[dimension]

    assert found[0] == score
    assert fact in found[1]


@pytest.mark.parametrize("failures", range(5))
def test_past_failures_never_lower_a_score(failures: int) -> None:
    fewer, more = scores(failures=failures), scores(failures=failures + 1)
    assert all(more[dimension][0] >= fewer[dimension][0] for dimension in fewer)
