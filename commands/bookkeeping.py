"""Writes that are no business facts and leave no audit record: what the workflow has seen, bells rung, sessions."""

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Table, Update, and_, bindparam, delete, insert, or_, select, update

from commands.command import Authority, Control, command
from domain.model import Model
from store.subjects import subject_kind
from store.tables.change import ChangeRow
from store.tables.columns import table_of
from store.tables.directory import SessionRow
from store.tables.installation import IdempotencyRow
from store.tables.outbox import OutboxRow
from store.tables.request import RequestRow
from store.unit_of_work import LEASE, Bell, Transaction

OUTBOX = table_of(OutboxRow)
CHANGES, REQUESTS = table_of(ChangeRow), table_of(RequestRow)
SESSION_HOURS = 12
OVERDUE = "overdue"
KEYS_KEPT, BELLS_KEPT = timedelta(days=30), timedelta(days=1)


@command(control=Control.NONE, authority=Authority.FREE, audited=False)
def note_seen(tx: Transaction, change: str, version: int, deadline: datetime | None) -> None:
    """The workflow has read the facts up to this version and sleeps until the deadline."""
    seen = _seen(table_of(subject_kind(change).table))
    tx.session.execute(seen, {"of_subject": change, "seen": version, "until": deadline})


@cache
def _seen(table: Table) -> Update:
    """Built once, for it is on every trip of a lifecycle."""
    return (
        update(table)
        .where(table.c.id == bindparam("of_subject"), table.c.seen_version <= bindparam("seen"))
        .values(seen_version=bindparam("seen"), deadline_at=bindparam("until"))
    )


@command(control=Control.NONE, authority=Authority.FREE, audited=False)
def claim_bells(tx: Transaction, limit: int) -> list[Bell]:
    """Take wake-ups whose lease has ended: one UPDATE ... RETURNING, never a watermark (D7).

    By the end of the lease: one that Temporal does not take goes behind those that were not tried yet.
    """
    now = tx.wall
    waiting = (
        select(OUTBOX.c.id)
        .where(OUTBOX.c.done.is_(False), OUTBOX.c.leased_until <= now)
        .order_by(OUTBOX.c.leased_until, OUTBOX.c.created_at)
        .limit(limit)
    )
    if tx.session.get_bind().dialect.name == "postgresql":
        waiting = waiting.with_for_update(skip_locked=True)
    rows = tx.session.execute(
        update(OUTBOX)
        .where(OUTBOX.c.id.in_(waiting.scalar_subquery()))
        .values(leased_until=now + LEASE, attempts=OUTBOX.c.attempts + 1)
        .returning(OUTBOX.c.subject, OUTBOX.c.id, OUTBOX.c.reason)
    )
    return [Bell(subject=row.subject, outbox_id=row.id, reason=row.reason) for row in rows]


@command(control=Control.NONE, authority=Authority.FREE, audited=False)
def note_rung(tx: Transaction, ids: list[str]) -> None:
    """These wake-ups have reached Temporal."""
    tx.session.execute(update(OUTBOX).where(OUTBOX.c.id.in_(ids)).values(done=True))


class SignedIn(Model):
    """A fresh session: the token is shown once, its digest is kept."""

    token: str
    csrf: str
    account: str
    expires_at: datetime


@command(control=Control.NONE, authority=Authority.FREE)
def sign_in(tx: Transaction) -> SignedIn:
    """Open a session for the acting account, after its identity has been established."""
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
    now = tx.wall
    expires = now + timedelta(hours=SESSION_HOURS)
    tx.add(
        SessionRow(
            token_digest=token_digest(token), account=tx.actor.account, csrf=csrf, created_at=now, expires_at=expires
        )
    )
    tx.record("session.opened", f"actor/{tx.actor.account}")
    return SignedIn(token=token, csrf=csrf, account=tx.actor.account, expires_at=expires)


@command(control=Control.NONE, authority=Authority.FREE)
def sign_out(tx: Transaction, token: str) -> None:
    """End a session."""
    row = tx.session.get(SessionRow, token_digest(token))
    if row is not None:
        tx.session.delete(row)
    tx.record("session.closed", f"actor/{tx.actor.account}")


def token_digest(token: str) -> str:
    """What is kept of a session token."""
    return hashlib.sha256(token.encode()).hexdigest()


@command(control=Control.NONE, authority=Authority.FREE, audited=False)
def wake_overdue(tx: Transaction, limit: int) -> int:
    """Leave a wake-up for changes and requests that the workflow has not seen or whose deadline has passed.

    At most one a minute, and none right after another bell, whose workflow may still be on its way.
    """
    now = tx.wall
    found = [subject for table in (CHANGES, REQUESTS) for subject in _overdue(tx, table, limit)][:limit]
    for subject in found:
        tx.session.execute(
            insert(OUTBOX),
            {
                "id": f"bell-{secrets.token_hex(8)}",
                "subject": subject,
                "reason": OVERDUE,
                "done": False,
                "attempts": 0,
                "leased_until": now - timedelta(seconds=1),
                "created_at": now,
            },
        )
    return len(found)


def _overdue(tx: Transaction, table: Table, limit: int) -> list[str]:
    now, late = tx.wall, tx.now - timedelta(seconds=10)
    again = and_(OUTBOX.c.reason == OVERDUE, OUTBOX.c.created_at > now - timedelta(minutes=1))
    recent = select(OUTBOX.c.id).where(
        OUTBOX.c.subject == table.c.id, or_(again, OUTBOX.c.created_at > now - timedelta(seconds=10))
    )
    query = (
        select(table.c.id)
        .where(
            table.c.closed.is_(False),
            table.c.state != "draft",
            or_(table.c.seen_version < table.c.version, table.c.deadline_at < late),
            ~recent.exists(),
        )
        .limit(limit)
    )
    return list(tx.session.execute(query).scalars())


@command(control=Control.NONE, authority=Authority.FREE, audited=False)
def forget_old(tx: Transaction) -> int:
    """Forget idempotency keys after 30 days (D7), sessions that have ended, and bells rung more than a day ago."""
    now = tx.wall
    bells, keys, sessions = OUTBOX, table_of(IdempotencyRow), table_of(SessionRow)
    gone = (
        delete(keys).where(keys.c.created_at < now - KEYS_KEPT),
        delete(sessions).where(sessions.c.expires_at < now),
        delete(bells).where(bells.c.done, bells.c.created_at < now - BELLS_KEPT),
    )
    return sum(tx.session.execute(statement).rowcount for statement in gone)  # type: ignore[attr-defined]
