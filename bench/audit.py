"""What proof costs: a record appended and verified beside orjson and SHA-256 on the same bytes, and a package made."""

import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import orjson

from activities.change import ChangeActivities
from activities.payloads import Look, StepInput
from activities.steps import STEPS
from analysis.proposals import Proposal, ProposedPart
from bench.results import Measurement, compared, measured, percentile
from commands.approvals import Ballot, decide
from commands.changes import create_change, submit_change
from commands.command import Call, Gateway
from commands.example import set_up_example
from domain.approval import Choice, root_digest
from domain.audit import GENESIS, AuditRecord, Link, chain_faults, chained
from queries.evidence import change_package
from store import audit, changes
from store.database import Database
from store.directory import actor_of
from store.files import FileStore
from store.migrate import upgrade
from store.signing import signer

RECORDS, BLOCKS, COMMITS, PACKAGES = 500, 20, 200, 50
INPUTS = ("operations", "impact", "simulation", "bases", "scope")
LEAST_APPEND, LEAST_VERIFY = 0.5, 0.7
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
REQUESTER, OWNER, FINANCE = "mara.lindqvist", "ines.castellano", "helene.aubry"
EDIT = {
    "edit": "set_price", "offering": "FIBRE-500", "selling_model": "monthly", "market": "DE", "channel": "direct",
    "currency": "EUR", "unit_price": "44.90",
}  # fmt: skip


def rows(bench: str, folder: Path, rounds: int) -> list[Measurement]:
    """Append, verify, append with its commit, and the package of a released change."""
    return [
        _append(bench, rounds),
        _verify(bench, rounds),
        _commits(bench, folder, rounds),
        _package(bench, folder, rounds),
    ]


def record(number: int) -> AuditRecord:
    """The record of a decision, as `decide` writes it: about a thousand bytes."""
    inputs = {name: f"sha256:{number + place:064x}" for place, name in enumerate(INPUTS)}
    details = {
        "revision": 1,
        "decision": f"decision-{number:016x}",
        "stage": "finance",
        "represents": None,
        "delegation": None,
        "inputs": inputs,
        "root": f"sha256:{number + 6:064x}",
        "comment": f"sha256:{number + 7:064x}",
        "state": "approved",
    }
    said = {"subject": "CR-2026-0001", "action": "change.decided", "outcome": "approve", "request": f"{number:016x}"}
    return AuditRecord(actor=OWNER, person=OWNER, details=details, **said)


def _append(bench: str, rounds: int) -> Measurement:
    """Canonical bytes and chain, without the commit, in turn with the reference."""
    records = [record(number) for number in range(RECORDS)]
    plain = [orjson.loads(chained(one, AT, number, GENESIS)[0]) for number, one in enumerate(records, 1)]
    pairs = _in_turn(rounds, lambda: _chain(records), lambda: _reference_chain(plain))
    assert _chain(records) == _reference_chain(plain)
    return compared(bench, "audit_append", "1/s", pairs, least=LEAST_APPEND)


def _chain(records: Sequence[AuditRecord]) -> str:
    previous = GENESIS
    for number, one in enumerate(records, 1):
        _, previous = chained(one, AT, number, previous)
    return previous


def _reference_chain(plain: Sequence[object]) -> str:
    previous = GENESIS
    for one in plain:
        previous = _hashed(previous, orjson.dumps(one, option=orjson.OPT_SORT_KEYS))
    return previous


def _hashed(previous: str, body: bytes) -> str:
    return "sha256:" + hashlib.sha256(previous.encode() + b"\n" + body).hexdigest()


def _verify(bench: str, rounds: int) -> Measurement:
    """A chain that is in memory, in turn with the reference."""
    links = _links()
    raw = [(found.previous, found.body.encode(), found.digest) for found in links]
    pairs = _in_turn(rounds, lambda: _verified(links), lambda: _reference_verified(raw))
    return compared(bench, "audit_verify", "1/s", pairs, least=LEAST_VERIFY)


