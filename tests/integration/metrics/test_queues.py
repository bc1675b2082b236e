"""Lengths and ages of real lists in Redis."""

import json
import time
from collections import deque
from collections.abc import Iterator

import pytest
import redis
from celery import Celery
from prometheus_client import CollectorRegistry

from sandbox.processes import wait_until
from sandbox.services import PASSWORD, Redis
from tests.integration.metrics.conftest import QUEUES, Value
from worker.metrics.queues import Queues, looking


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


def age(source: Queues) -> float:
    metrics = {metric.name: metric for metric in source.read()}
    return metrics["twodrive_queue_oldest_seconds"].samples[0].value


@pytest.fixture
def backend(redis_server: Redis) -> Iterator[Celery]:
    """Plain Celery, as docs show it to the backend."""
    with Celery("backend", broker=redis_server.url_of(QUEUES)) as app:
        yield app


def test_busy_workers_are_told_without_any_header(queues: redis.Redis, backend: Celery) -> None:
    """Two searches come each second, and one is taken: no message is the next one for long."""
    sent: deque[float] = deque()
    clock = [1000.0]
    source = Queues(queues, ["interactive"], lambda: clock[0])
    arguments = {"dealer_id": 12, "search": "12bdf3"}
    for _ in range(40):
        for _ in range(2):
            backend.send_task("workorders.import", kwargs=arguments, queue="interactive", expires=15)
            sent.append(clock[0])
        clock[0] += 1
        source.look()
        assert queues.rpop("interactive")
        sent.popleft()
    told, true = age(source), clock[0] - sent[0]
    assert true > 15
    assert told <= true <= max(told + 1, told * 17 / 16)


def test_what_is_no_message_has_an_age_too(queues: redis.Redis) -> None:
    clock = [1000.0]
    source = Queues(queues, ["interactive"], lambda: clock[0])
    queues.lpush("interactive", _message(id="first"))
    assert age(source) == 0
    clock[0] += 15
    queues.lpush("interactive", b"no JSON")
    assert age(source) == 15
    queues.rpop("interactive")
    assert age(source) == 0
    clock[0] += 5
    assert age(source) == 5


def test_looks_go_on_between_scrapes_and_while_redis_refuses(queues: redis.Redis) -> None:
    source = Queues(queues, ["interactive"])
    queues.set("interactive", "not a list")
    with looking(source, 0.01):
        wait_until(lambda: commands(queues, "lpos") > 2, 10, "looks that were refused")
        queues.delete("interactive")
        queues.lpush("interactive", b"first", b"second")
        looks = commands(queues, "lpos")
        wait_until(lambda: commands(queues, "lpos") > looks + 2, 10, "looks at both")
        queues.rpop("interactive")
        assert age(source) > 0
    looks = commands(queues, "lpos")
    assert age(source) > 0
    assert commands(queues, "lpos") == looks + 1


def commands(server: redis.Redis, name: str) -> int:
    """How often it was told this."""
    return int(server.info("commandstats").get(f"cmdstat_{name}", {"calls": 0})["calls"])


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
    url = redis_server.url_of(13).replace(f"//:{PASSWORD}@", "//looker:pw@")
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
