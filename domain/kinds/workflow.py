"""Kind `workflow`: state machines of quote, order, task and asset, with retry and timeout policies (R-14.6, R-15.7)."""

from collections.abc import Iterable, Mapping
from datetime import date as LocalDate
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StrictBool, StrictInt, TypeAdapter

from domain.artifact import Content, Entry, Problem, entry_id
from domain.given import WrittenDay
from domain.kinds.entries import Code, Positive, Put, Remove, compile_entry, describe_entry, of_type, period, unknown
from domain.kinds.kind import ALWAYS, Check, Kind, Pack, Plane, Question
from domain.model import Model


class Machine(Model):
    """The states of one noun: where it begins and which group owns it."""

    type: Literal["machine"] = "machine"
    id: Literal["quote", "approval", "order", "task", "asset"]
    name: Code
    owner: Code
    initial: Code

    @property
    def key(self) -> str:
        return entry_id("machine", self.id)


class State(Model):
    """A state; beyond `deadline_seconds` without progress its subject is stuck (R-15.8)."""

    type: Literal["state"] = "state"
    machine: Code
    id: Code
    final: StrictBool = False
    deadline_seconds: Positive | None = None

    @property
    def key(self) -> str:
        return entry_id("state", self.machine, self.id)


class Transition(Model):
    """An action leads from one state to another; `owner` is the group that answers for it."""

    type: Literal["transition"] = "transition"
    machine: Code
    source: Code
    action: Code
    target: Code
    owner: Code

    @property
    def key(self) -> str:
        return entry_id("transition", self.machine, self.source, self.action)


class Retry(Model):
    """How often and how patiently a step is tried again: from the first to the longest pause, in seconds."""

    type: Literal["retry"] = "retry"
    id: Code
    attempts: Annotated[StrictInt, Field(ge=1, le=100)]
    first_seconds: Positive
    factor: Annotated[StrictInt, Field(ge=1, le=10)] = 2
    longest_seconds: Positive
    timeout_seconds: Positive

    @property
    def key(self) -> str:
        return entry_id("retry", self.id)


class Period(Model):
    """Sensitive days of the business, both included; changes that take effect then ask more (R-3.4, R-12.1)."""

    type: Literal["period"] = "period"
    id: Code
    name: Code
    kind: Literal["quarter_close", "fiscal_year_close"]
    first_day: WrittenDay
    last_day: WrittenDay

    @property
    def key(self) -> str:
        return entry_id("period", self.id)


Entries: TypeAlias = Annotated[Machine | State | Transition | Retry | Period, Field(discriminator="type")]


def closing(content: Content, day: LocalDate) -> bool:
    """Whether a quarter or a fiscal year closes on a day."""
    periods = of_type(content, "period")
    return any(first <= day <= last for first, last in (period(p["first_day"], p["last_day"]) for p in periods))


def validate(contents: Mapping[str, Content]) -> tuple[Problem, ...]:
    """Each machine is whole: its states exist, are reached, can be left for a final one, and nothing leaves an end."""
    content = contents.get("workflow", {})
    machines = {machine["id"]: machine for machine in of_type(content, "machine")}
    states, transitions = of_type(content, "state"), of_type(content, "transition")
    problems = [
        unknown(f"{entry['type'].capitalize()} of {entry['machine']}", "machine", entry["machine"], "Add it first.")
        for entry in (*states, *transitions)
        if entry["machine"] not in machines
    ]
    for name, machine in sorted(machines.items()):
        own = {state["id"]: state for state in states if state["machine"] == name}
        problems += _machine(machine, own, [t for t in transitions if t["machine"] == name])
    return (*problems, *_retries(of_type(content, "retry")), *_periods(of_type(content, "period")))


def _machine(machine: Entry, states: Mapping[str, Entry], transitions: list[Entry]) -> Iterable[Problem]:
    name = machine["name"]
    named = {machine["initial"], *(t["source"] for t in transitions), *(t["target"] for t in transitions)}
    for state in sorted(named - set(states)):
        yield unknown(name, "state", state, "Add the state, or lead elsewhere.")
    for transition in transitions:
        if states.get(transition["source"], {}).get("final"):
            yield _problem("leaves_final", name, f"leaves the final state {transition['source']}", "End there.")
    forward = {state: {t["target"] for t in transitions if t["source"] == state} for state in states}
    backward = {state: {t["source"] for t in transitions if t["target"] == state} for state in states}
    final = {state for state, entry in states.items() if entry["final"]}
    for state in sorted(set(states) - _reached({machine["initial"]}, forward)):
        yield _problem("unreachable_state", name, f"never reaches {state}", "Lead there, or take the state out.")
    for state in sorted(set(states) - _reached(final, backward)):
        yield _problem("dead_end", name, f"cannot end from {state}", "Lead from it to a final state.")


def _reached(start: set[str], steps: Mapping[str, set[str]]) -> set[str]:
    seen, ahead = set(start), list(start)
    while ahead:
        for state in steps.get(ahead.pop(), set()) - seen:
            seen.add(state)
            ahead.append(state)
    return seen


def _retries(retries: Iterable[Entry]) -> Iterable[Problem]:
    for retry in retries:
        if retry["longest_seconds"] < retry["first_seconds"]:
            yield _problem(
                "bad_retry", retry["id"], "pauses longest for less than at first", "Raise the longest pause."
            )
        if retry["timeout_seconds"] > 30 * 86_400:
            yield _problem("bad_timeout", retry["id"], "waits longer than 30 days", "Shorten it; a case waits instead.")


def _periods(periods: Iterable[Entry]) -> Iterable[Problem]:
    for entry in periods:
        if entry["last_day"] < entry["first_day"]:
            yield _problem(
                "bad_window", entry["name"], "ends before it begins", "Give a last day on or after the first."
            )


def _problem(code: str, name: str, what: str, mend: str) -> Problem:
    return Problem(code=code, subject=name, message=f"{name} {what}.", mend=mend)


KIND = Kind(
    name="workflow",
    schema="workflow/1",
    entries=TypeAdapter(Entries),
    edits=TypeAdapter(Annotated[Put[Entries] | Remove, Field(discriminator="edit")]),
    compile=compile_entry,
    validate=validate,
    describe=describe_entry,
    risk="stuck quote or order",
    plane=Plane.ORCHESTRATION,
    questions=(Question.QUOTES, Question.ORDERS, Question.CONTRACTS, Question.ROLLBACK),
    packs=(Pack.GOLDEN, Pack.PROBES, Pack.DECOMPOSITIONS),
    controls=(*ALWAYS, Check.SIMULATION, Check.ORCHESTRATION),
    strategy="new subjects first; those in flight stay pinned unless moved by an approved action",
    rollback="publish the earlier tables again; subjects in a state that is gone are listed",
)
