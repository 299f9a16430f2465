"""Concurrent decisions on a real installation: many people on few changes, and one person in two tabs; and the judgement.

What was answered is compared with what is stored and with what is on the audit chains, by plain reading.
"""

import json
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import select

from cli.platform.prepare import CHECKOUT
from commands.command import Gateway
from domain.canonical import parse
from store.audit import verify
from store.files import FileStore
from store.tables.approval import DecisionRow
from store.tables.audit import AuditRow
from tests.builders import Business
from tests.databases import Login
from tests.live import facts
from tests.live.crowd import FINANCE, OUTSIDERS, OWNERS, SIGNATURES, Crowd, Waiting, other_account
from tests.live.platform import Platform
from tests.live.processes import inherited

CLIENTS, LANES = 8, 8
ATTEMPTS, RACERS = 50, 18
"""On a change. So many racers leave both of its stages one signature short, so that every second word is an attempt."""
Turn = list[dict[str, Any]]
Answer = dict[str, Any]
ATTEMPT = {"already_decided", "not_eligible", "excluded"}
"""Codes of attempts at authority, which are audited; the others say that the change moved on."""
MOVED = {"not_awaiting_approval", "nothing_to_decide", "stage_not_open"}


class Figures(NamedTuple):
    """What a run was: requests, decisions counted, attempts refused (and audited), late ones, seconds."""

    requests: int
    counted: int
    refused: int
    late: int
    seconds: float


def crowd_at(platform: Platform, login: Login) -> Crowd:
    """The crowd of an installation."""
    return Crowd(Business(Gateway(platform.database), FileStore(platform.folder / "files"), login))


def decisions(platform: Platform, crowd: Crowd, changes: int, clients: int = CLIENTS) -> Figures:
    """Fifty attempts on each of so many changes, of which twenty can count; checked. Raises AssertionError."""
    waiting = [crowd.asks(number) for number in range(changes)]
    turns = [turn for number, one in enumerate(waiting) for turn in _attempts(crowd, number, one)]
    answers, seconds = drive(platform, turns, clients)
    found = judge(platform, waiting, answers, seconds)
    for one in waiting:
        _assert_granted_by_distinct_people(platform, one.change)
    assert found.counted == 2 * SIGNATURES * changes
    return found


def _attempts(crowd: Crowd, number: int, waiting: Waiting) -> list[Turn]:
    """Twelve of each group, ten of them through both their accounts, ten outsiders, and six times the requester."""
    owners = [OWNERS[(12 * number + place) % len(OWNERS)] for place in range(12)]
    finance = [FINANCE[(12 * number + place) % len(FINANCE)] for place in range(12)]
    outsiders = [OUTSIDERS[(10 * number + place) % len(OUTSIDERS)] for place in range(10)]
    mine = [waiting.requester, other_account(waiting.requester)] * 3
    accounts = [*owners, *finance, *map(other_account, (*owners[:5], *finance[:5])), *outsiders, *mine]
    # Mixed, the same in every run: nobody comes in the order of the list.
    order = sorted(range(ATTEMPTS), key=lambda place: (place * 37 + number * 11) % 101)
    return [[crowd.tab(waiting, accounts[place], "approve", f"attempt {place}")] for place in order]


def races(platform: Platform, crowd: Crowd, changes: int, clients: int = CLIENTS) -> Figures:
    """Eighteen people on each change, everybody in two tabs at once: one of the two words counts. Raises AssertionError."""
    waiting = [crowd.asks(number) for number in range(changes)]
    turns = [turn for number, one in enumerate(waiting) for turn in _two_tabs(crowd, number, one)]
    answers, seconds = drive(platform, turns, clients)
    found = judge(platform, waiting, answers, seconds)
    assert found.counted == RACERS * changes
    assert found.late == 0
    return found


def _two_tabs(crowd: Crowd, number: int, waiting: Waiting) -> list[Turn]:
    people = [group[(9 * number + place) % len(group)] for group in (OWNERS, FINANCE) for place in range(9)]
    return [_race(crowd, waiting, person, (number + place) % 5) for place, person in enumerate(people)]


