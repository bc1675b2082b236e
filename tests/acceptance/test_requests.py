"""Requests as rows: the document's own SQL, a real server process, and its sudden ends."""

import sys
from collections.abc import Iterator
from contextlib import closing
from signal import SIGKILL
from typing import Any

import psycopg2
import pytest

from sandbox.demo.desk import Desk
from sandbox.processes import Program, wait_until
from sandbox.services import temporary_folder
from sandbox.simulator import known
from sandbox.stack import Stack
from tests.documents import ROOT, blocks

BACKEND = ROOT / "docs" / "backend.md"
_ROLE = "claire_backend"
_PASSWORD = "only-here"
_SECRET = "GEHEIM-ZOEK-7"


@pytest.fixture(scope="module")
def server(stack: Stack) -> Iterator[Program]:
    server = stack.start_requests()
    yield server
    assert server.stop() == 0


@pytest.fixture(scope="module")
def backend(stack: Stack) -> Iterator[Any]:
    """A connection as the document's role, with the document's grant and nothing else."""
    url = stack.database_url.replace("+psycopg2", "")
    [grant] = blocks(BACKEND, "sql grant")
    with closing(psycopg2.connect(url)) as owner:
        owner.autocommit = True
        owner.cursor().execute(f"CREATE ROLE {_ROLE} LOGIN PASSWORD '{_PASSWORD}'")
        owner.cursor().execute(grant)
    with closing(psycopg2.connect(url, user=_ROLE, password=_PASSWORD)) as connection:
        connection.autocommit = True
        yield connection


def execute(backend: Any, statement: str, **values: object) -> Any:
    cursor = backend.cursor()
    cursor.execute(statement, values)
    return cursor.fetchone()


def ask(backend: Any, desk: Desk, search: str) -> int:
    [statement] = blocks(BACKEND, "sql ask")
    assert "VALUES (12," in statement
    statement = statement.replace("VALUES (12,", f"VALUES ({desk.dealer.dealer_id},")
    return int(execute(backend, statement, search=search)[0])


def answer(backend: Any, number: int, seconds: float = 20) -> Any:
    [statement] = blocks(BACKEND, "sql answer")
    wait_until(lambda: execute(backend, statement, id=number) is not None, seconds, "the answer")
    return execute(backend, statement, id=number)


