"""What rules beside the prices answer about a line: may it be sold, what its proposal says, who fulfils and bills it.

The old and the new answer are lists of sentences, so that a difference is what stands in one of them only (R-6.2). They
depend on the offering, the place and for whom, never on amounts: lines that agree in these are asked about once.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date as LocalDate
from functools import cached_property
from typing import NamedTuple, TypeAlias

from domain.artifact import EVERYWHERE, Content, Entry
from domain.canonical import digest
from domain.kinds.document import proposal
from domain.kinds.eligibility import eligible, periods
from domain.kinds.entries import meets, of_type
from domain.kinds.order_mapping import BILLING, decomposed

Contents: TypeAlias = Mapping[str, Content]
Answer: TypeAlias = tuple[str, ...]
SHOWN = 3
"""Sentences of each side in a counter-example."""


class Case(NamedTuple):
    """A line by what decides about it; an empty customer is one whom no rule names."""

    offering: str
    market: str
    channel: str
    segment: str
    customer: str


@dataclass(frozen=True)
class Side:
    """The contents of all kinds before or after a change, and from which days on rules may answer otherwise."""

    contents: Contents
    days: tuple[LocalDate, ...]

    def of(self, kind: str) -> Content:
        """The content of a kind, empty where nothing of it is governed."""
        return self.contents.get(kind, {})

    @cached_property
    def charges(self) -> Mapping[str, list[Entry]]:
        """The prices that say how they are charged, by offering."""
        found: dict[str, list[Entry]] = {}
        for entry in self.charged.values():
            found.setdefault(entry["offering"], []).append(entry)
        return found

    @cached_property
    def charged(self) -> Content:
        """The entries of the price book that say how they are charged."""
        return {key: entry for key, entry in self.of("pricing").items() if entry.get("charge")}

    @cached_property
    def speaking(self) -> dict[str, Content]:
        """The eligibility rules about each offering that was asked for."""
        return {}


def sides(old: Contents, new: Contents) -> tuple[Side, Side]:
    """Both sides, asked on the same days."""
    days = periods(old.get("eligibility", {}), new.get("eligibility", {}))
    return Side(old, days), Side(new, days)


def eligibility(side: Side, case: Case) -> Answer:
    """Whether it may be sold, for each period."""
    rules = side.speaking.get(case.offering)
    if rules is None:
        about = {
            key: rule for key, rule in side.of("eligibility").items() if meets(rule.get("offering", ""), case.offering)
        }
        rules = side.speaking[case.offering] = about
    asked = {"offering": case.offering, "country": case.market, **_who(case)}
    return tuple(_eligible(rules, day, asked) for day in side.days)


def _who(case: Case) -> dict[str, str]:
    return {"customer": case.customer, "segment": case.segment, "channel": case.channel}


def _eligible(rules: Content, day: LocalDate, asked: Mapping[str, str]) -> str:
    found = eligible(rules, day, **asked)
    since = "" if day == LocalDate.min else f" from {day}"
    return f"allowed{since}" if found.allowed else f"denied{since}: {found.reason}"


def clauses(side: Side, case: Case) -> Answer:
    """The clauses of its proposal with a part of the digest of each text, so that a new wording shows."""
    document = side.of("document")
    carried = proposal(document, case.offering, case.market)
    if carried is None:
        return ("no template",)
    return tuple(f"{name} ({_text(document.get(f'clause/{name}'))})" for name in carried)


def _text(clause: Entry | None) -> str:
    """A part of the digest of a clause; two changes together may leave a template without one that it carries."""
    return "missing" if clause is None else digest(dict(clause))[7:13]


def plan(side: Side, case: Case) -> Answer:
    """The tasks that fulfil it, in order, each with its system and what it waits for."""
    tasks = decomposed(side.of("order_mapping"), case.offering, case.market)
    return ("no plan",) if tasks is None else tuple(_task(task) for task in tasks)


def _task(task: Entry) -> str:
    after = f" after {', '.join(task['after'])}" if task["after"] else ""
    way_back = task["compensation"] or "no way back"
    patience = f"{task['attempts']} attempts, {task['retry_seconds']} and {task['timeout_seconds']} s"
    return f"{task['name']} in {task['system']}{after} ({patience}; {task['milestone'] or 'no milestone'}; {way_back})"


def billing(side: Side, case: Case) -> Answer:
    """Where billing starts and what it is told, how the prices are charged, how promotions are billed."""
    tasks = decomposed(side.of("order_mapping"), case.offering, case.market) or ()
    starts = [task for task in tasks if task["milestone"] == BILLING]
    return (
        *(f"starts with {task['name']} in {task['system']}" for task in starts),
        *(field for task in starts for field in _handed_off(side.of("integration"), task["system"])),
        *(f"{price['selling_model']} is charged {price['charge']}" for price in _prices(side, case)),
        *(_treatment(promotion) for promotion in _promotions(side, case)),
    )


def _handed_off(integration: Content, system: str) -> Iterable[str]:
    """What the contracts that a billing system provides ask for."""
    asked = {
        c["id"] for c in of_type(integration, "contract") if c["provider"] == system and c["direction"] == "request"
    }
    for field in of_type(integration, "field"):
        if field["contract"] in asked:
            need = "required" if field["required"] else "optional"
            yield f"{field['contract']} takes {field['name']} as {need} {field['data_type']}"


def _prices(side: Side, case: Case) -> list[Entry]:
    return [
        price
        for price in side.charges.get(case.offering, ())
        if meets(price["market"], case.market) and meets(price["channel"], case.channel)
    ]


def _promotions(side: Side, case: Case) -> list[Entry]:
    places = {"market": case.market, "channel": case.channel, "segment": case.segment}
    return [
        found
        for found in of_type(side.of("promotion"), "promotion")
        if case.offering in found["offerings"] and all(meets(found[name], place) for name, place in places.items())
    ]


def _treatment(promotion: Entry) -> str:
    return f"{promotion['name']} is billed as {promotion['billing'].replace('_', ' ')}, refund {promotion['refund']}"


@dataclass(frozen=True)
class Question:
    """A kind of difference: what answers it, and the contents of a side that decide about it."""

    name: str
    answer: Callable[[Side, Case], Answer]
    decides: Callable[[Side], object]

    def moves(self, old: Side, new: Side) -> bool:
        """Whether anything that decides about it moves at all."""
        return self.decides(old) != self.decides(new)

    def difference(self, old: Side, new: Side, case: Case) -> str:
        """What is only in the old and only in the new answer, empty where they agree."""
        before, after = self.answer(old, case), self.answer(new, case)
        gone, came = [one for one in before if one not in after], [one for one in after if one not in before]
        if not gone and not came and before != after:
            return "another order"
        parts = (f"no longer {_some(gone)}" if gone else "", f"now {_some(came)}" if came else "")
        return ", ".join(part for part in parts if part)


def _some(sentences: list[str]) -> str:
    more = f" and {len(sentences) - SHOWN} more" if len(sentences) > SHOWN else ""
    return "; ".join(sentences[:SHOWN]) + more


QUESTIONS = (
    Question("eligibility", eligibility, lambda side: side.of("eligibility")),
    Question("clauses", clauses, lambda side: side.of("document")),
    Question("fulfillment plan", plan, lambda side: side.of("order_mapping")),
    Question(
        "billing mapping",
        billing,
        lambda side: (side.of("order_mapping"), side.of("integration"), side.of("promotion"), side.charged),
    ),
)


def named_customers(*contents: Contents) -> tuple[str, ...]:
    """The customers whom eligibility rules name."""
    rules = (rule for found in contents for rule in of_type(found.get("eligibility", {}), "rule"))
    return tuple(sorted({rule["customer"] for rule in rules} - {EVERYWHERE}))
