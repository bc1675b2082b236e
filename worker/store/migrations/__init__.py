"""The schema's history: `versions/` is applied in order by alembic, without an alembic.ini."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from worker.store.session import Database, Limits

#: A name of our own: the database may hold somebody else's `alembic_version`.
VERSION_TABLE = "twodrive_alembic_version"

_PATIENT = Limits(pool_size=1, statement_seconds=0, lock_seconds=60, idle_in_transaction_seconds=0)


def upgrade(url: str) -> str:
    """Bring the database to the newest version and return its name. Two at once do it one after the other;
    a failing step leaves the database as it was."""
    config = _config()
    database = Database(url, "twodrive-migrations", _PATIENT)
    try:
        with database.transaction() as connection:
            connection.execute(
                text("SELECT pg_advisory_xact_lock(hashtextextended('twodrive/migrations', 0))")
            )
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        database.close()
    return newest()


def current(url: str) -> str | None:
    """The version that the database is at, None before the first `upgrade`."""
    database = Database(url, "twodrive-migrations", _PATIENT)
    try:
        with database.transaction() as connection:
            return current_of(connection)
    finally:
        database.close()


def current_of(connection: Connection) -> str | None:
    """The version seen through an open connection."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


def newest() -> str:
    """The version that this program needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise FileNotFoundError("the migrations are missing from this installation")
    return head


def _config() -> Config:
    config = Config()
    # The value is read by configparser, where % begins an interpolation.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
