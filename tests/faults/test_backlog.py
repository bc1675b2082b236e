"""Messages that pile up, taken or not: people are answered beside and behind them, and nothing grows."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from sandbox.demo.scenes import only
from sandbox.processes import wait_until
from sandbox.simulator import known
from tests.faults.own_place import OwnPlace
from tests.faults.report import Fault
from worker.counting import EXPIRED, read

pytestmark = pytest.mark.faults
_MANY = 100_000
_EXPIRED = 20_000


def test_a_hundred_thousand_messages_wait_without_harm(own: OwnPlace) -> None:
    before = resident_mb(own.bulk.process.pid)
    used = pile_up(own, expires=None)
    try:
        worst = 0.0
        for number in range(20):
            began = time.monotonic()
            # Equal searches would share an answer.
            only(own.desk.search(f"WO-{9_000_000 + number}"), outcome="not_found")
            worst = max(worst, time.monotonic() - began)
        with own.redis(0) as redis:
            left = redis.llen("bulk")
        after = resident_mb(own.bulk.process.pid)
    finally:
        with own.redis(0) as redis:
            redis.delete("bulk")
    print(  # noqa: T201  a figure for whoever looks on
        f"\nslowest of 20 interactive requests {worst:.2f} s; {_MANY - left} bulk messages done meanwhile; "
        f"bulk worker {before:.0f} → {after:.0f} MB; Redis +{used:.0f} MB"
    )
    assert left > _MANY / 2
    assert worst < 5
    assert after - before < 50


def test_expired_messages_are_dropped_with_a_reason(own: OwnPlace) -> None:
    # Given a request that expired while nobody consumed
    own.interactive.stop()
    arguments = {"dealer_id": own.desk.dealer.dealer_id, "search": "GEHEIM-9"}
    sent = own.backend.send_task("workorders.import", kwargs=arguments, queue="interactive", expires=0.5)
    time_over = time.monotonic() + 0.7
    wait_until(lambda: time.monotonic() > time_over, 5, "its end")
    # When a worker comes back, then the sender is told, and the log says so without what was searched
    worker = own.stack.start_worker(name="back")
    assert type(sent.get(timeout=20, propagate=False)).__name__ == "TaskRevokedError"
    [event] = [
        json.loads(line) for line in worker.log.read_text().splitlines() if '"message_expired"' in line
    ]
    assert (event["task"], event["task_id"]) == ("workorders.import", sent.id)
    assert event["seconds_late"] >= 0.2
    assert "GEHEIM" not in worker.log.read_text()
    assert own.desk.dms.journal() == []
    # And a backlog of expired messages is gone within seconds, without growth
    before = resident_mb(own.bulk.process.pid)
    pile_up(own, expires="2026-01-01T00:00:00+00:00")
    began = time.monotonic()
    with own.redis(0) as redis:
        wait_until(lambda: redis.llen("bulk") < _MANY * 0.9, 40, "ten thousand dropped", every=0.2)
        rate = (_MANY - redis.llen("bulk")) / (time.monotonic() - began)
        redis.delete("bulk")
    after = resident_mb(own.bulk.process.pid)
    print(f"\n{rate:.0f} expired messages dropped per second; {before:.0f} → {after:.0f} MB")  # noqa: T201  a figure for whoever looks on
    assert after - before < 50


def test_people_are_answered_behind_a_backlog_of_searches_that_expired(
    own: OwnPlace, fault: Callable[[str, str, float], Fault]
) -> None:
    row = fault(
        f"{_EXPIRED:,} searches expired while worker-interactive was away",
        "whoever asks when it is back is answered; each is counted, none worked off, nothing grows",
        15,
    )
    # Given as many searches as come in a quarter of an hour of a fleet, while nobody consumed
    own.interactive.stop()
    arguments = {"dealer_id": own.desk.dealer.dealer_id, "search": known.COMPLETE}
    own.backend.send_task("workorders.import", kwargs=arguments, queue="aside")
    with own.redis(0) as redis:
        copy_into(redis, "interactive", redis.lpop("aside"), _EXPIRED, expires="2026-01-01T00:00:00+00:00")
    # When a worker comes back, and the next person asks right then
    row.strikes()
    worker = own.stack.start_worker(name="behind")
    before, began = resident_mb(worker.process.pid), time.monotonic()
    asked = own.backend.send_task("workorders.import", kwargs=arguments, queue="interactive")
    [found] = asked.get(timeout=20)["workorders"]
    seconds = time.monotonic() - began
    after = resident_mb(worker.process.pid)
    row.over(f"answered {seconds:.1f} s after it consumed; {before:.0f} → {after:.0f} MB")
    # Then all before it were dropped, none of them worked on, each counted, and nothing has grown
    assert found["outcome"] == "created"
    assert after - before < 50
    with own.redis(0) as redis:
        assert (redis.llen("interactive"), redis.hlen("unacked")) == (0, 0)
    assert own.desk.dms.request_counts()["Workorder"] == 1
    assert worker.stop() == 0
    with own.redis(2) as state:
        counted = {count.labels: count.total for count in read(state)[EXPIRED.name]}
    assert counted == {("workorders.import",): _EXPIRED}


def pile_up(own: OwnPlace, expires: str | None) -> float:
    """A hundred thousand messages in `bulk`, copies of one for a run that has ended; Redis' growth in MB."""
    run_id = own.refresh(own.desk.dealer.dealer_id).get(timeout=60)["run_id"]
    arguments = {"dealer_id": own.desk.dealer.dealer_id, "run_id": run_id}
    # A queue that no worker reads gives the message as it lies in Redis.
    own.backend.send_task("workorders.refresh_dealer", kwargs=arguments, queue="aside", ignore_result=True)
    with own.redis(0) as redis:
        used = redis.info("memory")["used_memory"]
        copy_into(redis, "bulk", redis.lpop("aside"), _MANY, expires=expires)
        return float(redis.info("memory")["used_memory"] - used) / 1e6


def copy_into(redis: "Redis", queue: str, packed: Any, number: int, expires: str | None) -> None:
    """So many copies of a message, with another end."""
    message = json.loads(packed)
    message["headers"]["expires"] = expires
    message["properties"]["delivery_info"]["routing_key"] = queue
    again = json.dumps(message)
    for _ in range(number // 10_000):
        redis.lpush(queue, *[again] * 10_000)


def resident_mb(parent: int) -> float:
    """Of a process and its children."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in (str(parent), *children)]
    return sum(pages) * 4096 / 1e6
