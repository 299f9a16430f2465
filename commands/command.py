"""The only way to write (DESIGN section 2): `@command` declares a function as one transaction of one control class.

A call is idempotent by (actor, operation, key); whole transactions are run again on serialization failures; a refusal
rolls everything back and is then recorded on the chain of the one who tried (D5a, R-7.9).
"""

import functools
import inspect
import time
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

import structlog
from pydantic import TypeAdapter
from pydantic_core import to_json
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session, col

from domain.audit import AuditRecord
from domain.canonical import digest_of
from domain.errors import Conflict, IllegalTransition, KeyReused, MandateError, Refused, Unavailable
from domain.party import WORKER, Actor
from store.audit import append, in_last_minute
from store.database import Database, is_serialization_failure
from store.directory import actor_of
from store.tables.columns import table_of
from store.tables.directory import AccountRow
from store.tables.installation import IdempotencyRow
from store.unit_of_work import Bell, Transaction

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 8
REFUSALS_A_MINUTE = 60
log = structlog.get_logger("commands")


class Control(StrEnum):
    """What a command may do: nothing of authority, a decision, an effect under the gate, a correction, an operation."""

    NONE = "none"
    DECISION = "decision"
    EFFECT = "effect"
    CORRECTION = "correction"
    OPERATION = "operation"


class Authority(StrEnum):
    """How the authority lock is held (D2a): shared to use authority, exclusive to change who has it, none otherwise."""

    FREE = "free"
    SHARED = "shared"
    EXCLUSIVE = "exclusive"


@dataclass(frozen=True)
class Gateway:
    """Where commands run: the database, and what rings the bells after each commit; without it the sweeper does."""

    database: Database
    ring: Callable[[Sequence[Bell]], None] | None = None


@dataclass(frozen=True)
class Call:
    """Who calls, under which idempotency key, for which request."""

    actor: Actor
    key: str
    request: str = ""


REGISTRY: dict[str, "Command[Any, Any]"] = {}

# Statements of every command are built once: building one costs more than running it.
KEYS = table_of(IdempotencyRow)
# Not `tx.wall`: business time may be read only after the locks, and both clocks are read at once.
TAKE_KEY = {
    dialect: insert(KEYS)
    .values({KEYS.c.created_at: func.current_timestamp()})
    .on_conflict_do_nothing()
    .returning(KEYS.c.key)
    for dialect, insert in (("sqlite", sqlite_insert), ("postgresql", postgresql_insert))
}
ATTEMPTING = select(col(AccountRow.id)).where(col(AccountRow.id) == bindparam("account")).with_for_update()
KEEP_ANSWER = update(KEYS).where(
    KEYS.c.actor == bindparam("of_actor"),
    KEYS.c.operation == bindparam("of_operation"),
    KEYS.c.key == bindparam("of_key"),
)


