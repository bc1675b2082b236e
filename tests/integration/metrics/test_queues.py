"""Lengths and ages of real lists in Redis."""

import json
import time

import pytest
import redis
from prometheus_client import CollectorRegistry

from sandbox.services import Redis
from tests.integration.metrics.conftest import Value
from worker.metrics.queues import Queues


def _message(**headers: object) -> bytes:
    return json.dumps({"body": "W10=", "headers": headers, "properties": {}}).encode()


def test_length_and_age(queues: redis.Redis, value: Value) -> None:
    now = time.time()
    # As kombu sends: to the left; workers take from the right.
    for age in (300, 60, 10):
        queues.lpush("bulk", _message(sent_at=now - age))
    assert value("twodrive_queue_messages", queue="bulk") == 3
    assert value("twodrive_queue_messages", queue="interactive") == 0
    assert value("twodrive_queue_oldest_seconds", queue="bulk") == pytest.approx(300, abs=60)
    assert value("twodrive_queue_oldest_seconds", queue="interactive") == 0


def test_without_a_time_age_is_counted_from_the_first_look(queues: redis.Redis) -> None:
    clock = [1000.0]
    source = Queues(queues, ["interactive"], lambda: clock[0])

    def age() -> float:
        metrics = {metric.name: metric for metric in source.read()}
        return metrics["twodrive_queue_oldest_seconds"].samples[0].value

    queues.lpush("interactive", _message(id="first"))
    assert age() == 0
    clock[0] += 15
    queues.lpush("interactive", b"no JSON")
    assert age() == 15
    queues.rpop("interactive")
    assert age() == 0
    clock[0] += 5
    assert age() == 5


def test_what_workers_hold(queues: redis.Redis, value: Value) -> None:
    now = time.time()
    queues.hset("unacked", mapping={"a": "{}", "b": "{}"})
    queues.zadd("unacked_index", {"a": now - 500, "b": now})
    assert value("twodrive_unacked_messages") == 2
    assert value("twodrive_unacked_oldest_seconds") == pytest.approx(500, abs=60)


def test_memory(queues: redis.Redis, value: Value) -> None:
    assert value("twodrive_redis_memory_limit_bytes") == 0
    used = value("twodrive_redis_memory_bytes")
    assert used is not None
    assert used > 100_000


def test_a_login_that_may_not_ask_for_memory_still_sees_queues(
    queues: redis.Redis, redis_server: Redis
) -> None:
    categories = ["+@read", "+@connection"]
    queues.acl_setuser(
        "looker", enabled=True, passwords=["+pw"], keys=["*"], categories=categories, commands=["+select"]
    )
    url = redis_server.url_of(13).replace("//:sandbox@", "//looker:pw@")
    queues.lpush("bulk", _message())
    with redis.Redis.from_url(url) as looker:
        names = {metric.name for metric in Queues(looker, ["bulk"]).read()}
    queues.acl_deluser("looker")
    assert "twodrive_queue_messages" in names
    assert "twodrive_redis_memory_bytes" not in names


def test_a_refused_question_is_an_absence(queues: redis.Redis, registry: CollectorRegistry) -> None:
    queues.set("bulk", "not a list")
    assert registry.get_sample_value("twodrive_source_up", {"source": "queues"}) == 0
    assert registry.get_sample_value("twodrive_source_up", {"source": "counters"}) == 1
