"""Requests as rows with their real stations: simulator, Redis and PostgreSQL, and a server in a thread."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import text

from sandbox.processes import wait_until
from sandbox.services import Redis
from sandbox.simulator import known
from sandbox.simulator.running import SimulatorProcess
from schemas.workorder import workorder_id
from tests.integration.parts_on_simulator import dealer_on, parts_with, running_simulator, settings_for
from worker import wiring
from worker.health import health_of
from worker.heartbeat import Heartbeat
from worker.requests import MOST_LOSSES, not_to_be_tried
from worker.serving import Server
from worker.store.requests import TakenRequest
from worker.wiring import Parts


class Claire:
    """The backend: writes rows and reads their answers."""

    def __init__(self, parts: Parts, simulator: SimulatorProcess) -> None:
        self.parts = parts
        self.simulator = simulator

    def ask(self, **columns: Any) -> int:
        given = {"dealer_id": 1, "kind": "import", **columns}
        names, marks = ", ".join(given), ", ".join(f":{name}" for name in given)
        query = text(f"INSERT INTO import_requests ({names}) VALUES ({marks}) RETURNING id")
        with self.parts.database.transaction() as connection:
            return int(connection.execute(query, given).scalar_one())

    def row(self, number: int) -> Any:
        with self.parts.database.transaction() as connection:
            return connection.execute(
                text("SELECT * FROM import_requests WHERE id = :id"), {"id": number}
            ).one()

    def change(self, sql: str) -> None:
        with self.parts.database.transaction() as connection:
            connection.execute(text(sql))

    def answer(self, number: int) -> Any:
        wait_until(lambda: self.row(number).answered_at is not None, 30, "the answer")
        return self.row(number)


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with running_simulator(workorders=0) as simulator:
        yield simulator


@pytest.fixture
def claire(database_url: str, redis_server: Redis, simulator: SimulatorProcess) -> Iterator[Claire]:
    simulator.admin.reset()
    with parts_with(settings_for(database_url, redis_server), dealer_on(simulator)) as parts:
        yield Claire(parts, simulator)


@contextmanager
def serving(claire: Claire, threads: int = 4, health: Path | None = None) -> Iterator[Server]:
    pulse = Heartbeat(health, "requests", asks="PostgreSQL")
    server = Server(claire.parts.requests, wiring.listener(claire.parts.settings), threads, pulse)
    thread = Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(timeout=60)
        assert not thread.is_alive()


def test_an_import_is_answered_in_its_row(claire: Claire) -> None:
    with serving(claire):
        row = claire.answer(claire.ask(search=known.COMPLETE_PLATE, request_id="click-1"))
    assert (row.state, row.search, row.error_code) == ("answered", None, None)
    assert row.result["request_id"] == "click-1"
    assert [found["outcome"] for found in row.result["workorders"]] == ["created"]
    with claire.parts.database.transaction() as connection:
        attempt = connection.execute(text("SELECT task_id, request_id FROM import_attempts")).one()
    assert tuple(attempt) == (f"import_requests/{row.id}", "click-1")


def test_a_refresh_is_answered_and_equal_ones_are_asked_once(claire: Claire) -> None:
    with serving(claire, threads=8):
        claire.answer(claire.ask(search=known.COMPLETE))
        claire.simulator.admin.clear_journal()
        claire.simulator.admin.set(latency_ms=50)
        identifier = workorder_id(1, known.COMPLETE_ID)
        numbers = [
            claire.ask(kind="refresh", workorder_id=identifier, request_id=f"click-{n}") for n in range(8)
        ]
        answers = [claire.answer(number) for number in numbers]
    assert [row.result["request_id"] for row in answers] == [f"click-{n}" for n in range(8)]
    assert {row.result["workorders"][0]["outcome"] for row in answers} == {"unchanged"}
    assert claire.simulator.admin.request_counts()["Workorder"] == 1


@pytest.mark.parametrize(
    ("columns", "code", "told"),
    [
        ({}, "message_invalid", "`search` is missing"),
        ({"search": "x" * 501}, "message_invalid", "`search` must be"),
        ({"search": "x", "kind": "imprt"}, "message_invalid", "`kind` must be"),
        ({"search": "x" * 20_000_000, "kind": "import"}, "message_invalid", "`search` must be"),
        ({"search": "x", "kind": "import" + "x" * 20_000_000}, "message_invalid", "`kind` must be"),
        ({"search": "x", "request_id": "x" * 20_000_000}, "message_invalid", "`request_id` must be"),
        ({"kind": "refresh"}, "message_invalid", "`workorder_id` is missing"),
        ({"search": "x", "dealer_id": 2**60}, "message_invalid", "`dealer_id` must be"),
        ({"search": "x", "dealer_id": 99}, "dealer_unknown", "dealer 99"),
    ],
)
def test_a_wrong_request_is_told_in_its_row(
    claire: Claire, columns: dict[str, Any], code: str, told: str
) -> None:
    with serving(claire):
        row = claire.answer(claire.ask(**columns))
    assert (row.state, row.error_code, row.result, row.search) == ("failed", code, None, None)
    assert told in row.error_text
    assert row.next_step


def test_a_failure_that_may_pass_is_tried_again_until_it_passes(claire: Claire) -> None:
    claire.simulator.admin.answer_status(503, times=None, match="Workorder", retry_after="60")
    number = claire.ask(search=known.COMPLETE)
    with serving(claire):
        wait_until(lambda: claire.row(number).error_code is not None, 30, "the first failure")
        row = claire.row(number)
        assert (row.state, row.error_code, row.tries) == ("waiting", "vinacles_unavailable", 0)
        assert row.search == known.COMPLETE
        claire.simulator.admin.reset()
        # As if the minute were over for which Vinacles asked to be left alone
        claire.parts.state.delete("twodrive:limit:{1}:rest")
        claire.change("UPDATE import_requests SET try_at = now()")
        row = claire.answer(number)
    assert (row.state, row.error_code) == ("answered", None)


@pytest.mark.parametrize("answer_by", ["now()", "'-infinity'"])
def test_what_is_too_late_is_dropped_and_never_worked_off(claire: Claire, answer_by: str) -> None:
    number = claire.ask(search=known.COMPLETE)
    claire.change(f"UPDATE import_requests SET answer_by = {answer_by}")
    with serving(claire):
        row = claire.answer(number)
    assert (row.state, row.error_code, row.search) == ("dropped", "request_expired", None)
    assert claire.simulator.admin.journal() == []


def test_a_request_that_ended_its_process_too_often_is_parked(claire: Claire) -> None:
    number = claire.ask(search=known.COMPLETE)
    for _ in range(MOST_LOSSES):
        taken = claire.parts.requests.take(1) or claire.parts.requests.take(1, suspects=True)
        assert [not_to_be_tried(request) for request in taken] == [None]
        claire.change("UPDATE import_requests SET try_at = now()")
    with serving(claire):
        row = claire.answer(number)
    assert (row.state, row.error_code, row.tries, row.search) == ("failed", "worker_lost", MOST_LOSSES, None)
    assert claire.simulator.admin.journal() == []


def test_suspects_are_worked_on_one_at_a_time_beside_the_others(claire: Claire) -> None:
    suspects = [claire.ask(search=known.COMPLETE) for _ in range(3)]
    claire.parts.requests.take(3)
    claire.change("UPDATE import_requests SET try_at = now()")
    claire.simulator.admin.set(latency_ms=300)
    fresh = [claire.ask(search=known.BELGIAN) for _ in range(3)]
    under_way: list[set[int]] = []
    # Half of them for one dealer.
    with serving(claire, threads=8):
        while not all(claire.row(number).answered_at for number in suspects):
            with claire.parts.database.transaction() as connection:
                query = text("SELECT id FROM import_requests WHERE state = 'working' AND try_at > now()")
                under_way.append(set(connection.execute(query).scalars()))
                connection.execute(text("NOTIFY import_requests"))
        assert {claire.answer(number).state for number in [*suspects, *fresh]} == {"answered"}
    assert max(len(numbers & set(suspects)) for numbers in under_way) == 1
    assert max(len(numbers & set(fresh)) for numbers in under_way) == 3


def test_a_restart_of_postgresql_connections_costs_a_delay(claire: Claire) -> None:
    with serving(claire):
        claire.answer(claire.ask(search=known.COMPLETE))
        claire.change(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name LIKE 'twodrive%' AND pid <> pg_backend_pid() "
            "AND datname = current_database()"
        )
        row = claire.answer(claire.ask(search=known.BELGIAN))
    assert row.state == "answered"


def test_a_server_whose_threads_are_all_taken_says_so(claire: Claire, tmp_path: Path) -> None:
    """Who is busy for too long is stuck, and then a restart is the cure."""
    health = tmp_path / "health"

    def says(what: str) -> None:
        wait_until(lambda: what in health_of(health, time.monotonic()).text, 20, what)

    claire.simulator.admin.add_fault("slow", match="WorkorderLine", seconds=3)
    with serving(claire, threads=1, health=health):
        says("requests is consuming: PostgreSQL answered")
        number = claire.ask(search=known.COMPLETE)
        says("all slots are taken")
        claire.answer(number)
        says("consuming")


def test_a_stop_answers_what_is_under_way(claire: Claire) -> None:
    claire.simulator.admin.set(latency_ms=1000)
    with serving(claire, threads=1) as server:
        number = claire.ask(search=known.COMPLETE)
        wait_until(lambda: claire.row(number).state == "working", 10, "the work")
        server.stop()
        later = claire.ask(search=known.BELGIAN)
        assert claire.answer(number).state == "answered"
    assert claire.row(later).state == "waiting"


def request(lost: int, seconds_left: float) -> TakenRequest:
    return TakenRequest(1, 1, "import", "x", None, None, lost, seconds_left)


@pytest.mark.parametrize(
    ("lost", "seconds_left", "code"),
    [(0, 10, None), (2, 10, None), (3, 10, "worker_lost"), (0, 0, "request_expired"), (3, 0, "worker_lost")],
)
def test_what_is_not_to_be_tried(lost: int, seconds_left: float, code: str | None) -> None:
    told = not_to_be_tried(request(lost, seconds_left))
    assert (told and told.code) == code
