"""Migrations lead from nothing and from every earlier revision to what the models say, with the protection in place."""

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import NullPool, create_engine, inspect
from sqlalchemy.exc import DatabaseError
from sqlmodel import SQLModel

from store.migrate import configuration, upgrade
from store.protection import expected_triggers, protection
from store.tables.columns import IMMUTABLE
from tests.databases import Login, as_owner
from tests.store.old_rows import Rows, fill, held, lost

REVISIONS = [script.revision for script in ScriptDirectory.from_config(configuration("")).walk_revisions()][::-1]


def protected(login: Login) -> None:
    with as_owner(login) as connection:
        sqlite = connection.dialect.name == "sqlite"
        expected = expected_triggers(connection) if sqlite else set()
        assert protection(connection) == expected
        assert len(expected) == (3 * len(IMMUTABLE) if sqlite else 0)


@pytest.mark.parametrize("revision", REVISIONS)
def test_from_every_revision_to_this_release(empty_login: Login, revision: str) -> None:
    first = upgrade(empty_login.owner, revision)

    assert upgrade(empty_login.owner) == first, "the installation keeps its id"
    command.check(configuration(empty_login.owner))
    protected(empty_login)


def test_rows_of_every_revision_come_along(empty_login: Login) -> None:
    """Step by step to this release, with fresh rows in all tables before each: none is lost, the protection stays."""
    before: Rows = {}
    for number, revision in enumerate(REVISIONS, 1):
        upgrade(empty_login.owner, revision)
        intact(empty_login)
        with as_owner(empty_login) as connection:
            assert lost(before, held(connection)) == [], revision
            before = fill(connection, number)

    assert len(before["audit_record"]) == len(REVISIONS)
    unchangeable(empty_login)


def intact(login: Login) -> None:
    with as_owner(login) as connection:
        sqlite = connection.dialect.name == "sqlite"
        assert protection(connection) == (expected_triggers(connection) if sqlite else set())


def unchangeable(login: Login) -> None:
    """The application's own login changes no row that is there, in any immutable table."""
    engine = create_engine(login.application, poolclass=NullPool)
    with engine.connect() as connection:
        for table in sorted(IMMUTABLE):
            column = next(iter(SQLModel.metadata.tables[table].primary_key)).name
            for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
                with pytest.raises(DatabaseError, match=r"is immutable|permission denied"):
                    connection.exec_driver_sql(statement)
                connection.rollback()


def test_upgrading_again_changes_nothing_and_mends_the_protection(login: Login) -> None:
    with as_owner(login) as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER decision_no_update")
        else:
            connection.exec_driver_sql("GRANT UPDATE ON decision TO mandate_app")
        broken = protection(connection)
    assert broken == {"decision:UPDATE"} or "decision_no_update" not in broken

    upgrade(login.owner)

    protected(login)


def test_there_is_every_table_of_the_models_and_no_other(login: Login) -> None:
    with as_owner(login) as connection:
        assert set(inspect(connection).get_table_names()) == {*SQLModel.metadata.tables, "alembic_version"}


def test_going_back_leaves_nothing_behind(login: Login) -> None:
    command.downgrade(configuration(login.owner), "base")

    with as_owner(login) as connection:
        assert set(inspect(connection).get_table_names()) == {"alembic_version"}
