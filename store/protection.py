"""Immutability that the database enforces (D5): triggers on SQLite, grants and a role of its own on PostgreSQL.

Kept apart from the migrations because SQLite's batch migrations drop triggers without a word: `protect` runs after each
upgrade, and `protection` lets a test compare what is there with what must be.
"""

from sqlalchemy import Connection, text

from store.tables.columns import IMMUTABLE

APPLICATION_ROLE = "mandate_app"


def protect(connection: Connection) -> None:
    """Install the protection of every immutable table, again if need be."""
    if connection.dialect.name == "sqlite":
        for name, sql in sorted(_triggers(connection).items()):
            connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
            connection.execute(text(sql))
    else:
        _grant(connection)


def protection(connection: Connection) -> set[str]:
    """What is installed: trigger names on SQLite; on PostgreSQL forbidden rights still granted on immutable tables."""
    if connection.dialect.name == "sqlite":
        return set(connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars())
    return set(
        connection.execute(
            text(
                "SELECT table_name || ':' || privilege_type FROM information_schema.role_table_grants "
                "WHERE grantee = :role AND table_name = ANY(:tables) AND privilege_type NOT IN ('SELECT', 'INSERT')"
            ),
            {"role": APPLICATION_ROLE, "tables": sorted(IMMUTABLE)},
        ).scalars()
    )


def expected_triggers(connection: Connection) -> set[str]:
    """The names of the triggers that must be there on SQLite."""
    return set(_triggers(connection))


def _triggers(connection: Connection) -> dict[str, str]:
    result = {}
    for table in sorted(IMMUTABLE):
        columns = connection.execute(text(f"PRAGMA table_info({table})")).all()
        if not columns:
            continue  # a later migration makes this table
        keys = [column[1] for column in columns if column[5]]
        same = " AND ".join(f"{key} = NEW.{key}" for key in keys)
        refuse = f"SELECT RAISE(ABORT, '{table} is immutable'); END"
        result[f"{table}_no_update"] = f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} BEGIN {refuse}"
        result[f"{table}_no_delete"] = f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN {refuse}"
        result[f"{table}_no_replace"] = (
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) BEGIN {refuse}"
        )
    return result


def _grant(connection: Connection) -> None:
    connection.execute(
        text(
            f"DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{APPLICATION_ROLE}') "
            f"THEN CREATE ROLE {APPLICATION_ROLE} LOGIN; END IF; END $$"
        )
    )
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {APPLICATION_ROLE}"))
    connection.execute(text(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {APPLICATION_ROLE}"))
    tables = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
    for table in tables:
        rights = "SELECT, INSERT" if table in IMMUTABLE else "SELECT, INSERT, UPDATE, DELETE"
        if table == "alembic_version":
            rights = "SELECT"
        connection.execute(text(f'REVOKE ALL ON "{table}" FROM PUBLIC, {APPLICATION_ROLE}'))
        connection.execute(text(f'GRANT {rights} ON "{table}" TO {APPLICATION_ROLE}'))
