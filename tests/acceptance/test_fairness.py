"""Who waits for whom: dealers on one slot, people beside bulk work, many who ask the same."""

import socket
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from celery.result import AsyncResult
from sqlalchemy import text

from sandbox.demo.desk import Desk
from sandbox.demo.scenes import only
from sandbox.processes import Program, wait_until
from sandbox.simulator import known
from sandbox.stack import Stack
from schemas.dealer import Dealer
from schemas.workorder import workorder_id
from tests.acceptance.waiting import no_answer_yet

_dealer_ids = count(70_000)
#: Redis' database of queues that only the worker of one test consumes.
_OWN_BROKER = 5


@pytest.fixture(scope="module")
def slot(stack: Stack, no_bulk_waiting: None) -> Iterator[Program]:
    """All bulk work has one slot, in slices of 3 s."""
    worker = stack.start_bulk_worker(name="one-slot", children=1, env={"TWODRIVE_SLICE_SECONDS": "3"})
    yield worker
    worker.stop()


@pytest.fixture
def desk_beside_bulk(desk: Desk, slot: Program) -> Desk:
    assert slot.process.poll() is None
    return desk


def add_dealer(stack: Stack, **fields: Any) -> Dealer:
    return stack.add_dealer(
        next(_dealer_ids),
        "Garage Eerlijk",
        import_new_in_bulk=True,
        requests_per_second=1000,
        refresh_every_minutes=None,
        **fields,
    )


def ask(desk: Desk, dealer: Dealer) -> "AsyncResult[Any]":
    return desk.backend.send_task(
        "workorders.refresh_dealer", kwargs={"dealer_id": dealer.dealer_id}, queue="bulk"
    )


def rows(desk: Desk, query: str, **parameters: object) -> list[Any]:
    with desk.database.transaction() as connection:
        return list(connection.execute(text(query), parameters))


def run_of(desk: Desk, dealer: Dealer) -> Any:
    query = "SELECT * FROM refresh_runs WHERE dealer_id = :dealer_id ORDER BY id DESC LIMIT 1"
    found = rows(desk, query, dealer_id=dealer.dealer_id)
    return found[0] if found else None


def pages_of(desk: Desk, dealer: Dealer) -> int:
    run = run_of(desk, dealer)
    return run.pages if run else 0


def test_a_large_dealer_does_not_delay_a_small_one(desk_beside_bulk: Desk, stack: Stack) -> None:
    desk = desk_beside_bulk
    # Given a dealer with many more pages than a slice has room for
    desk.dms.set(page_max=2, page_default=2, latency_ms=40)
    large, small = add_dealer(stack), add_dealer(stack, days_back=0, days_ahead=0)
    whole = ask(desk, large)
    wait_until(lambda: pages_of(desk, large) >= 1, 30, "the first page")
    # When a small dealer comes to the only slot, and the large one is asked for again and again
    others = [ask(desk, large) for _ in range(5)]
    done = ask(desk, small).get(timeout=60)
    # Then it is done while the large one is not
    assert (done["state"], run_of(desk, large).state) == ("done", "running")
    desk.dms.set(latency_ms=0)
    # And whoever asked for the large one is answered under the own task's id
    ended = whole.get(timeout=60)
    assert (ended["state"], ended["seen"] > done["seen"]) == ("done", True)
    assert [other.get(timeout=30) for other in others] == [ended] * 5
    assert run_of(desk, large).watchers == []