def _race(crowd: Crowd, waiting: Waiting, person: str, kind: int) -> Turn:
    """Twice yes, yes and no, no and yes, yes through two accounts, or the same form sent twice by a double click."""
    first, second = [
        ("approve", "approve"),
        ("approve", "reject"),
        ("reject", "approve"),
        *[("approve", "approve")] * 2,
    ][kind]
    again = other_account(person) if kind == 3 else person
    keys = (f"{person} 1", f"{person} 1" if kind == 4 else f"{person} 2")
    return [crowd.tab(waiting, person, first, keys[0]), crowd.tab(waiting, again, second, keys[1])]


def drive(platform: Platform, turns: Sequence[Turn], clients: int) -> tuple[list[list[Answer]], float]:
    """Give turns to the clients in turn, all of them on one change at about the same time. Answers, and seconds."""
    started = []
    begun = time.monotonic()
    for number in range(clients):
        plan, answers = (platform.folder / f"{name}-{number}.json" for name in ("plan", "answers"))
        plan.write_text(json.dumps({"url": platform.url, "lanes": LANES, "turns": turns[number::clients]}))
        command = [sys.executable, "-m", "tests.live.tabs", str(plan), str(answers)]
        started.append((subprocess.Popen(command, cwd=CHECKOUT, env=inherited()), answers))
    for client, _ in started:
        assert client.wait() == 0
    seconds = time.monotonic() - begun
    return [turn for _, answers in started for turn in json.loads(Path(answers).read_text())], seconds


def judge(platform: Platform, waiting: Sequence[Waiting], turns: Sequence[Sequence[Answer]], seconds: float) -> Figures:
    """None lost, none counted twice, every refusal on the chain of who tried. Raises AssertionError."""
    answers = [answer for turn in turns for answer in turn]
    done = [answer for answer in answers if answer["status"] == 201]
    refused = [answer for answer in answers if answer["code"] in ATTEMPT]
    late = [answer for answer in answers if answer["code"] in MOVED]
    assert len(done) + len(refused) + len(late) == len(answers), Counter((a["status"], a["code"]) for a in answers)
    said = {answer["decision"]: (answer["change"], answer["account"]) for answer in done}
    _assert_stored(platform, [one.change for one in waiting], said)
    _assert_audited(platform, refused)
    with platform.database.reading() as session:
        assert [fault for one in waiting for fault in verify(session, one.change)] == []
    return Figures(len(answers), len(said), len(refused), len(late), seconds)


def _assert_stored(platform: Platform, changes: Sequence[str], said: Mapping[str, tuple[str, str]]) -> None:
    """What was acknowledged is what is stored and what the chains of the changes tell, each person once a change."""
    rows = facts.rows(platform, DecisionRow)
    assert {row.id: (row.subject, row.account) for row in rows if row.subject in set(changes)} == said
    assert max(Counter((row.subject, row.person) for row in rows).values()) == 1
    told = [parse(row.body)["details"]["decision"] for row in _records(platform, AuditRow.action == "change.decided")]
    assert Counter(told) == Counter(row.id for row in rows)


def _assert_audited(platform: Platform, refused: Sequence[Answer]) -> None:
    """Each refusal has its own record: of this request, on the chain of this account, with this code."""
    recorded = Counter(
        (row.subject, body["request"], body["details"]["code"], body["details"]["subject"])
        for row in _records(platform, AuditRow.outcome == "refused")
        for body in [parse(row.body)]
    )
    asked = Counter((f"actor/{a['account']}", a["request"], a["code"], a["change"]) for a in refused)
    assert asked - recorded == Counter()


def _records(platform: Platform, condition: Any) -> list[Any]:
    with platform.database.reading() as session:
        return list(session.execute(select(AuditRow.subject, AuditRow.body).where(condition)))  # type: ignore[call-overload]


def _assert_granted_by_distinct_people(platform: Platform, change: str) -> None:
    """Twenty people of two groups, each once, and the change is agreed."""
    view = platform.read(f"/api/changes/{change}")
    assert view["summary"]["state"] in ("approved", "scheduled"), view["summary"]["state"]
    signed: dict[str, list[str]] = defaultdict(list)
    for stage in view["standing"]["stages"]:
        signed[stage["id"]] = [slot["person"] for slot in stage["slots"]]
    people = [person for found in signed.values() for person in found]
    assert {stage: len(found) for stage, found in signed.items()} == {"pricing": SIGNATURES, "finance": SIGNATURES}
    assert len(set(people)) == 2 * SIGNATURES
    assert {person.partition(".")[0] for person in signed["pricing"]} == {"owner"}
    assert {person.partition(".")[0] for person in signed["finance"]} == {"finance"}
