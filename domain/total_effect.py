"""The total effect of a change: what whoever decides has to have read, and above a limit types again (E5, R-7.1)."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from domain.approval_plan import Plan
from domain.errors import Refused
from domain.impact import Impact
from domain.kinds.kind import Question
from domain.model import Model
from domain.money import exponent
from domain.simulation import Simulation

GROUPING = str.maketrans({"\u2212": "-", ",": None, " ": None, "\u00a0": None, "\u202f": None})
"""How amounts are shown, so that one may be typed or copied as it stands on the page: `−1,234.50`."""


class TotalEffect(Model):
    """What a change moves in all, by its impact analysis and its simulation.

    quotes, orders: how many are affected; delta: by how much the price of the quotes moves, minor units per currency;
    retype: the currencies in which that is beyond the limit of the policy, so that approving takes typing it again.
    """

    quotes: int
    orders: int
    delta: Mapping[str, int]
    retype: tuple[str, ...]


def total_effect(impact: Impact | None, simulation: Simulation | None, plan: Plan | None) -> TotalEffect | None:
    """The total effect as far as it has been found; None before that."""
    if impact is None or simulation is None:
        return None
    orders = impact.answer(Question.ORDERS)
    limits = plan.retype_above if plan else {}
    return TotalEffect(
        quotes=impact.quotes,
        orders=orders.count if orders else 0,
        delta=simulation.delta,
        retype=tuple(sorted(code for code, minor in simulation.delta.items() if _beyond(limits, code, minor))),
    )


def _beyond(limits: Mapping[str, int], currency: str, minor: int) -> bool:
    """A policy that limits anything leaves no currency out: one that it does not name is always typed again."""
    return bool(limits) and abs(minor) > limits.get(currency, 0)


def require_retyped(effect: TotalEffect | None, typed: Mapping[str, str]) -> dict[str, int]:
    """The amounts beyond their limits, minor units per currency, as they were typed again.

    Raises Refused("effect_not_retyped") unless each of them was, and rightly.
    """
    wrong = [code for code in (effect.retype if effect else ()) if not _is(effect, code, typed.get(code, ""))]
    if wrong:
        detail = f"To approve, type the total effect in {' and '.join(wrong)} exactly as it is shown."
        raise Refused("effect_not_retyped", detail, currencies=wrong)
    return {code: effect.delta[code] for code in effect.retype} if effect else {}


def _is(effect: TotalEffect | None, currency: str, text: str) -> bool:
    try:
        value = Decimal(text.translate(GROUPING).removesuffix(currency))
    except InvalidOperation:
        return False
    return effect is not None and value.is_finite() and value.scaleb(exponent(currency)) == effect.delta[currency]
