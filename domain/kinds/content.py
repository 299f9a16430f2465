"""Kind `content`: the texts that customers and colleagues read about offerings; never what is sold (R-3.1)."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from domain.artifact import EVERYWHERE, Content, Entry, Operation, Problem, entry_id
from domain.kinds.entries import Code, Put, Remove, Sentence, compile_entry, describe_entry, of_type, unknown_offerings
from domain.kinds.kind import ALWAYS, Kind, Pack, Plane, Question
from domain.model import Model

UNFINISHED = re.compile(r"\b(TODO|TBD|FIXME|XXX|lorem ipsum)\b|\{\{|\}\}", re.IGNORECASE)


class Wording(Model):
    """A text at a place (`slot`) about an offering (`*`: about all), for an audience, in a language and market."""

    type: Literal["wording"] = "wording"
    offering: Code = EVERYWHERE
    slot: Code
    audience: Literal["customer", "internal"] = "customer"
    market: Code = EVERYWHERE
    language: Annotated[str, Field(pattern="^[a-z]{2}$")] = "en"
    text: Sentence

    @property
    def key(self) -> str:
        return entry_id("wording", self.offering, self.slot, self.market, self.language)


def validate(contents: Mapping[str, Content]) -> tuple[Problem, ...]:
    """Texts are about offerings that exist and are finished; what customers read in a market exists in English too."""
    texts = of_type(contents.get("content", {}), "wording")
    english = {(text["offering"], text["slot"]) for text in texts if text["language"] == "en"}
    problems = [problem for text in texts for problem in _problems(text, contents)]
    problems += [
        Problem(
            code="no_english_text",
            subject=_name(text),
            message=f"{_name(text)} exists in {text['language']} but not in English.",
            mend="Add the English text; it is shown where a language is missing.",
        )
        for text in texts
        if (text["offering"], text["slot"]) not in english
    ]
    return tuple(problems)


def _problems(text: Entry, contents: Mapping[str, Content]) -> list[Problem]:
    problems = unknown_offerings(_name(text), [text["offering"]], contents)
    if text["audience"] == "customer" and (found := UNFINISHED.search(text["text"])):
        problems.append(
            Problem(
                code="unfinished_text",
                subject=_name(text),
                message=f"{_name(text)} still contains {found.group(0)!r}.",
                mend="Finish the text, or mark it internal.",
            )
        )
    return problems


def _name(text: Entry) -> str:
    return f"{text['slot']} of {text['offering']} in {text['language']}, {text['market']}"


def describe(operation: Operation) -> str:
    """`Internal wording tooltip/FIBRE-500 changed: text`."""
    entry = operation.after or operation.before or {}
    words = describe_entry(operation)
    return f"Internal {words[0].lower()}{words[1:]}" if entry["audience"] == "internal" else words


def place(operation: Operation) -> tuple[str, str]:
    """The market of a text; texts know no channel."""
    entry = operation.after or operation.before or {}
    return entry["market"], EVERYWHERE


KIND = Kind(
    name="content",
    schema="content/1",
    entries=TypeAdapter(Annotated[Wording, Field()]),
    edits=TypeAdapter(Annotated[Put[Wording] | Remove, Field(discriminator="edit")]),
    compile=compile_entry,
    validate=validate,
    describe=describe,
    risk="customer confusion",
    plane=Plane.CATALOG,
    questions=(Question.CLAUSES, Question.ROLLBACK),
    packs=(Pack.GOLDEN,),
    controls=ALWAYS,
    strategy="everywhere at one instant",
    rollback="publish the earlier texts again",
    place=place,
)
