"""Kind `document`: proposal templates and the clause library, with the rules that make a clause required (R-14.4)."""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from domain.artifact import EVERYWHERE, Content, Entry, Operation, Problem, entry_id
from domain.certification import Answered
from domain.kinds.entries import (
    Code,
    Put,
    Remove,
    Sentence,
    compile_entry,
    describe_entry,
    meets,
    of_type,
    unknown,
    unknown_offerings,
)
from domain.kinds.kind import ALWAYS, Check, Kind, Pack, Plane, Question, Touched
from domain.model import Model

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
PLACEHOLDERS = frozenset({"customer", "offering", "quantity", "price", "total", "term", "valid_until", "country"})


class Clause(Model):
    """A clause of the library; `{customer}` and the like are filled in when a proposal is made."""

    type: Literal["clause"] = "clause"
    id: Code
    name: Code
    text: Sentence

    @property
    def key(self) -> str:
        return entry_id("clause", self.id)


class Template(Model):
    """A proposal for an offering in a country, made of clauses in this order."""

    type: Literal["template"] = "template"
    id: Code
    name: Code
    offering: Code = EVERYWHERE
    country: Code = EVERYWHERE
    language: Annotated[str, Field(pattern="^[a-z]{2}$")] = "en"
    clauses: Annotated[tuple[Code, ...], Field(min_length=1)]

    @property
    def key(self) -> str:
        return entry_id("template", self.id)


class Requirement(Answered):
    """A clause must be in proposals for this offering, country and payment terms (`*`: any); `because` says why."""

    type: Literal["requirement"] = "requirement"
    clause: Code
    offering: Code = EVERYWHERE
    country: Code = EVERYWHERE
    terms: Code = EVERYWHERE
    because: Sentence

    @property
    def key(self) -> str:
        return entry_id("requirement", self.clause, self.offering, self.country, self.terms)


Entries: TypeAlias = Annotated[Clause | Template | Requirement, Field(discriminator="type")]


def required(content: Content, offering: str, country: str, terms: str = EVERYWHERE) -> tuple[str, ...]:
    """The clauses that a proposal must carry, by id; terms `*` is any terms."""
    case = {"offering": offering, "country": country, "terms": terms}
    rules = of_type(content, "requirement")
    return tuple(sorted({rule["clause"] for rule in rules if all(meets(rule[name], case[name]) for name in case)}))


def proposal(content: Content, offering: str, country: str) -> tuple[str, ...] | None:
    """The clauses of a proposal, by id and in order: those of the template that fits best; None where none fits.

    A template for the offering beats one for all, then one for the country beats one for every country.
    """
    fitting = [
        t for t in of_type(content, "template") if meets(t["offering"], offering) and meets(t["country"], country)
    ]
    if not fitting:
        return None
    best = min(fitting, key=lambda t: (t["offering"] == EVERYWHERE, t["country"] == EVERYWHERE, t["id"]))
    return tuple(best["clauses"])


def validate(contents: Mapping[str, Content]) -> tuple[Problem, ...]:
    """Clauses exist and have known placeholders, and every template carries the clauses required of it."""
    content = contents.get("document", {})
    clauses = {clause["id"] for clause in of_type(content, "clause")}
    return (
        *_placeholders(of_type(content, "clause")),
        *(p for rule in of_type(content, "requirement") for p in _rule(rule, clauses, contents)),
        *(p for template in of_type(content, "template") for p in _template(template, clauses, content, contents)),
    )


def _placeholders(clauses: Iterable[Entry]) -> Iterable[Problem]:
    for clause in clauses:
        for name in sorted(set(PLACEHOLDER.findall(clause["text"])) - PLACEHOLDERS):
            yield unknown(clause["name"], "placeholder", name, f"Use one of {', '.join(sorted(PLACEHOLDERS))}.")


def _rule(rule: Entry, clauses: set[str], contents: Mapping[str, Content]) -> Iterable[Problem]:
    subject = f"The requirement of {rule['clause']}"
    yield from unknown_offerings(subject, [rule["offering"]], contents)
    if rule["clause"] not in clauses:
        yield unknown(subject, "clause", rule["clause"], "Add the clause to the library first.")


def _template(
    template: Entry, clauses: set[str], content: Content, contents: Mapping[str, Content]
) -> Iterable[Problem]:
    name = template["name"]
    yield from unknown_offerings(name, [template["offering"]], contents)
    for clause in sorted(set(template["clauses"]) - clauses):
        yield unknown(name, "clause", clause, "Add the clause to the library first.")
    for clause in required(content, template["offering"], template["country"]):
        if clause not in template["clauses"]:
            yield Problem(
                code="required_clause_missing",
                subject=name,
                message=f"Template {name} lacks the required clause {clause}.",
                mend="Add the clause to the template.",
            )


def place(operation: Operation) -> tuple[str, str]:
    """The country of a template or requirement; a clause holds everywhere."""
    entry = operation.after or operation.before or {}
    return entry.get("country", EVERYWHERE), EVERYWHERE


def touched(operation: Operation) -> tuple[Touched, ...]:
    """The offering whose proposals move; a clause moves what its templates are for (`reached`)."""
    entry = operation.after or operation.before or {}
    return (Touched(offering=entry["offering"], market=entry["country"]),) if "offering" in entry else ()


def reached(operation: Operation, content: Content) -> tuple[Touched, ...]:
    """The offerings whose templates carry a clause that moves, or whose proposals have to carry it."""
    moved = {entry["id"] for entry in (operation.before, operation.after) if entry and entry["type"] == "clause"}
    carrying = [one for one in of_type(content, "template") if moved & set(one["clauses"])]
    requiring = [one for one in of_type(content, "requirement") if one["clause"] in moved]
    return tuple(Touched(offering=one["offering"], market=one["country"]) for one in (*carrying, *requiring))


KIND = Kind(
    name="document",
    schema="document/1",
    entries=TypeAdapter(Entries),
    edits=TypeAdapter(Annotated[Put[Entries] | Remove, Field(discriminator="edit")]),
    compile=compile_entry,
    validate=validate,
    describe=describe_entry,
    risk="legal dispute",
    plane=Plane.CATALOG,
    questions=(Question.QUOTES, Question.CLAUSES, Question.ROLLBACK),
    packs=(Pack.GOLDEN, Pack.OPEN_QUOTES, Pack.HIGH_RISK),
    controls=(*ALWAYS, Check.SIMULATION),
    strategy="country by country; documents already made keep the clause versions that they pin",
    rollback="publish the earlier templates and clauses again",
    rules=("requirement",),
    place=place,
    touched=touched,
    reached=reached,
)