@pytest.mark.usefixtures("server")
def test_the_documents_sql_is_answered_and_rings(backend: Any, desk: Desk) -> None:
    backend.cursor().execute("LISTEN import_answers")
    number = ask(backend, desk, known.COMPLETE)
    state, result, code, *_ = answer(backend, number)
    assert (state, code) == ("answered", None)
    assert [found["outcome"] for found in result["workorders"]] == ["created"]
    wait_until(lambda: backend.poll() == 0 and bool(backend.notifies), 10, "the notification")
    assert str(number) in [notify.payload for notify in backend.notifies]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT search FROM import_requests",
        "UPDATE import_requests SET state = 'waiting'",
        "DELETE FROM import_requests",
        "INSERT INTO import_requests (dealer_id, kind, state) VALUES (12, 'import', 'answered')",
        "SELECT * FROM dealers",
    ],
)
def test_the_grant_allows_no_more(backend: Any, statement: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        backend.cursor().execute(statement)


def test_what_was_typed_is_in_no_log_and_not_kept(backend: Any, desk: Desk, server: Program) -> None:
    number = ask(backend, desk, _SECRET)
    state, result, *_ = answer(backend, number)
    assert (state, result["workorders"][0]["outcome"]) == ("answered", "not_found")
    assert _SECRET not in server.log.read_text()
    with desk.database.transaction() as connection:
        dumped = connection.exec_driver_sql("SELECT row_to_json(r)::text FROM import_requests r").scalars()
        assert _SECRET not in "".join(dumped)


@pytest.fixture
def alone() -> Iterator[tuple[Stack, Desk]]:
    """A stack that may be broken: who answers within 3 s or tries again."""
    with temporary_folder() as folder, Stack(folder, workorders=0) as stack:
        stack.env["TWODRIVE_INTERACTIVE_DEADLINE_SECONDS"] = "3"
        dealer = stack.add_dealer(12, "Garage Testweg")
        parts = stack.parts()
        yield stack, Desk(dealer, stack.backend(), stack.simulator.admin, parts.database, parts.dealers)
        parts.close()


def test_a_kill_and_servers_away_cost_a_delay(alone: tuple[Stack, Desk]) -> None:
    # Given a request under way
    stack, desk = alone
    server = stack.start_requests()
    url = stack.database_url.replace("+psycopg2", "")
    desk.dms.add_fault("slow", match="WorkorderLine", seconds=2)
    with closing(psycopg2.connect(url)) as backend:
        backend.autocommit = True
        killed = ask(backend, desk, known.COMPLETE)
        wait_until(lambda: len(desk.dms.journal()) >= 3, 20, "the work under way")
        # When the process is killed, and its lease has run out
        server.stop(SIGKILL)
        execute(backend, "UPDATE import_requests SET try_at = now() RETURNING id")
        # Then another answers
        server = stack.start_requests(name="requests-restarted")
        assert answer(backend, killed)[0] == "answered"
        # When Redis is away, then the request waits, says why, and is answered when Redis is back
        stack.redis.stop()
        waiting = ask(backend, desk, known.BELGIAN)
        why = "SELECT state, error_code FROM import_requests WHERE id = %(id)s"
        wait_until(
            lambda: execute(backend, why, id=waiting) == ("waiting", "storage_unavailable"), 20, "the reason"
        )
        stack.redis.start()
        assert answer(backend, waiting, 40)[0] == "answered"
    # When PostgreSQL restarts, then the same process answers what is asked afterwards
    stack.postgres.stop()
    stack.postgres.start()
    with closing(psycopg2.connect(url)) as backend:
        backend.autocommit = True
        assert answer(backend, ask(backend, desk, known.COMPLETE_PLATE), 40)[0] == "answered"
    assert server.process.poll() is None
    assert server.stop() == 0


def test_a_request_that_kills_its_process_is_parked(alone: tuple[Stack, Desk]) -> None:
    # Given a request that kills every process that tries it, and one that was under way beside it
    stack, desk = alone
    poisoned = {**stack.env, "PYTHONPATH": str(ROOT), "POISONED_SEARCH": _SECRET}
    command = [sys.executable, "-m", "tests.acceptance.poison", "requests", "serve"]
    url = stack.database_url.replace("+psycopg2", "")
    with closing(psycopg2.connect(url)) as backend:
        backend.autocommit = True
        desk.dms.add_fault("slow", match="WorkorderLine", seconds=2)
        beside, poison = ask(backend, desk, known.COMPLETE), ask(backend, desk, _SECRET)
        # When a supervisor restarts the process whenever it has ended, and leases run out
        ends = 0
        server = stack.start("poisoned-0", command, poisoned)
        while not execute(backend, "SELECT answered_at FROM import_requests WHERE id = %(id)s", id=poison)[0]:
            assert ends <= 3
            if server.process.poll() is not None:
                ends += 1
                execute(
                    backend,
                    "UPDATE import_requests SET try_at = now() WHERE id = %(id)s RETURNING id",
                    id=poison,
                )
                server = stack.start(f"poisoned-{ends}", command, poisoned)
        # Then it was tried three times, and has failed with a reason; the other one is answered
        assert ends == 3
        assert answer(backend, poison)[0::2][:2] == ("failed", "worker_lost")
        execute(
            backend, "UPDATE import_requests SET try_at = now() WHERE id = %(id)s RETURNING id", id=beside
        )
        assert answer(backend, beside, 40)[0] == "answered"
    assert server.stop() == 0
