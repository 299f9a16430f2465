"""What authority costs: gate, plans filled out of 10 to 100,000 people, decisions, proof, one policy case."""

import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import insert

from bench import audit, policies
from bench.results import Measurement, measured
from commands.approvals import Ballot, decide
from commands.calendar import Freeze, declare_freeze
from commands.command import Call, Gateway
from commands.example import set_up_example
from commands.freeze_exceptions import ExceptionRequest, ask_freeze_exception
from domain.approval import ApprovalFacts, Choice, Decision, Plan, Slot, Stage, Verdict, gate, root_digest, slot_for
from domain.party import Actor
from store import requests
from store.approval import Asked, facts_of
from store.database import Database
from store.directory import actor_of
from store.migrate import upgrade
from store.tables.columns import table_of
from store.tables.directory import GroupRow, MembershipRow, PersonRow

BENCH = "authority"
PEOPLE = (10, 1_000, 100_000)
OPENED = datetime(2026, 3, 2, 9, tzinfo=UTC)
INPUTS = {"operations": "sha256:a", "impact": "sha256:b", "simulation": "sha256:c"}
SIGNATURES = 6
GATES = 100
DECISIONS = 200


def run(rounds: int) -> list[Measurement]:
    """Measure everything; matching over people that are in memory, and over people that are read from a database."""
    with tempfile.TemporaryDirectory() as folder:
        return [
            *_gates(rounds),
            *(row for count in PEOPLE for row in _matching(count, rounds)),
            *(row for count in PEOPLE for row in _loading(Path(folder), count, rounds)),
            _decisions(Path(folder), rounds),
            *audit.rows(BENCH, Path(folder), rounds),
            policies.one_case(BENCH, rounds),
        ]


def plan() -> Plan:
    """Two stages beside each other and one after them: six signatures in all."""

    def stage(name: str, signatures: int, group: str, after: tuple[str, ...]) -> Stage:
        slots = tuple(Slot(id=f"{name}/{number}", groups=(group,)) for number in range(signatures))
        return Stage(
            id=name, title=name, slots=slots, inputs=tuple(INPUTS), after=after, remind_after=100, expire_after=1000
        )

    stages = (
        stage("board", 4, "board", ()),
        stage("finance", 1, "finance", ()),
        stage("last", 1, "board", ("board", "finance")),
    )
    return Plan(tier=3, reasons=("",), policy="", policy_version=1, confirm_within=1, impact_bound=0, stages=stages)


def person(number: int) -> str:
    return f"p{number:06}"


def facts(people: int, approvals: int) -> ApprovalFacts:
    """So many people, all of both groups, of whom the last ones have approved: the hardest to find."""
    said = [
        Decision(
            id=f"d{number}",
            revision=1,
            person=person(people - 1 - number),
            stage="board" if number < 4 else "finance",
            choice=Choice.APPROVE,
            inputs=INPUTS,
            at=OPENED,
        )
        for number in range(approvals)
    ]
    groups = {person(number): frozenset({"board", "finance"}) for number in range(people)}
    return ApprovalFacts(revision=1, plan=plan(), inputs=INPUTS, decisions=tuple(said), groups=groups, opened_at=OPENED)


def _gates(rounds: int) -> list[Measurement]:
    """Evaluations of the gate over facts as the release loads them: the people who matter."""
    found = facts(10, 5)
    assert gate(found).verdict is Verdict.WAITING
    rates = [GATES / _seconds(lambda: _evaluate(found)) for _ in range(rounds * 10)]
    return [measured(BENCH, "gate_evaluations", "1/s", rates)]


def _evaluate(found: ApprovalFacts) -> None:
    for _ in range(GATES):
        gate(found)


def _matching(people: int, rounds: int) -> list[Measurement]:
    """Who is missing, who could sign, and whether one of them may: over so many people in memory."""
    found = facts(people, 5)
    last = person(people // 3)
    assert slot_for(found, last).stage == "last"
    times = [_seconds(lambda: slot_for(found, last)) * 1000 for _ in range(rounds * 5)]
    return [measured(BENCH, f"matching_in_memory_{people}_people", "ms", times)]


def _loading(folder: Path, people: int, rounds: int) -> list[Measurement]:
    """The same from a database with so many accounts: read what matters, then match."""
    database = _crowd(folder / f"{people}.db", people)
    asked = Asked("CR-1", "pricing", 1, plan(), INPUTS, {}, OPENED)
    last = person(people // 3)

    def once() -> None:
        with database.reading() as session:
            assert slot_for(facts_of(session, asked, OPENED, last), last).stage == "board"

    once()
    times = [_seconds(once) * 1000 for _ in range(rounds * 5)]
    database.close()
    return [measured(BENCH, f"matching_from_database_{people}_people", "ms", times)]


def _crowd(path: Path, people: int) -> Database:
    upgrade(f"sqlite:///{path}")
    database = Database(f"sqlite:///{path}", development=True)
    groups = ("board", "finance")
    with database.writing() as session:
        session.execute(insert(table_of(GroupRow)), [{"id": group, "name": group} for group in groups])
        for start in range(0, people, 10_000):
            numbers = range(start, min(start + 10_000, people))
            session.execute(
                insert(table_of(PersonRow)), [{"id": person(n), "name": "", "active": True} for n in numbers]
            )
            rows = [{"party_group": group, "person": person(n)} for group in groups for n in numbers]
            session.execute(insert(table_of(MembershipRow)), rows)
    return database


def _decisions(folder: Path, rounds: int) -> Measurement:
    """Decisions a second of one process, each a transaction with locks, gate, audit and wake-up; SQLite, FULL."""
    upgrade(f"sqlite:///{folder / 'decisions.db'}")
    database = Database(f"sqlite:///{folder / 'decisions.db'}", development=True)
    gateway = Gateway(database)
    set_up_example(gateway)
    with database.reading() as session:
        actor = actor_of(session, "helene.aubry")
    rates = []
    for turn in range(rounds):
        ballots = [_asked(gateway, f"{turn}-{number}") for number in range(DECISIONS)]
        rates.append(DECISIONS / _seconds(partial(_decide_all, gateway, actor, ballots)))
    database.close()
    return measured(BENCH, "decisions", "1/s", rates)


def _decide_all(gateway: Gateway, actor: Actor, ballots: Sequence[tuple[str, Ballot]]) -> None:
    for request, ballot in ballots:
        decide(gateway, Call(actor, f"decide-{request}"), request, ballot)


def _asked(gateway: Gateway, name: str) -> tuple[str, Ballot]:
    """A request that waits, and the ballot on it."""
    with gateway.database.reading() as session:
        now = gateway.database.now(session)
        finance, requester = actor_of(session, "daniel.koch"), actor_of(session, "mara.lindqvist")
    window = {"from_at": now, "until_at": now.replace(year=now.year + 1)}
    freeze = declare_freeze(gateway, Call(finance, f"freeze-{name}"), Freeze(reason="A benchmark.", **window))
    asked = ExceptionRequest(change="*", until_at=window["until_at"], reason="A benchmark.")
    request = ask_freeze_exception(gateway, Call(requester, f"ask-{name}"), freeze, asked).request
    with gateway.database.reading() as session:
        inputs = requests.approval_facts(session, requests.request(session, request), now).inputs
    return request, Ballot(choice=Choice.APPROVE, revision=1, seen=root_digest(1, inputs))


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
