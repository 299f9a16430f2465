"""One transaction of one command: its locks, its clock, its audit record and the wake-ups it leaves (D1, D2a)."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Insert, Select, bindparam, insert, select, update
from sqlmodel import Session, SQLModel

from domain.audit import AuditRecord
from domain.errors import NotFound
from domain.model import Model
from domain.party import Actor
from store import audit
from store.database import Clock, Database
from store.tables.columns import table_of
from store.tables.installation import CounterRow
from store.tables.outbox import OutboxRow

Row = TypeVar("Row", bound=SQLModel)
LEASE = timedelta(seconds=15)


@cache
def _insert(row_class: type[SQLModel]) -> Insert:
    return insert(table_of(row_class))


@cache
def _locked(row_class: type[SQLModel]) -> Select[Any]:
    keys = table_of(row_class).primary_key.columns
    found = select(row_class).where(*(column == bindparam(f"key_{n}") for n, column in enumerate(keys)))
    return found.with_for_update().execution_options(populate_existing=True)


@cache
def _locked_all(row_class: type[SQLModel]) -> Select[Any]:
    (key,) = table_of(row_class).primary_key.columns
    return select(key).where(key.in_(bindparam("keys", expanding=True))).order_by(key).with_for_update()


class Bell(Model):
    """A wake-up to be rung: the subject, the outbox row that says so and why."""

    subject: str
    outbox_id: str
    reason: str


class Transaction:
    """What a command function works with. `now` is read after the locks are held, once.

    rings: whether this process rings the bells that it leaves; otherwise the sweeper does, at once.
    """

    def __init__(self, database: Database, session: Session, actor: Actor, request: str, rings: bool = True) -> None:
        self.session = session
        self.actor = actor
        self.request = request
        self.bells: list[Bell] = []
        self.recorded = 0
        self._database = database
        self._clock: Clock | None = None
        self._rings = rings

    @property
    def now(self) -> datetime:
        """Business time of this transaction (D9). Take every lock before reading it."""
        return self._clocks().now

    @property
    def wall(self) -> datetime:
        """The database's own clock, for leases and sessions."""
        return self._clocks().wall

    def _clocks(self) -> Clock:
        if self._clock is None:
            self._clock = self._database.clock(self.session)
        return self._clock

    def lock(self, table: type[Row], key: Any) -> Row:
        """A row, locked until the end of the transaction and freshly read. Raises NotFound("unknown_<table>")."""
        keys = key if isinstance(key, tuple) else (key,)
        row: Row | None = self.session.execute(_locked(table), {f"key_{n}": k for n, k in enumerate(keys)}).scalar()
        if row is None:
            name = str(table.__tablename__)
            raise NotFound(f"unknown_{name}", f"There is no {name.replace('_', ' ')} {key!r}.")
        return row

    def lock_all(self, table: type[SQLModel], keys: Collection[str]) -> None:
        """Lock the rows with these ids in the order of their ids, which is the same for everybody, in one statement.

        Raises NotFound("unknown_<table>") naming the first that is not there.
        """
        found = set(self.session.execute(_locked_all(table), {"keys": sorted(keys)}).scalars())
        if missing := sorted(set(keys) - found):
            name = str(table.__tablename__)
            raise NotFound(f"unknown_{name}", f"There is no {name.replace('_', ' ')} {missing[0]!r}.")

    def add(self, row: SQLModel) -> None:
        """Write a new row now, so that a violated constraint shows here. The row is not followed afterwards."""
        values = {name: value for name, value in row.model_dump().items() if value is not None}
        self.session.execute(_insert(type(row)), values)

    def number(self, counter: str) -> int:
        """The next number of a counter, without gaps among committed transactions."""
        table = table_of(CounterRow)
        taken = self.session.execute(
            update(table).where(table.c.name == counter).values(value=table.c.value + 1).returning(table.c.value)
        ).scalar()
        if taken is None:
            self.add(CounterRow(name=counter, value=1))
            return 1
        return int(taken)

    def wake(self, subject: str, reason: str) -> None:
        """Leave a wake-up for the subject's workflow in the same transaction (D1)."""
        bell = Bell(subject=subject, outbox_id=f"bell-{secrets.token_hex(8)}", reason=reason)
        # Leased to this process, which rings after the commit; the sweeper takes over when the lease ends.
        now = self.wall
        self.session.execute(
            _insert(OutboxRow),
            {
                "id": bell.outbox_id,
                "subject": subject,
                "reason": reason,
                "done": False,
                "attempts": 0,
                "leased_until": now + LEASE if self._rings else now,
                "created_at": now,
            },
        )
        self.bells.append(bell)

    def record(self, action: str, subject: str, outcome: str = "done", **details: Any) -> None:
        """The audit record of this command: exactly one, in the same transaction as its effect (R-24.1)."""
        self.session.flush()
        self.recorded += 1
        audit.append(
            self.session,
            AuditRecord(
                subject=subject,
                action=action,
                actor=self.actor.account,
                person=self.actor.person,
                outcome=outcome,
                request=self.request,
                details=details,
            ),
            self.now,
        )

    def find(self, table: type[Row], *conditions: Any) -> list[Row]:
        """Rows that meet the conditions, as they are in this transaction."""
        return list(self.session.execute(select(table).where(*conditions)).scalars())
