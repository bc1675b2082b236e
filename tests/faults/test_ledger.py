"""PostgreSQL is the truth, messages are bells: poison, a Redis without memory, a hundred thousand bells."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from redis import Redis
from sqlalchemy import text

from sandbox.demo.desk import Desk
from sandbox.demo.scenes import only
from sandbox.processes import Program, wait_until
from sandbox.services import temporary_folder
from sandbox.simulator import known
from sandbox.stack import CELERY, Stack
from tests.documents import ROOT
from worker.store.runs import MAX_ATTEMPTS

pytestmark = pytest.mark.faults
_dealers = count(12)
_POISONED = 666
_MANY = 100_000


@dataclass(frozen=True)
class Place:
    """A stack of these tests' own, with both workers; the bulk worker's children die of dealer 666."""

    stack: Stack
    backend: Celery
    interactive: Program
    bulk: Program
    deaths: Path
    desk: Desk

    def refresh(self, dealer_id: int) -> Any:
        return self.backend.send_task(
            "workorders.refresh_dealer", kwargs={"dealer_id": dealer_id}, queue="bulk"
        )

    def look(self) -> list[int]:
        """What the sweeper rings for; a minute of its patience has passed."""
        with self.desk.database.transaction() as connection:
            connection.execute(text("UPDATE refresh_runs SET ring_at = now() WHERE finished_at IS NULL"))
        sent = self.backend.send_task("workorders.refresh_due", queue="maintenance")
        rung: list[int] = sent.get(timeout=30)["rung"]
        return rung

    def run(self, dealer_id: int) -> Any:
        query = text("SELECT * FROM refresh_runs WHERE dealer_id = :dealer_id ORDER BY id DESC LIMIT 1")
        with self.desk.database.transaction() as connection:
            return connection.execute(query, {"dealer_id": dealer_id}).mappings().one_or_none()

    def redis(self, database: int) -> "Redis":
        return Redis.from_url(self.stack.redis.url_of(database))


@pytest.fixture
def place() -> Iterator[Place]:
    with temporary_folder() as folder, Stack(folder, workorders=30) as stack:
        stack.simulator.admin.set(page_max=5, page_default=5)
        deaths = folder / "deaths"
        poison = {
            "PYTHONPATH": str(ROOT),
            "POISONED_DEALER": str(_POISONED),
            "POISONED_DEATHS": str(deaths),
        }
        options = ("-P", "prefork", "-c", "2", "-Q", "bulk,maintenance", "-I", "tests.acceptance.poison")
        bulk = stack.start(
            "bulk", [*CELERY, "worker", *options, "--without-gossip", "--without-mingle"], poison
        )
        interactive = stack.start_worker()
        bulk.wait_ready(lambda: " ready." in bulk.log.read_text())
        fields = {"import_new_in_bulk": True, "requests_per_second": 1000.0, "refresh_every_minutes": None}
        dealer = stack.add_dealer(next(_dealers), "Garage Testweg", **fields)
        stack.add_dealer(_POISONED, "Garage Gif", **fields)
        parts = stack.parts()
        backend = stack.backend()
        desk = Desk(dealer, backend, stack.simulator.admin, parts.database, parts.dealers)
        yield Place(stack, backend, interactive, bulk, deaths, desk)
        parts.close()


def test_a_message_that_kills_its_child_is_tried_a_few_times_and_told(place: Place) -> None:
    began = time.monotonic()
    poisoned = place.refresh(_POISONED)
    # Others are served beside it all the time.
    healthy = place.desk.dealer.dealer_id
    assert place.refresh(healthy).get(timeout=60)["state"] == "done"
    answer = poisoned.get(timeout=90)
    assert (answer["state"], answer["error_code"], answer["pages"]) == ("failed", "worker_lost", 0)
    assert time.monotonic() - began < 90
    assert len(place.deaths.read_text().splitlines()) == MAX_ATTEMPTS
    # The sweeper does not bring it back, and the worker is the same one.
    assert place.look() == []
    assert place.refresh(healthy).get(timeout=60)["state"] == "done"
    assert len(place.deaths.read_text().splitlines()) == MAX_ATTEMPTS
    assert place.bulk.process.poll() is None


def test_redis_loses_its_memory_in_mid_run(place: Place) -> None:
    # Given a run under way, and another one whose message waits behind a busy worker
    place.desk.dms.set(latency_ms=80)
    first = place.desk.dealer.dealer_id
    fields = {"import_new_in_bulk": True, "requests_per_second": 1000.0, "refresh_every_minutes": None}
    others = [
        place.stack.add_dealer(first + 1000 + n, "Garage Ernaast", **fields).dealer_id for n in range(4)
    ]
    dealers = [first, *others]
    for dealer in dealers:
        place.refresh(dealer)
    wait_until(lambda: (place.run(first) or {"pages": 0})["pages"] >= 2, 30, "two pages")
    # When Redis loses everything
    with place.redis(0) as redis:
        assert redis.llen("bulk") > 0
        redis.flushall()
    place.desk.dms.set(latency_ms=0)
    # Then what was under way ends, and the sweeper rings again for what stands in PostgreSQL; where the one
    # message was still to begin a run, that is that the dealer is due
    due = text(
        "UPDATE dealers d SET refresh_every_minutes = 30, next_refresh_at = now() "
        "WHERE dealer_id = ANY(:dealers) "
        "AND NOT EXISTS (SELECT FROM refresh_runs r WHERE r.dealer_id = d.dealer_id)"
    )
    with place.desk.database.transaction() as connection:
        waiting = connection.execute(due, {"dealers": dealers}).rowcount
    assert waiting >= 1
    rung = place.look()
    assert len(rung) >= waiting
    wait_until(
        lambda: all((place.run(dealer) or {"state": ""})["state"] == "done" for dealer in dealers), 90, "all"
    )
    with place.desk.database.transaction() as connection:
        counted = connection.execute(text("SELECT dealer_id, count(*) FROM workorders GROUP BY 1"))
        stored: dict[int, int] = {row[0]: row[1] for row in counted}
        changes = connection.execute(text("SELECT count(*) FROM workorder_changes")).scalar_one()
    for dealer in dealers:
        run = place.run(dealer)
        assert run["created"] == stored[dealer] > 10, dealer
        assert run["seen"] == run["created"] + run["rejected"]
    assert (len(set(stored.values())), changes) == (1, 0)
    # And people are served, by the same workers
    assert only(place.desk.search(known.COMPLETE))["outcome"] == "unchanged"
    assert place.bulk.process.poll() is place.interactive.process.poll() is None
    with place.redis(0) as redis:
        assert redis.llen("ae.undeliver") == 0


def test_a_hundred_thousand_messages_wait_without_harm(place: Place) -> None:
    before = resident_mb(place.bulk.process.pid)
    used = pile_up(place, expires=None)
    try:
        worst = 0.0
        for number in range(20):
            began = time.monotonic()
            # Equal searches would share an answer.
            only(place.desk.search(f"WO-{9_000_000 + number}"), outcome="not_found")
            worst = max(worst, time.monotonic() - began)
        with place.redis(0) as redis:
            left = redis.llen("bulk")
        after = resident_mb(place.bulk.process.pid)
    finally:
        with place.redis(0) as redis:
            redis.delete("bulk")
    print(  # noqa: T201  a figure for whoever looks on
        f"\nslowest of 20 interactive requests {worst:.2f} s; {_MANY - left} bulk messages done meanwhile; "
        f"bulk worker {before:.0f} → {after:.0f} MB; Redis +{used:.0f} MB"
    )
    assert left > _MANY / 2
    assert worst < 5
    assert after - before < 50


def test_expired_messages_are_dropped_with_a_reason(place: Place) -> None:
    # Given a request that expired while nobody consumed
    place.interactive.stop()
    arguments = {"dealer_id": place.desk.dealer.dealer_id, "search": "GEHEIM-9"}
    sent = place.backend.send_task("workorders.import", kwargs=arguments, queue="interactive", expires=0.5)
    time_over = time.monotonic() + 0.7
    wait_until(lambda: time.monotonic() > time_over, 5, "its end")
    # When a worker comes back, then the sender is told, and the log says so without what was searched
    worker = place.stack.start_worker(name="back")
    assert type(sent.get(timeout=20, propagate=False)).__name__ == "TaskRevokedError"
    [event] = [
        json.loads(line) for line in worker.log.read_text().splitlines() if '"message_expired"' in line
    ]
    assert (event["task"], event["task_id"]) == ("workorders.import", sent.id)
    assert event["seconds_late"] >= 0.2
    assert "GEHEIM" not in worker.log.read_text()
    assert place.desk.dms.journal() == []
    # And a backlog of expired messages is gone within seconds, without growth
    before = resident_mb(place.bulk.process.pid)
    pile_up(place, expires="2026-01-01T00:00:00+00:00")
    began = time.monotonic()
    with place.redis(0) as redis:
        wait_until(lambda: redis.llen("bulk") < _MANY * 0.9, 40, "ten thousand dropped", every=0.2)
        rate = (_MANY - redis.llen("bulk")) / (time.monotonic() - began)
        redis.delete("bulk")
    after = resident_mb(place.bulk.process.pid)
    print(f"\n{rate:.0f} expired messages dropped per second; {before:.0f} → {after:.0f} MB")  # noqa: T201  a figure for whoever looks on
    assert after - before < 50


def pile_up(place: Place, expires: str | None) -> float:
    """A hundred thousand messages in `bulk`, copies of one for a run that has ended; Redis' growth in MB."""
    run_id = place.refresh(place.desk.dealer.dealer_id).get(timeout=60)["run_id"]
    arguments = {"dealer_id": place.desk.dealer.dealer_id, "run_id": run_id}
    # A queue that no worker reads gives the message as it lies in Redis.
    place.backend.send_task("workorders.refresh_dealer", kwargs=arguments, queue="aside", ignore_result=True)
    with place.redis(0) as redis:
        message = json.loads(redis.lpop("aside"))
        message["headers"]["expires"] = expires
        used = redis.info("memory")["used_memory"]
        packed = json.dumps(message)
        for _ in range(_MANY // 10_000):
            redis.lpush("bulk", *[packed] * 10_000)
        return float(redis.info("memory")["used_memory"] - used) / 1e6


def resident_mb(parent: int) -> float:
    """Of a process and its children."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in (str(parent), *children)]
    return sum(pages) * 4096 / 1e6
