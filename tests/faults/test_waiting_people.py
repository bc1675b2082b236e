"""What people and the backend's process notice when Redis goes away under them."""

import threading
import time
from collections.abc import Callable
from signal import SIGKILL

import pytest

from sandbox.demo.scenes import only
from sandbox.simulator import known
from tests.faults.house import House, until
from tests.faults.report import Fault

Begin = Callable[[str, str, float], Fault]


@pytest.mark.faults
def test_it_dies_while_somebody_waits(house: House, fault: Begin) -> None:
    row = fault(
        "Redis dies while the backend waits for an answer",
        "an error within seconds; the same process works in one call afterwards",
        2,
    )
    worker, dealer = house.interactive(), house.dealer()
    only(house.desk(dealer).search(known.BELGIAN), outcome="created")
    house.dms.add_fault("slow", match="WorkorderLine", seconds=4)
    sent = house.search(dealer, known.COMPLETE)
    until(lambda: house.asked("WorkorderContact") >= 2, 10, "an import under way")
    row.strikes()
    house.stack.redis.stop(SIGKILL)
    with pytest.raises(Exception) as told:  # noqa: PT011  kombu's, redis' or Celery's own
        sent.get(timeout=36)
    row.over(type(told.value).__name__)
    house.stack.redis.start()
    until(lambda: house.stack.health("interactive").ready, 40, "ready")
    only(house.desk(dealer).search(known.SWAPPED_DATE), outcome="created")
    assert worker.process.poll() is None


@pytest.mark.faults
def test_it_is_frozen_while_people_send(house: House, fault: Begin) -> None:
    row = fault(
        "Redis frozen (SIGSTOP) while the backend sends 8 times",
        "each call ends with an error within 8 s; no thread stays behind",
        70,
    )
    house.interactive()
    dealer = house.dealer()
    only(house.desk(dealer).search(known.COMPLETE), outcome="created")
    threads = threading.active_count()
    slowest = 0.0
    row.strikes()
    house.stack.redis.program.freeze()
    for _ in range(8):
        began = time.monotonic()
        with pytest.raises(Exception):  # noqa: B017, PT011  kombu's, redis' or Celery's own
            house.search(dealer, known.COMPLETE)
        slowest = max(slowest, time.monotonic() - began)
    house.stack.redis.program.thaw()
    row.over(f"slowest {slowest:.1f} s")
    assert slowest <= 8
    assert threading.active_count() <= threads
    until(lambda: house.stack.health("interactive").ready, 60, "ready")
    house.tidy_backend()
    only(house.desk(dealer).search(known.COMPLETE), outcome="unchanged")


@pytest.mark.faults
def test_a_task_ends_while_it_is_away(house: House, fault: Begin) -> None:
    row = fault(
        "Redis away for 8 s, in which a task ends",
        "its answer is stored within 5 s after Redis is back; done once",
        20,
    )
    house.interactive()
    dealer = house.dealer()
    only(house.desk(dealer).search(known.BELGIAN), outcome="created")
    house.dms.add_fault("slow", match="WorkorderLine", seconds=2)
    sent = house.search(dealer, known.COMPLETE).id
    until(lambda: house.asked("WorkorderContact") >= 2, 10, "an import under way")
    row.strikes()
    house.stack.redis.stop(SIGKILL)
    until(lambda: len(house.content(dealer, [known.COMPLETE_ID])) > 0, 10, "the import")
    time.sleep(6)
    house.stack.redis.start()
    back = time.monotonic()
    house.tidy_backend()
    only(house.backend.AsyncResult(sent).get(timeout=5), outcome="created")
    attempts = house.rows("SELECT FROM import_attempts WHERE task_id = :id", id=sent)
    row.over(f"answered {time.monotonic() - back:.1f} s after Redis was back, {len(attempts)} attempt")
    assert len(attempts) == 1


@pytest.mark.faults
def test_five_hundred_wait_and_it_is_killed(house: House, fault: Begin) -> None:
    row = fault("Redis SIGKILLed with 500 messages waiting (AOF)", "none lost, all answered", 60)
    house.end("interactive")
    dealer = house.dealer(concurrent_requests=50)
    sent = [house.search(dealer, f"WO-{8_000_000 + number % 40}") for number in range(500)]
    # What the append-only file is promised to hold: all but the last second.
    time.sleep(1.2)
    row.strikes()
    house.stack.redis.stop(SIGKILL)
    house.stack.redis.start()
    with house.redis(0) as queues:
        left = queues.llen("interactive")
    assert left == 500
    house.interactive()
    for one in sent:
        only(one.get(timeout=60), outcome="not_found")
    row.over(f"{left} of 500 there, 500 answered")
