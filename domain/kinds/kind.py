"""What a kind of change registers: schema, edits, validators, words, controls. One lifecycle serves all (R-3.1)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from pydantic import TypeAdapter, ValidationError

from domain.artifact import EVERYWHERE, Content, Entry, Operation, Problem
from domain.errors import Invalid
from domain.model import Model

Compile: TypeAlias = Callable[[Any, Content], Operation]
Validate: TypeAlias = Callable[[Mapping[str, Content]], tuple[Problem, ...]]
Describe: TypeAlias = Callable[[Operation], str]
Place: TypeAlias = Callable[[Operation], tuple[str, str]]
Touch: TypeAlias = Callable[[Operation], "tuple[Touched, ...]"]
Reach: TypeAlias = Callable[[Operation, Content], "tuple[Touched, ...]"]
Authors: TypeAlias = Callable[[Operation], tuple[str, ...]]
Consequences: TypeAlias = Callable[[Content, Content], tuple[str, ...]]


class Plane(StrEnum):
    """The control planes: each has an owner, failure modes, health and a freeze switch (R-3.1)."""

    CATALOG = "catalog"
    PRICE = "price"
    PROMOTION = "promotion"
    APPROVAL = "approval"
    ORCHESTRATION = "orchestration"
    PLATFORM = "platform"


class Question(StrEnum):
    """What impact analysis answers (R-5.1); a kind names those that it has to be asked."""

    QUOTES = "active quotes affected"
    ORDERS = "pending orders"
    ASSETS = "assets and subscriptions"
    PROMOTIONS = "overlapping promotions"
    THRESHOLDS = "approval thresholds changed"
    CLAUSES = "proposal clauses changed"
    BILLING = "billing mappings changed"
    CONTRACTS = "downstream contracts and events changed"
    REPORTS = "reports and analytics changed"
    ROLLBACK = "what happens if it is rolled back"


class Pack(StrEnum):
    """The scenario packs that a simulation runs (R-6.1)."""

    GOLDEN = "golden scenarios"
    TOP_REVENUE = "top revenue scenarios"
    OPEN_QUOTES = "open quotes"
    ACCEPTED = "recently accepted quotes"
    RENEWALS = "renewal candidates"
    PROMOTIONS = "active promotions"
    HIGH_RISK = "high-risk countries and channels"
    PROBES = "downstream integration probes"
    DECOMPOSITIONS = "representative order decompositions"


class Check(StrEnum):
    """The controls that a kind requires before anything takes effect."""

    VALIDATION = "validation"
    IMPACT = "impact"
    SIMULATION = "simulation"
    APPROVAL = "approval"
    RELEASE_GATE = "release gate"
    FREEZE = "freeze"
    ROLLBACK_PLAN = "rollback plan"
    COMPATIBILITY = "compatibility with every registered consumer"
    ACCESS = "who gains and who loses which access"
    TRIAL_RUN = "trial run with counts and digests"
    ORCHESTRATION = "orchestration gate"


ALWAYS = (Check.VALIDATION, Check.IMPACT, Check.APPROVAL, Check.RELEASE_GATE, Check.FREEZE, Check.ROLLBACK_PLAN)


class Touched(Model):
    """What an operation moves in the business: an offering, where, at which charge, and for whom; `*` is any.

    period: `since/until`, the first day and the first one after it (ISO dates), of quotes that were made within it.
    """

    offering: str
    selling_model: str = EVERYWHERE
    market: str = EVERYWHERE
    channel: str = EVERYWHERE
    currency: str = EVERYWHERE
    customer: str = EVERYWHERE
    segment: str = EVERYWHERE
    period: str = EVERYWHERE


EVERYTHING = (Touched(offering=EVERYWHERE),)


def everywhere(operation: Operation) -> tuple[str, str]:
    """The place of an operation of a kind that knows no markets and channels."""
    return EVERYWHERE, EVERYWHERE


def nothing(operation: Operation) -> tuple[Touched, ...]:
    """What an operation of a kind that no quote uses moves."""
    return ()


def nothing_further(operation: Operation, content: Content) -> tuple[Touched, ...]:
    """What an operation of a kind moves whose entries lead to no offering by others of them."""
    return ()


def nobody_else(operation: Operation) -> tuple[str, ...]:
    """The authors of an operation of a kind that is written here: only those who wrote its revisions."""
    return ()


def unremarkable(before: Content, after: Content) -> tuple[str, ...]:
    """What follows from a change of a kind of which nothing follows but what its operations say."""
    return ()


@dataclass(frozen=True)
class Kind:
    """One kind of change.

    entries: the union of entry models of its content, told apart by `type`; each says its `key` in the content.
    edits: the union of business edits that people and machines propose, told apart by `edit`.
    compile: (edit, live content) -> the operation on one entry; raises Invalid for an edit that makes no sense.
    validate: contents of all artifacts by kind, as they would be -> problems; empty means valid (R-9.3).
    describe: an operation in business words.
    place: the market and channel for which an operation holds; a release must cover it so that nothing leaks elsewhere.
    touched: what an operation moves in quotes and orders, empty where nothing is.
    reached: (operation, content of its kind, entries before and after it) -> what it moves through other entries, as a
    task moves the offerings whose plan it is part of; everything where an entry that documents go by names no offering.
    authors: the accounts that wrote elsewhere what an operation brings in; they do not decide on it (R-7.3).
    consequences: (content before, content after) -> what follows for people, in sentences.
    risk, plane, questions, packs, controls, strategy, rollback: what R-3.1 declares for the kind; the risk preselects
    the questions of its impact analysis and the packs of its simulation.
    rules: the types of those entries that are rules, each of which somebody answers for (R-2.5).
    spans: True where one change moves artifacts of other kinds (migration).
    importable: True where a person may bring the first content in without approval, into an empty store (D5b); never a
    kind whose content says who may do what.
    """

    name: str
    schema: str
    entries: TypeAdapter[Any]
    edits: TypeAdapter[Any]
    compile: Compile
    validate: Validate
    describe: Describe
    risk: str
    plane: Plane
    questions: tuple[Question, ...]
    packs: tuple[Pack, ...]
    controls: tuple[Check, ...]
    strategy: str
    rollback: str
    place: Place = everywhere
    touched: Touch = nothing
    reached: Reach = nothing_further
    authors: Authors = nobody_else
    consequences: Consequences = unremarkable
    rules: tuple[str, ...] = ()
    spans: bool = False
    importable: bool = False

    @property
    def leads_to_offerings(self) -> bool:
        """Whether entries of the kind are about offerings, by themselves or through others."""
        return self.touched is not nothing or self.reached is not nothing_further

    def rules_in(self, content: Content) -> list[tuple[str, Entry]]:
        """The rules of a content with their ids, in their order."""
        if not self.rules:
            return []
        keys = sorted(key for key, entry in content.items() if entry["type"] in self.rules)
        return [(key, content[key]) for key in keys]

    def check_entry(self, entry: Entry) -> Entry:
        """The entry in its stored form. Raises Invalid("bad_entry") naming the field."""
        try:
            model: Model = self.entries.validate_python(entry)
        except ValidationError as error:
            raise Invalid("bad_entry", first_error(error), entry=dict(entry)) from None
        return model.model_dump(mode="json")

    def check_content(self, content: Content) -> dict[str, Entry]:
        """Every entry in its stored form, under the key that it says itself.

        Raises Invalid("bad_entry"), Invalid("wrong_key") naming the entry.
        """
        return {key: self._keyed(key, self.check_entry(entry)) for key, entry in content.items()}

    def _keyed(self, key: str, entry: Entry) -> Entry:
        own = self.entries.validate_python(entry).key
        if own != key:
            raise Invalid("wrong_key", f"The entry {key!r} has the content of {own!r}.", entry=key, key=own)
        return entry

    def parse_edits(self, edits: list[dict[str, Any]]) -> list[Any]:
        """Edits as their models. Raises Invalid("bad_edit") naming the first wrong field of the first wrong edit."""
        try:
            return [self.edits.validate_python(edit) for edit in edits]
        except ValidationError as error:
            raise Invalid("bad_edit", first_error(error)) from None


def first_error(error: ValidationError) -> str:
    """The first fault of a validation in one line: where and what."""
    fault = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in fault["loc"])
    return f"{place}: {fault['msg']}" if place else fault["msg"]
