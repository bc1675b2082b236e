"""Looking into the queue as Celery fills it."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from celery import Celery

from sandbox.services import Redis
from tests.integration.vinacles.conftest import DATABASE
from worker.waiting import QueueLook


@pytest.fixture
def backend(redis_server: Redis, redis_client: redis.Redis) -> Iterator[Celery]:
    with Celery("backend", broker=redis_server.url_of(DATABASE), set_as_current=False) as producer:
        yield producer


def asks(backend: Celery, task: str, **arguments: object) -> None:
    backend.send_task(task, kwargs=arguments, queue="interactive", ignore_result=True)


def test_an_import_that_waits_is_seen_in_any_spelling(backend: Celery, redis_client: redis.Redis) -> None:
    look = QueueLook(redis_client)
    assert not look.waits(12, "12-BDF-3")
    asks(backend, "workorders.import", dealer_id=12, search=" 12-bdf-3")
    assert look.waits(12, "12-BDF-3 ")
    assert not look.waits(13, "12-BDF-3")
    assert not look.waits(12, "12-BDF-4")
    assert redis_client.llen("interactive") == 1


def test_one_that_has_expired_waits_for_nothing(backend: Celery, redis_client: redis.Redis) -> None:
    asks: dict[str, Any] = {
        "kwargs": {"dealer_id": 12, "search": "12-BDF-3"},
        "queue": "interactive",
        "ignore_result": True,
    }
    backend.send_task("workorders.import", expires=15, **asks)
    for later, waits in [(10, True), (20, False)]:
        assert QueueLook(redis_client, in_seconds(later)).waits(12, "12-BDF-3") is waits
    # Somebody asked again.
    backend.send_task("workorders.import", expires=60, **asks)
    assert QueueLook(redis_client, in_seconds(20)).waits(12, "12-BDF-3")


def in_seconds(seconds: float) -> Callable[[], float]:
    return lambda: time.time() + seconds


def test_whatever_else_is_in_the_queue_is_passed_over(backend: Celery, redis_client: redis.Redis) -> None:
    asks(backend, "workorders.refresh", dealer_id=12, workorder_id="12-BDF-3")
    asks(backend, "workorders.why", dealer_id=12, search="12-BDF-3")
    asks(backend, "workorders.import", dealer_id=12, search=["12-BDF-3"])
    for garbage in (
        b"",
        b"{}",
        b"[]",
        b'{"body": "!", "headers": 1}',
        b"\xff",
        b'{"body": "W10=", "headers": {}}',
    ):
        redis_client.lpush("interactive", garbage)
    assert not QueueLook(redis_client).waits(12, "12-BDF-3")


def test_a_queue_that_is_away_gives_no_hint(redis_client: redis.Redis) -> None:
    away = redis.Redis(port=1, socket_connect_timeout=0.1)
    assert not QueueLook(away).waits(12, "12-BDF-3")
    redis_client.set("interactive", b"no list")
    assert not QueueLook(redis_client).waits(12, "12-BDF-3")
