"""The identity of this installation, which names its Temporal namespace (D13)."""

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlmodel import col

from domain.errors import Unavailable
from store.database import NOT_MIGRATED, Database
from store.tables.installation import InstallationRow


def installation_id(database: Database) -> str:
    """The id in the database. Raises Unavailable("not_migrated") for a database without one."""
    try:
        with database.reading() as session:
            found = session.execute(select(col(InstallationRow.id))).scalar()
    except DBAPIError as error:
        raise Unavailable("not_migrated", NOT_MIGRATED) from error
    if found is None:
        raise Unavailable("not_migrated", "The database has no installation: run `mandate ops migrate`.")
    return str(found)