def test_a_dead_dealer_holds_the_only_slot_no_longer_than_its_share(
    desk_beside_bulk: Desk, stack: Stack
) -> None:
    desk = desk_beside_bulk
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        dead, well = add_dealer(stack), [add_dealer(stack) for _ in range(2)]
        # Given a Vinacles that takes connections and never answers
        rows_url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with desk.database.transaction() as connection:
            connection.execute(
                text("UPDATE dealers SET base_url = :url WHERE dealer_id = :dealer_id"),
                {"url": rows_url, "dealer_id": dead.dealer_id},
            )
        lost = ask(desk, dead)
        wait_until(lambda: run_of(desk, dead) is not None, 30, "the dead dealer's run")
        asked = [ask(desk, dealer) for dealer in well]
        # Then the others are refreshed, and the dead one's run rests
        assert [one.get(timeout=60)["state"] for one in asked] == ["done", "done"]
        with pytest.raises(Exception, match="vinacles_unavailable"):
            lost.get(timeout=30)
        run = run_of(desk, dead)
        assert (run.state, run.attempts, run.error_code, run.lease_owner) == (
            "running",
            1,
            "vinacles_unavailable",
            None,
        )
    # No later test shall have it rung for
    with desk.database.transaction() as connection:
        connection.execute(
            text("DELETE FROM refresh_runs WHERE dealer_id = :dealer_id"), {"dealer_id": dead.dealer_id}
        )


def test_on_a_shared_worker_people_come_before_waiting_bulk_work(desk: Desk, stack: Stack) -> None:
    # Given bulk work and searches that wait, in this order, for a worker that names its queues the other way
    backend = stack.backend(_OWN_BROKER)
    dealers = [add_dealer(stack) for _ in range(3)]
    refreshes = [
        backend.send_task("workorders.refresh_dealer", kwargs={"dealer_id": dealer.dealer_id}, queue="bulk")
        for dealer in dealers
    ]
    searches = [
        backend.send_task(
            "workorders.import",
            kwargs={"dealer_id": desk.dealer.dealer_id, "search": search},
            queue="interactive",
        )
        for search in (known.COMPLETE, known.BELGIAN, known.WITHOUT_LABOR)
    ]
    # When a worker with one thread begins
    env = {"TWODRIVE_BROKER_URL": stack.redis.url_of(_OWN_BROKER)}
    with stack.start_shared_worker("bulk,maintenance,interactive", name="shared", env=env):
        for sent in (*searches, *refreshes):
            sent.get(timeout=60)
    # Then every search began before any refresh
    query = "SELECT max(started_at) FROM import_attempts WHERE dealer_id = :dealer_id"
    [(last_search,)] = rows(desk, query, dealer_id=desk.dealer.dealer_id)
    query = "SELECT min(started_at) FROM import_attempts WHERE dealer_id = ANY(:dealer_ids)"
    [(first_refresh,)] = rows(desk, query, dealer_ids=[dealer.dealer_id for dealer in dealers])
    assert last_search < first_refresh


def test_ten_who_ask_two_workers_the_same_are_one_question(desk: Desk, stack: Stack) -> None:
    desk.dms.clear_journal()
    desk.dms.set(latency_ms=100)

    def everybody(task: str, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        def one(number: int) -> "AsyncResult[Any]":
            asked = {"dealer_id": desk.dealer.dealer_id, "request_id": f"click-{number}", **arguments}
            return desk.backend.send_task(task, kwargs=asked, queue="interactive", expires=15)

        with no_answer_yet(stack):
            sent = [one(number) for number in range(10)]
        return [one.get(timeout=30) for one in sent]

    with stack.start_worker(name="second", threads=8) as second:
        found = everybody("workorders.import", {"search": known.COMPLETE})
        assert {only(answer)["outcome"] for answer in found} == {"created"}
        assert desk.dms.request_counts()["Workorder"] == 1
        identifier = str(workorder_id(desk.dealer.dealer_id, known.COMPLETE_ID))
        refreshed = everybody("workorders.refresh", {"workorder_id": identifier})
        assert {only(answer)["outcome"] for answer in refreshed} == {"unchanged"}
        assert desk.dms.request_counts()["Workorder"] == 2
    for answers in (found, refreshed):
        assert [answer["request_id"] for answer in answers] == [f"click-{number}" for number in range(10)]
    # Both workers had a part in it
    assert "task_answered" in second.log.read_text()
