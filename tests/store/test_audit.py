"""The audit chain: every kind of tampering by somebody who owns the database is found, and where (D5a)."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlmodel import select

from domain.audit import GENESIS, AuditRecord, link
from domain.canonical import canonical, parse
from domain.party import SYSTEM
from store.audit import append, last_request, verify
from store.database import Database
from store.protection import expected_triggers
from store.tables.audit import AuditRow
from tests.databases import Login, as_owner


@pytest.fixture
def chains(database: Database) -> Database:
    """Chain A of four records and chain B of two."""
    with database.writing() as session:
        for subject, count in (("A", 4), ("B", 2)):
            for number in range(count):
                record = AuditRecord(
                    subject=subject, action=f"did.{number}", actor="ann", person="ann", outcome="done", request="r", details={"n": number}
                )  # fmt: skip
                append(session, record, database.now(session))
    return database


def tamper(login: Login, work: Callable[[Connection], Any]) -> None:
    """As the owner, who can take the protection away."""
    with as_owner(login) as connection:
        if connection.dialect.name == "sqlite":
            for name in expected_triggers(connection):
                connection.execute(text(f"DROP TRIGGER {name}"))
        work(connection)


def faults(database: Database, subject: str | None = None) -> list[tuple[str, int, str]]:
    with database.reading() as session:
        return [(fault.subject, fault.sequence, fault.fault) for fault in verify(session, subject)]


def record(connection: Connection, sequence: int, subject: str = "A") -> Any:
    where = text("SELECT * FROM audit_record WHERE subject = :subject AND sequence = :sequence")
    return connection.execute(where, {"subject": subject, "sequence": sequence}).one()


def change(connection: Connection, number: int, **values: Any) -> None:
    sets = ", ".join(f"{name} = :{name}" for name in values)
    connection.execute(text(f"UPDATE audit_record SET {sets} WHERE subject = 'A' AND sequence = {number}"), values)


def rewritten(row: Any) -> bytes:
    return canonical({**parse(bytes(row.body)), "details": {"n": 99}})


def changed_body(connection: Connection) -> None:
    change(connection, 2, body=rewritten(record(connection, 2)))


def changed_body_and_digest(connection: Connection) -> None:
    row = record(connection, 2)
    change(connection, 2, body=rewritten(row), digest=link(row.previous, rewritten(row)))


def changed_first_with_digest(connection: Connection) -> None:
    row = record(connection, 1)
    change(connection, 1, body=rewritten(row), digest=link(GENESIS, rewritten(row)))


def deleted(connection: Connection) -> None:
    connection.execute(text("DELETE FROM audit_record WHERE subject = 'A' AND sequence = 2"))


def deleted_first(connection: Connection) -> None:
    connection.execute(text("DELETE FROM audit_record WHERE subject = 'A' AND sequence = 1"))


def deleted_and_closed_up(connection: Connection) -> None:
    deleted(connection)
    change(connection, 3, sequence=2)
    change(connection, 4, sequence=3)


def swapped_bodies(connection: Connection) -> None:
    second, third = record(connection, 2), record(connection, 3)
    change(connection, 2, body=third.body, digest=third.digest)
    change(connection, 3, body=second.body, digest=second.digest)


def reordered(connection: Connection) -> None:
    change(connection, 2, sequence=99)
    change(connection, 3, sequence=2)
    change(connection, 99, sequence=3)


def moved_to_another_subject(connection: Connection) -> None:
    change(connection, 4, subject="B", sequence=3)


def moved_to_a_subject_of_its_own(connection: Connection) -> None:
    change(connection, 1, subject="C")


def changed_actor(connection: Connection) -> None:
    change(connection, 3, actor="bob")


def changed_outcome(connection: Connection) -> None:
    change(connection, 3, outcome="refused")


def changed_time(connection: Connection) -> None:
    change(connection, 3, at="2020-01-01 00:00:00.000000")


MATCH, FOLLOW, COLUMNS = (
    "its content does not match its digest",
    "does not follow the record before it",
    "its columns do not match its content",
)


@pytest.mark.parametrize(
    ("work", "place", "fault"),
    [
        (changed_body, ("A", 2), MATCH),
        (changed_body_and_digest, ("A", 3), FOLLOW),
        (changed_first_with_digest, ("A", 2), FOLLOW),
        (deleted, ("A", 3), "record 2 is missing"),
        (deleted_first, ("A", 2), "record 1 is missing"),
        (deleted_and_closed_up, ("A", 2), FOLLOW),
        (swapped_bodies, ("A", 2), MATCH),
        (reordered, ("A", 2), FOLLOW),
        (moved_to_another_subject, ("B", 3), FOLLOW),
        (moved_to_a_subject_of_its_own, ("C", 1), COLUMNS),
        (changed_actor, ("A", 3), COLUMNS),
        (changed_outcome, ("A", 3), COLUMNS),
        (changed_time, ("A", 3), COLUMNS),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_tampering_is_found_in_its_place(
    chains: Database, login: Login, work: Callable[[Connection], None], place: tuple[str, int], fault: str
) -> None:
    assert faults(chains) == []

    tamper(login, work)

    assert (*place, fault) in faults(chains)
    assert (*place, fault) in faults(chains, place[0])


def test_tampering_with_one_chain_leaves_the_others_sound(chains: Database, login: Login) -> None:
    tamper(login, changed_body)

    assert {subject for subject, _, _ in faults(chains)} == {"A"}
    assert faults(chains, "B") == []


def test_a_chain_begins_at_genesis_and_each_record_names_the_one_before(chains: Database) -> None:
    with chains.reading() as session:
        rows = session.exec(select(AuditRow).where(AuditRow.subject == "A").order_by(AuditRow.sequence)).all()  # type: ignore[arg-type]

        assert [row.sequence for row in rows] == [1, 2, 3, 4]
        assert [row.previous for row in rows] == [GENESIS, *(row.digest for row in rows[:-1])]
        assert {row.format for row in rows} == {"audit/1"}


def test_the_last_request_of_a_subject_is_one_of_somebody_and_not_of_the_system(database: Database) -> None:
    with database.writing() as session:
        for actor, request in (("ann", "first"), ("bob", "second"), (SYSTEM.account, "A/1/assess/2")):
            told = AuditRecord(
                subject="A", action="did", actor=actor, person=None, outcome="done", request=request, details={}
            )
            append(session, told, database.now(session))
        assert (last_request(session, "A"), last_request(session, "B")) == ("second", "")
