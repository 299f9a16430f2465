"""How Alembic runs here: on the connection string it is handed, batch mode for SQLite."""

from alembic import context
from sqlalchemy import create_engine, pool
from sqlmodel import SQLModel

import store.tables  # noqa: F401

url = context.config.attributes["url"]
engine = create_engine(url, poolclass=pool.NullPool, hide_parameters=True)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
