"""Kind `order_mapping`: which plan of tasks fulfils an offering, in which systems, in which order (R-15.1, R-15.7)."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StrictInt, TypeAdapter

from domain.artifact import EVERYWHERE, Content, Entry, Operation, Problem, entry_id
from domain.kinds.entries import (
    Code,
    Positive,
    Put,
    Remove,
    Text,
    compile_entry,
    describe_entry,
    meets,
    of_type,
    sold,
    unknown,
    unknown_offerings,
)
from domain.kinds.kind import ALWAYS, Check, Kind, Pack, Plane, Question, Touched
from domain.model import Model

BILLING = "billing_start"
ASSET = "asset_created"


class System(Model):
    """A downstream system and the countries that it serves (`*`: every one)."""

    type: Literal["system"] = "system"
    id: Code
    name: Code
    countries: Annotated[tuple[Code, ...], Field(min_length=1)] = (EVERYWHERE,)

    @property
    def key(self) -> str:
        return entry_id("system", self.id)


class Plan(Model):
    """A fulfillment plan; its tasks name it. `countries` are those in which orders are fulfilled by it."""

    type: Literal["plan"] = "plan"
    id: Code
    name: Code
    countries: Annotated[tuple[Code, ...], Field(min_length=1)] = (EVERYWHERE,)

    @property
    def key(self) -> str:
        return entry_id("plan", self.id)


class Task(Model):
    """A step of a plan in a system, after others; seconds. `compensation` undoes it, unless there is no way back.

    no_return: whether a cancellation after this task costs a fee (soft) or is impossible (hard).
    """

    type: Literal["task"] = "task"
    plan: Code
    id: Code
    name: Code
    system: Code
    after: tuple[Code, ...] = ()
    milestone: Literal["", "billing_start", "asset_created", "handed_over"] = ""
    attempts: Annotated[StrictInt, Field(ge=1, le=50)] = 5
    retry_seconds: Positive = 60
    timeout_seconds: Positive = 86_400
    compensation: Text = ""
    no_return: Literal["none", "soft", "hard"] = "none"

    @property
    def key(self) -> str:
        return entry_id("task", self.plan, self.id)


class Route(Model):
    """An offering is fulfilled by a plan."""

    type: Literal["route"] = "route"
    offering: Code
    plan: Code

    @property
    def key(self) -> str:
        return entry_id("route", self.offering)


Entries: TypeAlias = Annotated[System | Plan | Task | Route, Field(discriminator="type")]


def validate(contents: Mapping[str, Content]) -> tuple[Problem, ...]:
    """Every route leads to a plan, every plan to registered systems in an order without cycle, and ends in billing."""
    content = contents.get("order_mapping", {})
    systems = {system["id"]: system for system in of_type(content, "system")}
    plans = {plan["id"]: plan for plan in of_type(content, "plan")}
    tasks: dict[str, list[Entry]] = {}
    for task in of_type(content, "task"):
        tasks.setdefault(task["plan"], []).append(task)
    problems = [p for name in sorted(tasks) for p in _known_plan(name, plans)]
    for name, plan in sorted(plans.items()):
        problems += [p for task in tasks.get(name, ()) for p in _task(task, plan, systems, tasks[name])]
        problems += _whole(plan, tasks.get(name, []))
    return (*problems, *_routes(of_type(content, "route"), plans, contents))


def _known_plan(name: str, plans: Mapping[str, Entry]) -> Iterable[Problem]:
    if name not in plans:
        yield unknown(f"A task of {name}", "plan", name, "Add the plan, or take its tasks out.")


def _task(task: Entry, plan: Entry, systems: Mapping[str, Entry], others: Iterable[Entry]) -> Iterable[Problem]:
    name = f"Task {task['name']} of {plan['name']}"
    system = systems.get(task["system"])
    if system is None:
        yield unknown(name, "system", task["system"], "Register the system first.")
    elif EVERYWHERE not in system["countries"] and (missing := set(plan["countries"]) - set(system["countries"])):
        yield _problem(
            "system_not_in_country",
            name,
            f"goes to {system['name']}, which does not serve {', '.join(sorted(missing))}",
            "Give the plan the countries of its systems, or use another system.",
        )
    for before in sorted(set(task["after"]) - {other["id"] for other in others}):
        yield unknown(name, "task", before, "Name a task of the same plan.")
    if not task["compensation"] and task["no_return"] != "hard":
        yield _problem(
            "no_compensation",
            name,
            "could not be undone when an order is cancelled",
            "Name its compensation, or mark it as the hard point of no return.",
        )


def _whole(plan: Entry, tasks: list[Entry]) -> Iterable[Problem]:
    """What holds for a plan as a whole: it has tasks, an order, one billing start and one asset."""
    if not tasks:
        yield _problem("empty_plan", plan["name"], "has no task", "Add its tasks, or take the plan out.")
        return
    if (rest := tasks_in_order(tasks)) is None:
        yield _problem("task_cycle", plan["name"], "has tasks that wait for each other", "Take one dependency out.")
    for milestone in (BILLING, ASSET):
        count = sum(task["milestone"] == milestone for task in tasks)
        if rest is not None and count != 1:
            yield _problem(
                "bad_milestones",
                plan["name"],
                f"reaches {milestone.replace('_', ' ')} {count} times",
                "Mark exactly one task with it.",
            )


def tasks_in_order(tasks: Iterable[Entry]) -> list[str] | None:
    """The ids of the tasks of a plan so that each comes after those that it waits for; None where they form a cycle."""
    waiting = {task["id"]: set(task["after"]) for task in tasks}
    known = set(waiting)
    ordered: list[str] = []
    while waiting:
        ready = sorted(name for name, before in waiting.items() if not (before & known) - set(ordered))
        if not ready:
            return None
        ordered += ready
        for name in ready:
            del waiting[name]
    return ordered


def decomposed(content: Content, offering: str, country: str) -> tuple[Entry, ...] | None:
    """The tasks that fulfil an offering in a country, in an order in which they can be done; None: nothing does."""
    route = content.get(entry_id("route", offering))
    plan = content.get(entry_id("plan", route["plan"])) if route else None
    if plan is None or not any(meets(served, country) for served in plan["countries"]):
        return None
    tasks = {task["id"]: task for task in of_type(content, "task") if task["plan"] == plan["id"]}
    ordered = tasks_in_order(tasks.values())
    return tuple(tasks[name] for name in ordered) if ordered else None


def _routes(routes: Iterable[Entry], plans: Mapping[str, Entry], contents: Mapping[str, Content]) -> Iterable[Problem]:
    routed = {route["offering"]: route for route in routes}
    for offering, route in sorted(routed.items()):
        yield from unknown_offerings(f"The route of {offering}", [offering], contents)
        if route["plan"] not in plans:
            yield unknown(f"The route of {offering}", "plan", route["plan"], "Add the plan first.")
    for offering, entry in sorted(sold(contents).items()):
        if routed and entry["sellable"] and entry["lifecycle"] == "active" and offering not in routed:
            yield _problem(
                "no_route",
                entry["name"],
                "can be ordered but no plan fulfils it",
                "Add a route for it, or make it not sellable in the catalog.",
            )


def _problem(code: str, name: str, what: str, mend: str) -> Problem:
    return Problem(code=code, subject=name, message=f"{name} {what}.", mend=mend)


def touched(operation: Operation) -> tuple[Touched, ...]:
    """The offering whose route moves."""
    entry = operation.after or operation.before or {}
    return (Touched(offering=entry["offering"]),) if entry["type"] == "route" else ()


def reached(operation: Operation, content: Content) -> tuple[Touched, ...]:
    """The offerings fulfilled by a plan that moves, of which a task moves, or that goes to a system that moves."""
    entries: list[Entry] = [entry for entry in (operation.before, operation.after) if entry]
    systems = {entry["id"] for entry in entries if entry["type"] == "system"}
    tasks = [entry for entry in entries if entry["type"] == "task"]
    tasks += [task for task in of_type(content, "task") if task["system"] in systems]
    plans = {task["plan"] for task in tasks} | {entry["id"] for entry in entries if entry["type"] == "plan"}
    return tuple(Touched(offering=one["offering"]) for one in of_type(content, "route") if one["plan"] in plans)


KIND = Kind(
    name="order_mapping",
    schema="order_mapping/1",
    entries=TypeAdapter(Entries),
    edits=TypeAdapter(Annotated[Put[Entries] | Remove, Field(discriminator="edit")]),
    compile=compile_entry,
    validate=validate,
    describe=describe_entry,
    risk="fulfillment failure",
    plane=Plane.ORCHESTRATION,
    questions=(Question.ORDERS, Question.ASSETS, Question.BILLING, Question.CONTRACTS, Question.ROLLBACK),
    packs=(Pack.GOLDEN, Pack.PROBES, Pack.DECOMPOSITIONS),
    controls=(*ALWAYS, Check.SIMULATION, Check.ORCHESTRATION),
    strategy="new orders first; orders in flight stay pinned unless moved by an approved action",
    rollback="publish the earlier plans again; orders started under the bad ones are listed",
    touched=touched,
    reached=reached,
)
