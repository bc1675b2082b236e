"""A server that has fallen silent keeps nobody longer than their deadline."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, text

from sandbox.services import Postgres
from tests.integration.parts_on_simulator import own_postgres
from tests.workorders import full
from worker.deadline import Deadline
from worker.errors import StorageUnavailable
from worker.store.copying import copy_children
from worker.store.session import Database, Limits

_LIMITS = Limits(pool_size=2, connect_seconds=2, statement_seconds=20)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with own_postgres() as server:
        yield server


@pytest.fixture
def database(server: Postgres) -> Iterator[Database]:
    database = Database(server.url, "twodrive-tests", _LIMITS)
    yield database
    server.thaw()
    database.close()


@contextmanager
def frozen_after(
    statement: str, server: Postgres, database: Database, seconds: float | None
) -> Iterator[Connection]:
    """In a transaction that has got one answer, and will get no other."""
    deadline = None if seconds is None else Deadline.after(seconds)
    with database.transaction(deadline) as connection:
        connection.execute(text(statement))
        server.freeze()
        yield connection


def ask(database: Database, seconds: float, statement: str = "SELECT 1") -> object:
    with database.transaction(Deadline.after(seconds)) as connection:
        return connection.execute(text(statement)).scalar()


def test_a_statement_ends_with_the_deadline(server: Postgres, database: Database) -> None:
    ask(database, 5)
    began = time.monotonic()
    with pytest.raises(StorageUnavailable), frozen_after("SELECT 1", server, database, 1.5) as connection:
        connection.execute(text("SELECT 2"))
    assert time.monotonic() - began < 4
    server.thaw()
    assert ask(database, 5) == 1


def test_a_commit_ends_with_the_deadline(server: Postgres, database: Database) -> None:
    began = time.monotonic()
    statement = "CREATE TEMPORARY TABLE notes (note int)"
    with pytest.raises(StorageUnavailable), frozen_after(statement, server, database, 1.5):
        began = time.monotonic()
    assert time.monotonic() - began < 4


def test_a_copy_larger_than_what_the_line_holds_ends_with_the_deadline(
    server: Postgres, database: Database
) -> None:
    many = [full(number) for number in range(20_000)]
    began = time.monotonic()
    with pytest.raises(StorageUnavailable), frozen_after("SELECT 1", server, database, 1.5) as connection:
        copy_children(connection, 1, many)
    assert time.monotonic() - began < 8


def test_the_test_of_a_pooled_connection_ends_with_the_deadline(server: Postgres, database: Database) -> None:
    ask(database, 5)
    server.freeze()
    began = time.monotonic()
    with pytest.raises(StorageUnavailable):
        ask(database, 1.5)
    # Two seconds more for a new connection: libpq waits no shorter.
    assert time.monotonic() - began < 6
    server.thaw()
    assert ask(database, 5) == 1


def test_without_a_deadline_the_servers_own_limits_decide(server: Postgres) -> None:
    limits = Limits(pool_size=1, connect_seconds=2, statement_seconds=1, idle_in_transaction_seconds=1)
    database = Database(server.url, "twodrive-tests", limits)
    began = time.monotonic()
    with pytest.raises(StorageUnavailable), frozen_after("SELECT 1", server, database, None) as connection:
        connection.execute(text("SELECT 2"))
    assert 1 < time.monotonic() - began < limits.silence_seconds + 3
    server.thaw()
    database.close()


def test_a_server_that_answers_is_left_alone(database: Database) -> None:
    assert ask(database, 4, "SELECT 1 FROM pg_sleep(2)") == 1
    for _ in range(200):
        assert ask(database, 0.0) == 1
