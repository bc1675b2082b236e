"""A dealer whose Vinacles takes requests and never answers, beside one that is well, on the same threads."""

import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from signal import SIGKILL
from typing import Any

import pytest
from celery.result import AsyncResult
from sqlalchemy import text

from sandbox.demo.desk import Desk
from sandbox.demo.scenes import only
from sandbox.processes import wait_until
from sandbox.simulator import known
from sandbox.stack import Stack
from schemas.dealer import Dealer
from tests.acceptance.test_fairness import rows

_dealer_ids = count(80_000)
#: Redis' database of queues that only the worker of these tests consumes.
_OWN_BROKER = 6
_THREADS = 4
#: As long as anybody waits for an answer; a message that no thread took is dropped before.
_LIFE_SECONDS = 15
_SERVE = (sys.executable, "-m", "worker.cli", "requests", "serve")
_WELL = (known.COMPLETE, known.BELGIAN, known.WITHOUT_LABOR, known.COMPLETE_PLATE)


@contextmanager
def frozen(desk: Desk, dealer: Dealer) -> Iterator[Callable[[int], None]]:
    """Its Vinacles takes connections and never answers; gives a wait for so many of them."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        nobody.settimeout(20)
        with desk.database.transaction() as connection:
            connection.execute(
                text("UPDATE dealers SET base_url = :url WHERE dealer_id = :id"),
                {"url": f"http://127.0.0.1:{nobody.getsockname()[1]}", "id": dealer.dealer_id},
            )
        taken: list[socket.socket] = []

        def accept(connections: int) -> None:
            taken.extend(nobody.accept()[0] for _ in range(connections))

        yield accept
        for one in taken:
            one.close()


def send(backend: Any, dealer: Dealer, searches: Sequence[str]) -> "list[AsyncResult[Any]]":
    return [
        backend.send_task(
            "workorders.import",
            kwargs={"dealer_id": dealer.dealer_id, "search": search},
            queue="interactive",
            expires=_LIFE_SECONDS,
        )
        for search in searches
    ]


def refusals(asked: "Sequence[AsyncResult[Any]]") -> list[tuple[str, ...]]:
    """What those were told who found no thread."""
    told = [sent.result.args for sent in asked if sent.ready()]
    return [args for args in told if "under way" in str(args)]


@pytest.fixture
def two(desk: Desk, stack: Stack) -> tuple[Dealer, Dealer]:
    """One that will freeze, and one that is well."""
    slow, well = (stack.add_dealer(next(_dealer_ids), "Garage Eerlijk") for _ in range(2))
    return slow, well


def test_a_frozen_dealer_leaves_threads_to_the_others(
    desk: Desk, stack: Stack, two: tuple[Dealer, Dealer]
) -> None:
    slow, well = two
    backend = stack.backend(_OWN_BROKER)
    env = {"TWODRIVE_BROKER_URL": stack.redis.url_of(_OWN_BROKER)}
    worker = stack.start_worker(name="shared-out", threads=_THREADS, env=env)
    with frozen(desk, slow) as accept:
        # Given twice as many different searches of the frozen dealer as there are threads
        asked = send(backend, slow, [f"WO-{number}" for number in range(2 * _THREADS)])
        accept(_THREADS // 2)
        # Then the other dealer is answered before its messages' life is over
        answers = [sent.get(timeout=_LIFE_SECONDS) for sent in send(backend, well, _WELL)]
        assert [answer["workorders"][0]["outcome"] for answer in answers] == [
            "created",
            "created",
            "rejected",
            "unchanged",
        ]
        # And those that found no thread are told so by the code that they know, before theirs is over
        refused = 2 * _THREADS - _THREADS // 2
        wait_until(lambda: len(refusals(asked)) >= refused, _LIFE_SECONDS, "the refusals")
        assert {args[0] for args in refusals(asked)} == {"vinacles_unavailable"}
        # While those that have a thread wait on
        worker.stop(SIGKILL)


def test_more_searches_than_threads_of_a_dealer_that_answers(
    desk: Desk, stack: Stack, two: tuple[Dealer, Dealer]
) -> None:
    """Nobody is refused for what comes to an end: messages wait for their turn in the queue."""
    dealer, _ = two
    desk.dms.set(latency_ms=300)
    backend = stack.backend(_OWN_BROKER)
    env = {"TWODRIVE_BROKER_URL": stack.redis.url_of(_OWN_BROKER)}
    with stack.start_worker(name="shared-out-again", threads=_THREADS, env=env) as worker:
        asked = send(backend, dealer, [*_WELL, *_WELL, "WO-1", "WO-2", "WO-3"])
        outcomes = {only(sent.get(timeout=_LIFE_SECONDS))["outcome"] for sent in asked}
        assert outcomes <= {"created", "unchanged", "rejected", "not_found"}
        assert "task_waits_for_its_turn" in worker.log.read_text()


def test_rows_of_a_frozen_dealer_leave_threads_to_the_others(
    desk: Desk, stack: Stack, two: tuple[Dealer, Dealer]
) -> None:
    slow, well = two
    server = stack.start("requests-shared-out", [*_SERVE, "--threads", str(_THREADS)])
    with frozen(desk, slow) as accept:
        waiting = ask_by_rows(desk, slow, [f"WO-{number}" for number in range(2 * _THREADS)])
        accept(_THREADS // 2)
        others = ask_by_rows(desk, well, _WELL)
        wait_until(lambda: states(desk, others) == {"answered"}, _LIFE_SECONDS, "the other dealer's answers")
        # While the others of the frozen one wait for their turn
        assert states(desk, waiting) == {"working", "waiting"}
        server.stop(SIGKILL)
    rows(desk, "DELETE FROM import_requests WHERE id = ANY(:ids) RETURNING id", ids=waiting)


def ask_by_rows(desk: Desk, dealer: Dealer, searches: Sequence[str]) -> list[int]:
    insert = (
        "INSERT INTO import_requests (dealer_id, kind, search) VALUES (:id, 'import', :search) RETURNING id"
    )
    return [rows(desk, insert, id=dealer.dealer_id, search=search)[0].id for search in searches]


def states(desk: Desk, numbers: list[int]) -> set[str]:
    found = rows(desk, "SELECT state FROM import_requests WHERE id = ANY(:ids)", ids=numbers)
    return {state for (state,) in found}