class Command(Generic[P, R]):
    """A declared command; called as `command(gateway, call, *arguments)`."""

    def __init__(
        self, function: Callable[Concatenate[Transaction, P], R], control: Control, authority: Authority, audited: bool
    ) -> None:
        self.function = function
        self.name = function.__name__
        self.control = control
        self.authority = authority
        self.audited = audited
        self._result: TypeAdapter[R] = TypeAdapter(typing.get_type_hints(function)["return"])
        functools.update_wrapper(self, function)
        REGISTRY[self.name] = self

    def __call__(self, gateway: Gateway, call: Call, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the command. Raises what its function raises, plus Invalid("idempotency_key_reused"), Unavailable."""
        body = digest_of(to_json([args, kwargs]))
        try:
            if self.control is Control.DECISION:
                call.actor.as_person()
            result, bells = self._retried(gateway, call, body, lambda tx: self.function(tx, *args, **kwargs))
        except (Refused, IllegalTransition) as refusal:
            subject = _subject(self.function, args)
            _again(partial(_record_refusal, gateway.database, call, self.name, refusal, subject))
            raise
        if bells and gateway.ring is not None:
            gateway.ring(bells)
        return result

    def _retried(
        self, gateway: Gateway, call: Call, body: str, work: Callable[[Transaction], R]
    ) -> tuple[R, Sequence[Bell]]:
        return _again(lambda: self._once(gateway, call, body, work))

    def _once(
        self, gateway: Gateway, call: Call, body: str, work: Callable[[Transaction], R]
    ) -> tuple[R, Sequence[Bell]]:
        database = gateway.database
        with database.writing() as session:
            tx = Transaction(database, session, call.actor, call.request or call.key, rings=gateway.ring is not None)
            if (stored := self._replayed(tx, call, body)) is not None:
                return self._result.validate_json(stored), ()
            if self.authority is not Authority.FREE:
                database.lock_authority(session, exclusive=self.authority is Authority.EXCLUSIVE)
                tx.actor = _acting(session, call.actor)
            result = work(tx)
            if tx.recorded != int(self.audited):
                raise AssertionError(f"{self.name} wrote {tx.recorded} audit records")
            self._remember(tx, call, self._result.dump_json(result))
            return result, tuple(tx.bells)

    def _replayed(self, tx: Transaction, call: Call, body: str) -> bytes | None:
        """The stored answer of a write already done under this key; otherwise take the key (D7)."""
        if not call.key:
            return None
        key = {"actor": call.actor.account, "operation": self.name, "key": call.key}
        take = TAKE_KEY[tx.session.get_bind().dialect.name]
        if tx.session.execute(take, {**key, "body_digest": body}).first() is not None:
            return None
        row = tx.session.get_one(IdempotencyRow, tuple(key.values()))
        if row.body_digest != body:
            raise KeyReused("idempotency_key_reused", "This idempotency key was used with another body.", key=call.key)
        assert row.response is not None
        return row.response

    def _remember(self, tx: Transaction, call: Call, response: bytes) -> None:
        if call.key:
            key = {"of_actor": call.actor.account, "of_operation": self.name, "of_key": call.key}
            tx.session.execute(KEEP_ANSWER, {**key, "response": response})


def _acting(session: Session, actor: Actor) -> Actor:
    """Who acts, under the authority lock: person and groups were read before it, and may have changed since (D2a).

    Raises Unauthenticated("unknown_account") for whoever was shut out meanwhile. The installation's own is no account
    of anybody.
    """
    return actor if actor.account == WORKER else actor_of(session, actor.account)


def _again(work: Callable[[], R]) -> R:
    """Run a whole transaction again when it met another one. Raises Unavailable("database_busy") after many."""
    for attempt in range(1, TRIES + 1):
        try:
            return work()
        except DBAPIError as error:
            met = is_serialization_failure(error)
            if met and attempt == TRIES:
                raise Unavailable("database_busy", "The database is too busy for this write.") from error
            if attempt == TRIES or not (met or isinstance(error, IntegrityError)):
                raise
            time.sleep(0.005 * 2**attempt)
    raise AssertionError("unreachable")


def command(
    *, control: Control, authority: Authority = Authority.SHARED, audited: bool = True
) -> Callable[[Callable[Concatenate[Transaction, P], R]], Command[P, R]]:
    """Declare a command. `audited=False` is for bookkeeping that is no business fact; a test lists those."""

    def declare(function: Callable[Concatenate[Transaction, P], R]) -> Command[P, R]:
        return Command(function, control, authority, audited)

    return declare


def expect_version(actual: int, expected: int | None) -> None:
    """Protect against lost updates: raises Conflict("version_moved") unless the caller saw the current version."""
    if expected is not None and actual != expected:
        raise Conflict("version_moved", "The record moved since you read it; read it again.", version=actual)


def _subject(function: Callable[..., object], args: Sequence[object]) -> str | None:
    """The subject that a refused call was about: by convention its first argument."""
    names = list(inspect.signature(function).parameters)[1:]
    return args[0] if args and names and isinstance(args[0], str) else None


def _record_refusal(database: Database, call: Call, name: str, refusal: MandateError, subject: str | None) -> None:
    """Attempts of one account at once wait for each other: all of them follow the same record of its chain."""
    chain = f"actor/{call.actor.account}"
    with database.writing() as session:
        tx = Transaction(database, session, call.actor, call.request or call.key)
        session.execute(ATTEMPTING, {"account": call.actor.account})
        if in_last_minute(session, chain, tx.now) >= REFUSALS_A_MINUTE:
            log.warning("refusals_not_recorded", actor=call.actor.account, command=name, code=refusal.code)
            return
        append(
            session,
            AuditRecord(
                subject=chain,
                action=name,
                actor=call.actor.account,
                person=call.actor.person,
                outcome="refused",
                request=tx.request,
                details={"code": refusal.code, "reason": refusal.detail, "subject": subject},
            ),
            tx.now,
        )
