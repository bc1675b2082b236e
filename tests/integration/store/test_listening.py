"""Who waits for rows hears of new ones and of answers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from sandbox.processes import wait_until
from tests.integration.store.ledger import TOLD, Ledger
from worker.errors import StorageUnavailable
from worker.store import requests as rows
from worker.store.listening import Listener
from worker.store.session import Database, Limits


@pytest.fixture
def listener(database_url: str) -> Iterator[Listener]:
    with Listener(Database(database_url, "twodrive-listener", Limits(pool_size=1)), "import_requests") as one:
        yield one


def test_a_new_row_rings(ledger: Ledger, listener: Listener) -> None:
    listener.wait(0)
    with ThreadPoolExecutor(1) as backend:
        heard = backend.submit(listener.wait, 60)
        ledger.ask()
        heard.result(timeout=30)


def test_an_answer_rings_with_its_number(ledger: Ledger, database_url: str) -> None:
    number = ledger.ask()
    ledger.take("one")
    engine = Database(database_url, "backend", Limits(pool_size=1)).engine()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as backend:
        backend.exec_driver_sql("LISTEN import_answers")
        with ledger.database.transaction() as connection:
            rows.fail(connection, number, "one", TOLD)
        heard: Any = backend.connection.driver_connection
        wait_until(lambda: heard.poll() == 0 and bool(heard.notifies), 10, "the bell")
        assert [notify.payload for notify in heard.notifies] == [str(number)]
    engine.dispose()


def test_a_lost_connection_is_told_and_the_next_wait_connects_anew(
    ledger: Ledger, listener: Listener
) -> None:
    listener.wait(0)
    with ledger.database.transaction() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'twodrive-listener' AND datname = current_database()"
            )
        )
    # The end of a connection is announced first, which rings as well.
    listener.wait(10)
    with pytest.raises(StorageUnavailable):
        listener.wait(10)
    listener.wait(0)
    ledger.ask()
    listener.wait(60)
