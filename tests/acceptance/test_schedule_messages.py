"""What beat sends: by two beats at once, and when nobody was there for an hour."""

import json
import sys
from collections.abc import Iterator

import pytest
import redis
from sqlalchemy import text

from sandbox.demo.desk import Desk
from sandbox.processes import Program, wait_until
from sandbox.stack import Stack

#: Redis' database of queues that only the worker of this test consumes.
_OWN_BROKER = 6
#: What beat does when its entry is due.
_BEAT = "from celery.beat import Scheduler; from worker.app import app; s = Scheduler(app); "
_FIRE = "s.apply_async(s.schedule['refresh_due'])"


@pytest.fixture
def queues(stack: Stack) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(stack.redis.url_of(_OWN_BROKER)) as client:
        yield client
        client.flushdb()


def test_two_beats_and_an_hour_of_old_messages_make_one_run(
    desk: Desk, stack: Stack, queues: redis.Redis
) -> None:
    env = {"TWODRIVE_BROKER_URL": stack.redis.url_of(_OWN_BROKER)}
    with desk.database.transaction() as connection:
        connection.execute(
            text(
                "UPDATE dealers SET next_refresh_at = CASE dealer_id WHEN :dealer_id "
                "THEN now() - interval '1 hour' ELSE now() + interval '1 day' END"
            ),
            {"dealer_id": desk.dealer.dealer_id},
        )
    # Given messages of two beats, and those of an hour in which nobody consumed
    for name in ("beat-1", "beat-2"):
        stack.start(name, [sys.executable, "-c", _BEAT + _FIRE], env).process.wait(30)
    sent = [json.loads(message) for message in queues.lrange("maintenance", 0, -1)]
    assert [message["headers"]["task"] for message in sent] == ["workorders.refresh_due"] * 2
    for number in range(60):
        old = json.loads(json.dumps(sent[0]))
        assert old["headers"]["expires"]
        old["headers"]["expires"] = "2020-01-01T00:00:00+00:00"
        old["headers"]["id"] = f"old-{number}"
        queues.lpush("maintenance", json.dumps(old))
    # When a worker is there
    with stack.start_bulk_worker(name="after-an-hour", children=2, env=env) as worker:
        wait_until(lambda: not queues.exists("maintenance"), 60, "an empty queue")
        wait_until(lambda: _runs(desk)[:1] == ["done"], 60, "the run's end")
        wait_until(lambda: len(_looked(worker)) >= len(sent), 30, "both looks")
    # Then both looked, the old ones were dropped, and the dealer was refreshed once
    assert _looked(worker) == {message["headers"]["id"] for message in sent}
    assert _runs(desk) == ["done"]


def _runs(desk: Desk) -> list[str]:
    """States of the dealer's runs."""
    query = text("SELECT state FROM refresh_runs WHERE dealer_id = :dealer_id")
    with desk.database.transaction() as connection:
        return list(connection.execute(query, {"dealer_id": desk.dealer.dealer_id}).scalars())


def _looked(worker: Program) -> set[str]:
    """The tasks that looked for who is due."""
    events = [json.loads(line) for line in worker.log.read_text().splitlines() if line.startswith("{")]
    answered = [event for event in events if event["event"] == "task_answered"]
    return {event["task_id"] for event in answered if event["task"] == "workorders.refresh_due"}
