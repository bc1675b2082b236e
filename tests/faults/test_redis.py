"""Redis restarts, loses what it had, cuts its connections, is full, or falls silent."""

import json
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from signal import SIGKILL
from typing import Any

import pytest

from sandbox.demo.scenes import only
from sandbox.processes import wait_until
from sandbox.simulator import known
from tests.faults.house import House, until
from tests.faults.report import Fault
from tests.faults.under_way import elapse, finished, run_under_way, same

Begin = Callable[[str, str, float], Fault]


def test_a_restart_with_messages_waiting(house: House, fault: Begin) -> None:
    row = fault(
        "Redis restarted with 20 messages waiting (AOF)", "none lost: who comes up afterwards has them", 30
    )
    house.end("interactive")
    dealer = house.dealer()
    sent = [house.search(dealer, known.COMPLETE) for _ in range(20)]
    row.strikes()
    house.stack.redis.stop()
    house.stack.redis.start()
    worker = house.interactive()
    outcomes = {only(one.get(timeout=20))["outcome"] for one in sent}
    assert "created" in outcomes <= {"created", "unchanged"}
    assert len(house.rows("SELECT FROM workorders WHERE dealer_id = :id", id=dealer.dealer_id)) == 1
    row.over("20 of 20 answered, one workorder")
    assert same([worker])


@pytest.mark.faults
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("away", "ready_within"), [(10, 6), (600, 35)])
def test_a_kill_and_a_while_away(house: House, fault: Begin, away: int, ready_within: float) -> None:
    row = fault(
        f"Redis SIGKILLed and away {away} s during a run (AOF)",
        f"the same workers consume again within {ready_within:g} s and go on; nothing doubled",
        away + ready_within + 15,
    )
    workers = [house.interactive(), house.bulk()]
    dealer = run_under_way(house)
    row.strikes()
    house.stack.redis.stop(SIGKILL)
    wait_until(lambda: "broker is away" in house.stack.health("interactive").text, 10, "the worker to notice")
    elapse(away)
    house.stack.redis.start()
    back = time.monotonic()
    until(
        lambda: house.stack.health("interactive").ready and house.stack.health("bulk").ready,
        ready_within,
        "ready",
    )
    ready = time.monotonic() - back
    finished(house, dealer)
    row.over(f"both workers alive, ready again after {ready:.1f} s; content as of a quiet import")
    assert same(workers)


@pytest.mark.faults
def test_away_for_longer_than_a_task_may_take(house: House, fault: Begin) -> None:
    row = fault(
        "Redis away 70 s, tasks of a run may take 4 s, at most 6",
        "the same worker goes on: who ended meanwhile is heard before time limits strike",
        120,
    )
    worker = house.bulk()
    dealer = run_under_way(house, soft_time_limit=4, time_limit=6)
    row.strikes()
    house.stack.redis.stop(SIGKILL)
    # The task fails at once, and then tries for most of a minute to say so.
    elapse(70)
    house.stack.redis.start()
    until(lambda: house.stack.health("bulk").ready, 35, "ready")
    finished(house, dealer)
    assert "time limit (4s)" not in worker.log.read_text("utf-8")
    row.over("the worker alive and ready again; content as of a quiet import")
    assert same([worker])


def test_all_connections_cut(house: House, fault: Begin) -> None:
    row = fault(
        "CLIENT KILL of all connections, tasks in flight", "every task answered once; the same worker", 8
    )
    worker, dealer = house.interactive(), house.dealer()
    house.dms.add_fault("slow", match="WorkorderLine", seconds=2, times=4)
    numbers = [known.COMPLETE, known.BELGIAN, known.SWAPPED_DATE, known.AWKWARD[0]]
    sent = [house.search(dealer, number).id for number in numbers]
    until(lambda: house.asked("WorkorderContact") == 4, 10, "four tasks in flight")
    assert house.asked("WorkorderLine") == 0
    row.strikes()
    with house.redis(0) as server:
        server.client_kill_filter(_type="normal")
    house.tidy_backend()
    answers = [only(house.backend.AsyncResult(one).get(timeout=25)) for one in sent]
    assert {answer["outcome"] for answer in answers} == {"created"}
    only(house.desk(dealer).search(known.AWKWARD[1]), outcome="created")
    row.over("4 of 4 created, the next one answered")
    assert same([worker])


def test_connections_cut_just_after_children_died(house: House, fault: Begin) -> None:
    row = fault(
        "all connections to Redis cut just after all children were killed, 20 times",
        "the same worker goes on",
        60,
    )
    worker, dealer = house.bulk(), house.dealer()
    row.strikes()
    for _ in range(20):
        house.look()
        house.kill_children(worker)
        # The worker sees that they are gone, and not always yet how they ended.
        elapse(0.03)
        with house.redis(0) as server:
            server.client_kill_filter(_type="normal")
        house.tidy_backend()
        assert same([worker])
    house.parts.bulk.start(dealer.dealer_id)
    house.ring_until_done(dealer)
    row.over("one process throughout, and it did the run")
    assert same([worker])


