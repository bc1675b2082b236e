"""The door to PostgreSQL, against a real server."""

import contextlib
import os
import traceback
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import make_url, text

from sandbox.services import Postgres, temporary_folder
from worker.errors import ConfigurationError, StorageUnavailable
from worker.store.failures import StatementRefused
from worker.store.session import Database, Limits

IMPATIENT = Limits(
    pool_size=1,
    connect_seconds=1,
    statement_seconds=0.05,
    lock_seconds=0.05,
    idle_in_transaction_seconds=0.05,
)


def ask(database: Database, statement: str = "SELECT 1", **parameters: object) -> object:
    with database.transaction() as connection:
        result = connection.execute(text(statement), parameters)
        return result.scalar() if result.returns_rows else None


@pytest.fixture
def impatient(database_url: str) -> Iterator[Database]:
    database = Database(database_url, "twodrive-tests", IMPATIENT)
    yield database
    database.close()


def test_nothing_connects_before_the_first_transaction() -> None:
    Database("postgresql+psycopg2://nobody@127.0.0.1:1/nothing", "twodrive-tests").close()


def test_a_session_knows_its_name_and_lives_in_utc(database: Database) -> None:
    assert ask(database, "SELECT current_setting('application_name')") == "twodrive-tests"
    with database.transaction() as connection:
        now = connection.execute(text("SELECT now()")).scalar_one()
    assert now.utcoffset() == timedelta()


def test_an_error_undoes_the_transaction(database: Database) -> None:
    ask(database, "CREATE TABLE notes (note int)")
    with pytest.raises(StatementRefused), database.transaction() as connection:
        connection.execute(text("INSERT INTO notes VALUES (1); SELECT 1/0"))
    with contextlib.suppress(ZeroDivisionError), database.transaction() as connection:
        connection.execute(text("INSERT INTO notes VALUES (1)"))
        raise ZeroDivisionError
    assert ask(database, "SELECT count(*) FROM notes") == 0


def test_a_slow_statement_is_cut_off(impatient: Database) -> None:
    with pytest.raises(StorageUnavailable):
        ask(impatient, "SELECT pg_sleep(60)")


def test_a_wait_for_a_lock_ends(impatient: Database, database: Database) -> None:
    lock = "SELECT pg_advisory_xact_lock(1)"
    with database.transaction() as connection:
        connection.execute(text(lock))
        with pytest.raises(StorageUnavailable):
            ask(impatient, lock)


def test_a_wait_for_a_free_connection_ends(impatient: Database) -> None:
    with impatient.transaction(), pytest.raises(StorageUnavailable):
        ask(impatient)


def test_a_cut_connection_is_replaced(database: Database) -> None:
    with pytest.raises(StorageUnavailable):
        ask(database, "SELECT pg_terminate_backend(pg_backend_pid())")
    assert ask(database) == 1


def test_a_connection_cut_while_idle_is_replaced_unnoticed(database: Database, postgres: Postgres) -> None:
    pid = ask(database, "SELECT pg_backend_pid()")
    operator = Database(postgres.url, "twodrive-tests")
    assert ask(operator, "SELECT pg_terminate_backend(:pid, 10000)", pid=pid)
    operator.close()
    assert ask(database) == 1


def test_a_stopped_server_is_unavailable_until_it_is_back() -> None:
    with temporary_folder() as folder:
        server = Postgres(folder)
        database = Database(server.url, "twodrive-tests")
        assert ask(database) == 1
        server.stop()
        with pytest.raises(StorageUnavailable):
            ask(database)
        server.start()
        assert ask(database) == 1
        database.close()
        server.stop()


@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"username": "nobody"}, {"database": "nothing"}])
def test_a_wrong_login_is_a_setting(database_url: str, wrong: dict[str, str]) -> None:
    url = make_url(database_url).set(**wrong).render_as_string(hide_password=False)  # type: ignore[arg-type]  # fields by name
    with pytest.raises(ConfigurationError, match="TWODRIVE_DATABASE_URL"):
        ask(Database(url, "twodrive-tests"))


def test_a_url_that_is_none_is_a_setting() -> None:
    with pytest.raises(ConfigurationError, match="TWODRIVE_DATABASE_URL"):
        ask(Database("not a url", "twodrive-tests"))


def test_a_database_without_tables_asks_for_the_migrations(empty_database_url: str) -> None:
    database = Database(empty_database_url, "twodrive-tests")
    with pytest.raises(ConfigurationError, match="twodrive db upgrade"):
        ask(database, "SELECT * FROM workorders")
    database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT CAST(:value AS integer)",
        "INSERT INTO parts (workorder_id, reference_code) VALUES (NULL, :value)",
        "SELECT CAST(:value AS jsonb) FROM",
    ],
)
def test_no_value_of_a_refused_statement_shows(database: Database, statement: str) -> None:
    with pytest.raises(StatementRefused) as caught:
        ask(database, statement, value="J" * 9)
    assert "J" * 9 not in "".join(traceback.format_exception(caught.value))


def test_the_error_behind_ours_holds_no_parameters(impatient: Database) -> None:
    with pytest.raises(StorageUnavailable) as caught:
        ask(impatient, "SELECT pg_sleep(60), :value", value="J" * 9)
    assert "J" * 9 not in str(caught.value.__context__)


def test_a_refused_statement_names_its_constraint(database: Database) -> None:
    with pytest.raises(StatementRefused, match="ck_import_attempts_trigger_known"):
        ask(
            database,
            "INSERT INTO import_attempts (dealer_id, trigger, error_code, started_at, duration_ms, requests) "
            "VALUES (1, 'whim', 'internal', now(), 0, 0)",
        )


def test_a_forked_child_uses_connections_of_its_own(database: Database) -> None:
    mine = ask(database, "SELECT pg_backend_pid()")
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        database.dispose_after_fork()
        os.write(write, str(ask(database, "SELECT pg_backend_pid()")).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        theirs = int(answer.read())
    assert os.waitpid(child, 0)[1] == 0
    assert theirs != mine
    assert ask(database, "SELECT pg_backend_pid()") == mine
