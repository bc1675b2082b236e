"""Databases of the one server, and the floor: what PostgreSQL needs for rows that are already parsed."""

import io
import time

import psycopg2
from psycopg2 import sql

from sandbox.services import Postgres
from worker.store.migrations import upgrade

DEALER_ID = 1
# In the order in which they refer to each other.
_TABLES = ("workorders", "interventions", "parts", "contacts")
_KEYS = {
    "workorders": "id",
    "interventions": "workorder_id, job_number",
    "parts": "workorder_id, line_id",
    "contacts": "workorder_id, role",
}


def plain(url: str) -> str:
    """The URL without SQLAlchemy's driver."""
    return url.replace("+psycopg2", "")


def create(postgres: Postgres, name: str, *, tables: bool) -> str:
    """Returns its URL. With `tables`, it has ours and a dealer."""
    connection = psycopg2.connect(plain(postgres.url))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    finally:
        connection.close()
    url = postgres.url_of(name)
    if tables:
        upgrade(url)
        execute(
            url,
            "INSERT INTO dealers (dealer_id, name, base_url, token_url, audience, client_id,"  # noqa: S608  names of our own
            f" client_secret_encrypted) VALUES ({DEALER_ID}, 'Garage Meetweg', '', '', '', '', '')",
        )
    return url


def execute(url: str, statement: str) -> None:
    with psycopg2.connect(plain(url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)


def empty(url: str) -> None:
    """Nothing imported, nothing refreshed."""
    execute(
        url,
        "TRUNCATE workorders, interventions, parts, contacts, workorder_changes, import_attempts,"
        " refresh_runs, quarantine, circuits, import_requests",
    )


def settle(postgres: Postgres) -> None:
    """Nobody writes to disk for the one before."""
    connection = psycopg2.connect(plain(postgres.url))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("CHECKPOINT")
    finally:
        connection.close()


def parsed(url: str) -> dict[str, tuple[str, str]]:
    """What our import stored: per table its columns and its rows as COPY writes them."""
    taken = {}
    with psycopg2.connect(plain(url)) as connection, connection.cursor() as cursor:
        for table in _TABLES:
            cursor.execute(
                "SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position)"
                " FROM information_schema.columns WHERE table_name = %s AND is_identity = 'NO'",
                (table,),
            )
            [columns] = cursor.fetchone() or ("",)
            rows = io.StringIO()
            cursor.copy_expert(f"COPY {table} ({columns}) TO STDOUT", rows)
            taken[table] = (columns, rows.getvalue())
    return taken


def floor(url: str, taken: dict[str, tuple[str, str]]) -> float:
    """Seconds of COPY into temporary tables and INSERT…SELECT into the real ones, in one transaction."""
    empty(url)
    began = time.perf_counter()
    with psycopg2.connect(plain(url)) as connection, connection.cursor() as cursor:
        for table, (columns, rows) in taken.items():
            cursor.execute(
                f"CREATE TEMP TABLE new_{table} ON COMMIT DROP AS SELECT {columns} FROM {table} WHERE false"  # noqa: S608  names of our own
            )
            cursor.copy_expert(f"COPY new_{table} ({columns}) FROM STDIN", io.StringIO(rows))
            cursor.execute(
                f"INSERT INTO {table} ({columns}) SELECT {columns} FROM new_{table}"  # noqa: S608  names of our own
                f" ON CONFLICT ({_KEYS[table]}) DO NOTHING"
            )
    return time.perf_counter() - began