def _links() -> list[Link]:
    links, previous = [], GENESIS
    for number in range(1, RECORDS + 1):
        one = record(number)
        body, digest = chained(one, AT, number, previous)
        columns = {"subject": one.subject, "sequence": number, "at": AT.isoformat(), "action": one.action}
        said = {"actor": one.actor, "outcome": one.outcome, "about": None, "body": body.decode()}
        links.append(Link(**columns, **said, previous=previous, digest=digest))  # type: ignore[arg-type]
        previous = digest
    return links


def _verified(links: Sequence[Link]) -> None:
    assert not list(chain_faults(links))


def _reference_verified(raw: Sequence[tuple[str, bytes, str]]) -> None:
    for previous, body, digest in raw:
        orjson.loads(body)
        assert _hashed(previous, body) == digest


def _in_turn(rounds: int, ours: Callable[[], object], reference: Callable[[], object]) -> list[tuple[float, float]]:
    """Records a second of CPU time of both, block by block: what else runs on the machine slows both alike."""
    return [(_rate(ours), _rate(reference)) for _ in range(rounds * BLOCKS)]


def _rate(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return RECORDS / (time.process_time() - begun)


def _commits(bench: str, folder: Path, rounds: int) -> Measurement:
    """Appended to a database, each in a transaction of its own; SQLite, synchronous FULL."""
    database = _database(folder / "audit.db")
    rates = [COMMITS / _seconds(partial(_commit_all, database)) for _ in range(rounds)]
    database.close()
    return measured(bench, "audit_append_with_commit", "1/s", rates)


def _commit_all(database: Database) -> None:
    for number in range(COMMITS):
        with database.writing() as session:
            audit.append(session, record(number), AT)


def _package(bench: str, folder: Path, rounds: int) -> Measurement:
    """The evidence package of a released change, with its report as PDF, sealed."""
    database, files = _database(folder / "package.db"), FileStore(folder / "files")
    gateway = Gateway(database)
    set_up_example(gateway)
    change, key = _released(gateway, files), signer(folder / "key.pem")
    with database.reading() as session:
        now = database.now(session)
        make = partial(change_package, session, files, change, now, key)
        make()
        times = [_seconds(make) * 1000 for _ in range(PACKAGES * rounds)]
    database.close()
    return measured(bench, "evidence_package_p99", "ms", times, percentile(times, 99))


def _released(gateway: Gateway, files: FileStore) -> str:
    """A price change that two people approved and that is live."""
    part = ProposedPart(artifact="pricing/standard", edits=[EDIT])
    asked = Proposal(kind="pricing", title="Fibre 500: 44.90", objective="A benchmark.", parts=[part])
    change = create_change(gateway, _call(gateway, REQUESTER), asked).change
    submit_change(gateway, _call(gateway, REQUESTER), change, None)
    steps = ChangeActivities(gateway, files, {}, None)
    _walk(steps, change)
    for person in (OWNER, FINANCE):
        decide(gateway, _call(gateway, person), change, _ballot(gateway, change))
    _walk(steps, change)
    return change


def _walk(steps: ChangeActivities, change: str) -> None:
    """Let the lifecycle go on until it waits."""
    at = steps.look_at_change(Look(change=change))
    while at.action != "wait":
        step = getattr(steps, STEPS[at.action])
        at = step(StepInput(change=change, revision=at.revision, state=at.state, version=at.version))


def _ballot(gateway: Gateway, change: str) -> Ballot:
    with gateway.database.reading() as session:
        row = changes.change(session, change)
        inputs = changes.approval_facts(session, row, gateway.database.now(session)).inputs
        return Ballot(choice=Choice.APPROVE, revision=row.revision, seen=root_digest(row.revision, inputs))


def _call(gateway: Gateway, account: str) -> Call:
    with gateway.database.reading() as session:
        return Call(actor_of(session, account), f"bench-{secrets.token_hex(6)}")


def _database(path: Path) -> Database:
    upgrade(f"sqlite:///{path}")
    return Database(f"sqlite:///{path}", development=True)


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
