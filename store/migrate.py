"""Migrations: `python -m store.migrate` brings the database to this release, as its owner, names the installation."""

import secrets
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event, text

from store.protection import protect
from store.settings import settings

MIGRATIONS = Path(__file__).parent / "migrations"


def configuration(url: str) -> Config:
    """Alembic's configuration for a database, without a file."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    return config


def upgrade(url: str, revision: str = "head") -> str:
    """Bring a database to a revision, protect its immutable tables, and return the installation's id."""
    command.upgrade(configuration(url), revision)
    engine = create_engine(url, hide_parameters=True)
    if url.startswith("sqlite"):
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA journal_mode=WAL"))
    try:
        with engine.begin() as connection:
            protect(connection)
            found = connection.execute(text("SELECT id FROM installation")).scalar()
            if found is None:
                found = f"mandate-{secrets.token_hex(4)}"
                connection.execute(text("INSERT INTO installation (id, offset_seconds) VALUES (:id, 0)"), {"id": found})
    finally:
        engine.dispose()
    return str(found)


if __name__ == "__main__":
    loaded = settings()
    print("installation", upgrade(loaded.owner_database_url or loaded.database_url))
