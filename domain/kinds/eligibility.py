"""Kind `eligibility`: who may buy what, where and when; deny beats allow and says why (R-10.5)."""

from collections.abc import Iterable, Mapping
from datetime import date as LocalDate
from datetime import timedelta
from itertools import combinations
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StrictBool, TypeAdapter

from domain.artifact import EVERYWHERE, Content, Entry, Operation, Problem, entry_id
from domain.certification import Answered
from domain.given import WrittenDay
from domain.kinds.entries import (
    Code,
    Put,
    Remove,
    Sentence,
    compile_entry,
    describe_entry,
    meets,
    of_type,
    period,
    unknown_offerings,
)
from domain.kinds.kind import ALWAYS, Check, Kind, Pack, Plane, Question, Touched
from domain.model import Model

PLACES = ("offering", "country", "customer", "segment", "channel")


class Rule(Answered):
    """Allows or denies an offering (`*`: any) to whom it names, between two days, with the reason that people read.

    regulated: a law asks for it, so that it is checked as such.
    """

    type: Literal["rule"] = "rule"
    id: Code
    name: Code
    effect: Literal["allow", "deny"]
    reason: Sentence
    offering: Code = EVERYWHERE
    country: Code = EVERYWHERE
    customer: Code = EVERYWHERE
    segment: Code = EVERYWHERE
    channel: Code = EVERYWHERE
    first_day: WrittenDay | None = None
    last_day: WrittenDay | None = None
    regulated: StrictBool = False

    @property
    def key(self) -> str:
        return entry_id("rule", self.id)


class HighRisk(Model):
    """A country and channel (`*`: any) where a mistake costs more, and why: simulations look at what happens there."""

    type: Literal["high_risk"] = "high_risk"
    country: Code = EVERYWHERE
    channel: Code = EVERYWHERE
    because: Sentence

    @property
    def key(self) -> str:
        return entry_id("high_risk", self.country, self.channel)


Entries: TypeAlias = Annotated[Rule | HighRisk, Field(discriminator="type")]


class Eligible(Model):
    """Whether somebody may buy, by which rule (None: no rule speaks of it) and why."""

    allowed: bool
    rule: str | None
    reason: str


def eligible(content: Content, on: LocalDate, **case: str) -> Eligible:
    """Decide one case (offering, country, customer, segment, channel) on a day: deny beats allow.

    Where rules allow an offering to some, everybody else is denied; where no rule speaks of it, it is allowed.
    """
    speaking = [
        rule for rule in of_type(content, "rule") if _on(rule, on) and meets(rule["offering"], case["offering"])
    ]
    holding = [rule for rule in speaking if all(meets(rule[name], case[name]) for name in PLACES)]
    for rule in sorted(holding, key=lambda rule: (rule["effect"] != "deny", rule["id"])):
        return Eligible(allowed=rule["effect"] == "allow", rule=rule["id"], reason=rule["reason"])
    if any(rule["effect"] == "allow" for rule in speaking):
        return Eligible(allowed=False, rule=None, reason="No rule allows it here.")
    return Eligible(allowed=True, rule=None, reason="No rule speaks of it.")


def periods(*contents: Content) -> tuple[LocalDate, ...]:
    """The days from which on these contents may answer otherwise than the day before, the beginning of time first."""
    found = {LocalDate.min}
    for rule in (rule for content in contents for rule in of_type(content, "rule")):
        first, last = period(rule["first_day"], rule["last_day"])
        found |= {first, *([last + timedelta(days=1)] if last < LocalDate.max else [])}
    return tuple(sorted(found))


def high_risk(content: Content, country: str, channel: str) -> bool:
    """Whether a place is marked as one of high risk."""
    marks = of_type(content, "high_risk")
    return any(meets(mark["country"], country) and meets(mark["channel"], channel) for mark in marks)


def _on(rule: Entry, day: LocalDate) -> bool:
    first, last = period(rule["first_day"], rule["last_day"])
    return first <= day <= last


def validate(contents: Mapping[str, Content]) -> tuple[Problem, ...]:
    """Rules are about offerings that exist, their days are in order, and no two say the opposite of one case."""
    rules = of_type(contents.get("eligibility", {}), "rule")
    return (
        *(problem for rule in rules for problem in unknown_offerings(rule["name"], [rule["offering"]], contents)),
        *_windows(rules),
        *_contradictions(rules),
    )


def _windows(rules: Iterable[Entry]) -> Iterable[Problem]:
    for rule in rules:
        first, last = period(rule["first_day"], rule["last_day"])
        if last < first:
            yield Problem(
                code="bad_window",
                subject=rule["name"],
                message=f"Rule {rule['name']} ends before it begins.",
                mend="Give a last day on or after the first day.",
            )


def _contradictions(rules: Iterable[Entry]) -> Iterable[Problem]:
    for one, other in combinations(rules, 2):
        same = all(one[name] == other[name] for name in PLACES)
        (first, last), (begin, end) = (period(rule["first_day"], rule["last_day"]) for rule in (one, other))
        if same and first <= end and begin <= last:
            opposite = one["effect"] != other["effect"]
            yield Problem(
                code="contradiction" if opposite else "rule_twice",
                subject=one["name"],
                message=f"Rules {one['name']} and {other['name']} are about exactly the same case"
                + (" and say the opposite." if opposite else "."),
                mend="Take one of them out, or separate their days.",
            )


def place(operation: Operation) -> tuple[str, str]:
    """The country and channel of a rule or a mark."""
    entry = operation.after or operation.before or {}
    return entry["country"], entry["channel"]


def touched(operation: Operation) -> tuple[Touched, ...]:
    """The offering about which the rule is, where it holds or held; a mark of high risk moves nothing.

    What allows an offering to some denies it to everybody else, so only one that denies is about those it names.
    """
    found = {
        Touched(offering=entry["offering"], market=entry["country"], channel=entry["channel"], **_denied(entry))
        for entry in (operation.before, operation.after)
        if entry and entry["type"] == "rule"
    }
    return tuple(sorted(found, key=lambda item: tuple(item.model_dump().values())))


def _denied(rule: Entry) -> dict[str, str]:
    return {name: rule[name] for name in ("customer", "segment")} if rule["effect"] == "deny" else {}


KIND = Kind(
    name="eligibility",
    schema="eligibility/1",
    entries=TypeAdapter(Entries),
    edits=TypeAdapter(Annotated[Put[Entries] | Remove, Field(discriminator="edit")]),
    compile=compile_entry,
    validate=validate,
    describe=describe_entry,
    risk="compliance violation",
    plane=Plane.CATALOG,
    questions=(Question.QUOTES, Question.ORDERS, Question.ASSETS, Question.ROLLBACK),
    packs=(Pack.GOLDEN, Pack.OPEN_QUOTES, Pack.RENEWALS, Pack.HIGH_RISK),
    controls=(*ALWAYS, Check.SIMULATION),
    strategy="country by country at the local effective time",
    rollback="publish the earlier rules again; what was sold under the bad ones is listed",
    rules=("rule",),
    place=place,
    touched=touched,
)