@pytest.mark.faults
def test_a_frozen_server(house: House, fault: Begin) -> None:
    row = fault(
        "Redis frozen (SIGSTOP) for half a minute",
        "workers say broker away, are not restarted, and go on",
        80,
    )
    workers = [house.interactive(), house.bulk()]
    dealer = house.dealer()
    only(house.desk(dealer).search(known.COMPLETE), outcome="created")
    row.strikes()
    house.stack.redis.program.freeze()
    frozen = time.monotonic()
    assert house.stack.health("interactive").ready
    wait_until(lambda: not house.stack.health("interactive").ready, 45, "not ready")
    said = house.stack.health("interactive").text
    assert "the broker is away" in said or "no answer of the broker" in said
    wait_until(lambda: not house.stack.health("bulk").ready, 45, "not ready")
    noticed = time.monotonic()
    elapse(5)
    assert house.stack.health("interactive").live
    assert house.stack.health("bulk").live
    house.stack.redis.program.thaw()
    until(lambda: house.stack.health("interactive").ready and house.stack.health("bulk").ready, 50, "ready")
    house.tidy_backend()
    only(house.desk(dealer).search(known.COMPLETE), outcome="unchanged")
    row.over(f"away noticed after {noticed - frozen:.0f} s, live all the time, ready and answering again")
    assert same(workers)


@pytest.mark.faults
def test_a_sender_does_not_hang_while_it_is_away(house: House, fault: Begin) -> None:
    row = fault(
        "Redis away while the backend sends", "an error within a second; the same process works later", 1
    )
    house.interactive()
    dealer = house.dealer()
    only(house.desk(dealer).search(known.COMPLETE), outcome="created")
    house.stack.redis.stop()
    row.strikes()
    with pytest.raises(Exception):  # noqa: B017, PT011  kombu's, redis' or Celery's own
        house.search(dealer, known.COMPLETE)
    row.over("refused")
    assert row.seconds is not None
    assert row.seconds < 5
    house.stack.redis.start()
    until(lambda: house.stack.health("interactive").ready, 40, "ready")
    only(house.desk(dealer).search(known.COMPLETE), outcome="unchanged")


@pytest.mark.parametrize(
    "entry", [b"not json", b"\xff\xfe\x00", b"5", b'"text"', b"[]", b"{}", b'{"body": 1, "properties": 3}']
)
def test_an_entry_that_is_no_message(house: House, fault: Begin, entry: bytes) -> None:
    row = fault(
        f"`{entry.decode('latin-1')!r}` in the queue".replace("|", ""),
        "dropped and logged; the same worker",
        20,
    )
    worker, dealer = house.interactive(), house.dealer()
    before = worker.log.read_text().count("message_unreadable")
    row.strikes()
    with house.redis(0) as server:
        server.lpush("interactive", entry)
    only(house.desk(dealer).search(known.COMPLETE), outcome="created")
    row.over("message_unreadable; the next message answered")
    assert worker.log.read_text().count("message_unreadable") == before + 1
    assert same([worker])


def test_entries_nested_without_end(house: House, fault: Begin) -> None:
    row = fault(
        "entries nested to any depth in each queue: alone, and in a message's headers, properties and body",
        "dropped or answered, none ends a worker",
        30,
    )
    workers, dealer = [house.interactive(), house.bulk()], house.dealer()
    house.send("workorders.import", "aside", dealer_id=dealer.dealer_id, search="x").forget()
    with house.redis(0) as server:
        [sent] = server.lrange("aside", 0, -1)
        server.delete("aside")
        message = json.loads(sent)
        row.strikes()
        for queue in ("interactive", "bulk"):
            server.lpush(queue, b"[" * 100_000, *nested(message))
        until(lambda: server.llen("interactive") + server.llen("bulk") == 0, 25, "empty queues")
    house.look()
    only(house.desk(dealer).search(known.COMPLETE), outcome="created")
    row.over("both queues empty, the next message answered, the same workers")
    assert same(workers)


def nested(message: dict[str, Any]) -> Iterator[str]:
    """The message with something deep in each of its parts; not all that can be read can be written again."""
    for depth in (*range(600, 1000, 7), 5000):
        deep = "[" * depth + "]" * depth
        for part in ("headers", "properties"):
            yield json.dumps(message).replace(f'"{part}": {{', f'"{part}": {{"deep": {deep}, ', 1)
        body = b64encode(f'[[], {{"dealer_id": 1, "search": {deep}}}, {{}}]'.encode()).decode()
        yield json.dumps({**message, "body": body})
