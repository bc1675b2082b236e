"""The migrations build what the tables say."""

import threading

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from worker.store.migrations import VERSION_TABLE, current, newest, upgrade
from worker.store.tables import metadata

# What compare_metadata does not look at: checks, defaults, identity, order of index columns.
_CATALOG = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> :version_table
UNION ALL
SELECT tablename, indexname, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename <> :version_table
UNION ALL
SELECT table_name, column_name,
    concat_ws(' ', ordinal_position, data_type, is_nullable, column_default, is_identity, identity_generation)
FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> :version_table
"""


def _catalog(connection: Connection) -> set[tuple[str, ...]]:
    rows = connection.execute(text(_CATALOG), {"version_table": VERSION_TABLE})
    return {tuple(row) for row in rows}


def test_migrations_match_the_tables(database_url: str) -> None:
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


def test_every_constraint_index_and_default_is_the_same(database_url: str, empty_database_url: str) -> None:
    with create_engine(database_url, poolclass=NullPool).connect() as connection:
        migrated = _catalog(connection)
    with create_engine(empty_database_url, poolclass=NullPool).begin() as connection:
        metadata.create_all(connection)
        assert _catalog(connection) == migrated


def test_a_database_knows_its_version(empty_database_url: str) -> None:
    assert current(empty_database_url) is None
    assert upgrade(empty_database_url) == newest()
    assert current(empty_database_url) == newest()
    assert upgrade(empty_database_url) == newest()


def test_two_upgrades_at_once_do_no_harm(empty_database_url: str) -> None:
    threads = [threading.Thread(target=upgrade, args=(empty_database_url,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert current(empty_database_url) == newest()
