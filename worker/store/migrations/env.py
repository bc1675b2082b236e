"""Run by alembic for each command; the connection comes from `worker.store.migrations`."""

from alembic import context

from worker.store.migrations import VERSION_TABLE
from worker.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
