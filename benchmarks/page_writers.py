"""Other ways to write a page of workorders that are already parsed, each with its own commit."""

import io
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg2
from psycopg2.extras import execute_values

from benchmarks.bulk.databases import plain

# In the order in which they refer to each other: their keys, and the column that says whose a row is.
_TABLES = {
    "workorders": ("id", "id"),
    "interventions": ("workorder_id, job_number", "workorder_id"),
    "parts": ("workorder_id, line_id", "workorder_id"),
    "contacts": ("workorder_id, role", "workorder_id"),
}


@dataclass(frozen=True)
class Rows:
    """A page's rows of one table: `copied` as COPY writes them, `tuples` as psycopg2 reads them."""

    columns: str
    copied: str
    tuples: Sequence[tuple[Any, ...]]


Page = Mapping[str, Rows]


def taken(url: str, dealer_id: int, pages: Sequence[Sequence[int]]) -> list[Page]:
    """The rows that are stored now, by pages of DMS numbers."""
    with psycopg2.connect(plain(url)) as connection, connection.cursor() as cursor:
        return [_page(cursor, dealer_id, numbers) for numbers in pages]


def _page(cursor: Any, dealer_id: int, numbers: Sequence[int]) -> Page:
    found = {}
    for table, (_, owner) in _TABLES.items():
        cursor.execute(
            "SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position)"
            " FROM information_schema.columns WHERE table_name = %s AND is_identity = 'NO'",
            (table,),
        )
        [columns] = cursor.fetchone()
        query = cursor.mogrify(
            f"SELECT {columns} FROM {table} WHERE {owner} IN (SELECT id FROM workorders"  # noqa: S608  names of our own
            " WHERE dealer_id = %s AND dms_number = ANY(%s))",
            (dealer_id, list(numbers)),
        ).decode()
        copied = io.StringIO()
        cursor.copy_expert(f"COPY ({query}) TO STDOUT", copied)
        cursor.execute(query)
        found[table] = Rows(columns, copied.getvalue(), cursor.fetchall())
    return found


def copied(cursor: Any, page: Page) -> None:
    for table, rows in page.items():
        cursor.copy_expert(f"COPY {table} ({rows.columns}) FROM STDIN", io.StringIO(rows.copied))


def copied_and_selected(cursor: Any, page: Page) -> None:
    for table, rows in page.items():
        cursor.execute(
            f"CREATE TEMP TABLE new_{table} ON COMMIT DROP AS SELECT {rows.columns} FROM {table} WHERE false"  # noqa: S608  names of our own
        )
        cursor.copy_expert(f"COPY new_{table} ({rows.columns}) FROM STDIN", io.StringIO(rows.copied))
        cursor.execute(
            f"INSERT INTO {table} ({rows.columns}) SELECT {rows.columns} FROM new_{table}"  # noqa: S608  names of our own
            f" {_conflict(table, rows)}"
        )


def in_values(cursor: Any, page: Page) -> None:
    for table, rows in page.items():
        statement = f"INSERT INTO {table} ({rows.columns}) VALUES %s {_conflict(table, rows)}"  # noqa: S608  names of our own
        execute_values(cursor, statement, rows.tuples, page_size=len(rows.tuples))


def _conflict(table: str, rows: Rows) -> str:
    key = _TABLES[table][0]
    others = [column for column in rows.columns.split(", ") if column not in key.split(", ")]
    changes = ", ".join(f"{column} = excluded.{column}" for column in others)
    return f"ON CONFLICT ({key}) DO UPDATE SET {changes}"


Way = Callable[[Any, Page], None]
WAYS: Mapping[str, Way] = {
    "raw COPY into the tables": copied,
    "COPY to temporary tables + INSERT…SELECT…ON CONFLICT": copied_and_selected,
    "execute_values with ON CONFLICT": in_values,
}


def timed(url: str, pages: Sequence[Page], way: Way) -> float:
    """Seconds for all pages, each in a transaction of its own."""
    connection = psycopg2.connect(plain(url))
    try:
        began = time.perf_counter()
        for page in pages:
            with connection, connection.cursor() as cursor:
                way(cursor, page)
        return time.perf_counter() - began
    finally:
        connection.close()
