"""PostgreSQL is the truth, messages are bells: poison, a Redis without memory, a hundred thousand bells."""

import time

import pytest
from sqlalchemy import text

from sandbox.demo.scenes import only
from sandbox.processes import wait_until
from sandbox.simulator import known
from tests.faults.own_place import POISONED, OwnPlace
from worker.store.runs import MAX_ATTEMPTS

pytestmark = pytest.mark.faults


def test_a_message_that_kills_its_child_is_tried_a_few_times_and_told(own: OwnPlace) -> None:
    began = time.monotonic()
    poisoned = own.refresh(POISONED)
    # Others are served beside it all the time.
    healthy = own.desk.dealer.dealer_id
    assert own.refresh(healthy).get(timeout=60)["state"] == "done"
    answer = poisoned.get(timeout=90)
    assert (answer["state"], answer["error_code"], answer["pages"]) == ("failed", "worker_lost", 0)
    assert time.monotonic() - began < 90
    assert len(own.deaths.read_text().splitlines()) == MAX_ATTEMPTS
    # The sweeper does not bring it back, and the worker is the same one.
    assert own.look() == []
    assert own.refresh(healthy).get(timeout=60)["state"] == "done"
    assert len(own.deaths.read_text().splitlines()) == MAX_ATTEMPTS
    assert own.bulk.process.poll() is None


def test_redis_loses_its_memory_in_mid_run(own: OwnPlace) -> None:
    # Given a run under way, and another one whose message waits behind a busy worker
    own.desk.dms.set(latency_ms=80)
    first = own.desk.dealer.dealer_id
    fields = {"import_new_in_bulk": True, "requests_per_second": 1000.0, "refresh_every_minutes": None}
    others = [own.stack.add_dealer(first + 1000 + n, "Garage Ernaast", **fields).dealer_id for n in range(4)]
    dealers = [first, *others]
    for dealer in dealers:
        own.refresh(dealer)
    wait_until(lambda: (own.run(first) or {"pages": 0})["pages"] >= 2, 30, "two pages")
    # When Redis loses everything
    with own.redis(0) as redis:
        assert redis.llen("bulk") > 0
        redis.flushall()
    own.desk.dms.set(latency_ms=0)
    # Then what was under way ends, and the sweeper rings again for what stands in PostgreSQL; where the one
    # message was still to begin a run, that is that the dealer is due
    due = text(
        "UPDATE dealers d SET refresh_every_minutes = 30, next_refresh_at = now() "
        "WHERE dealer_id = ANY(:dealers) "
        "AND NOT EXISTS (SELECT FROM refresh_runs r WHERE r.dealer_id = d.dealer_id)"
    )
    with own.desk.database.transaction() as connection:
        waiting = connection.execute(due, {"dealers": dealers}).rowcount
    assert waiting >= 1
    rung = own.look()
    assert len(rung) >= waiting
    wait_until(
        lambda: all((own.run(dealer) or {"state": ""})["state"] == "done" for dealer in dealers), 90, "all"
    )
    with own.desk.database.transaction() as connection:
        counted = connection.execute(text("SELECT dealer_id, count(*) FROM workorders GROUP BY 1"))
        stored: dict[int, int] = {row[0]: row[1] for row in counted}
        changes = connection.execute(text("SELECT count(*) FROM workorder_changes")).scalar_one()
    for dealer in dealers:
        run = own.run(dealer)
        assert run["created"] == stored[dealer] > 10, dealer
        assert run["seen"] == run["created"] + run["rejected"]
    assert (len(set(stored.values())), changes) == (1, 0)
    # And people are served, by the same workers
    assert only(own.desk.search(known.COMPLETE))["outcome"] == "unchanged"
    assert own.bulk.process.poll() is own.interactive.process.poll() is None
    with own.redis(0) as redis:
        assert redis.llen("ae.undeliver") == 0
