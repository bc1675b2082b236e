"""Requests that nobody took leave a real Redis, as a real Celery wrote them."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from celery import Celery
from redis.backoff import NoBackoff
from redis.retry import Retry

from sandbox.services import Redis
from worker.backlog import drop_backlog
from worker.unread import GRACE_SECONDS, UnreadRequests, expires_at

_QUEUES = 12


@pytest.fixture
def broker(redis_server: Redis) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_server.url_of(_QUEUES)) as client:
        client.flushdb()
        yield client
        client.flushdb()


def send(redis_server: Redis, typed: str, expires: float | datetime | None) -> None:
    backend = Celery("backend", broker=redis_server.url_of(_QUEUES), set_as_current=False)
    arguments = {"dealer_id": 12, "search": typed}
    backend.send_task("workorders.import", kwargs=arguments, queue="interactive", expires=expires)
    backend.close()


def test_what_nobody_took_goes_and_the_rest_stays(broker: redis.Redis, redis_server: Redis) -> None:
    long_ago = datetime.now(UTC) - timedelta(seconds=GRACE_SECONDS + 5)
    for _ in range(8):
        send(redis_server, "12BDF3", long_ago)
    broker.lpush("interactive", b"no message", json.dumps({"headers": {"expires": 5}}))
    for expires in (datetime.now(UTC) - timedelta(seconds=GRACE_SECONDS - 60), 15.0, None):
        send(redis_server, "kept", expires)
    stays = broker.lrange("interactive", 0, -9)
    assert len(stays) == 5
    requests = UnreadRequests(broker, at_once=3)
    assert requests.drop() == 8
    assert broker.lrange("interactive", 0, -1) == stays
    assert requests.drop() == 0


def test_what_expired_behind_what_never_does_goes_too(broker: redis.Redis, redis_server: Redis) -> None:
    long_ago = datetime.now(UTC) - timedelta(seconds=GRACE_SECONDS + 5)
    for expires in (None, None, None, long_ago, None, long_ago, long_ago, None):
        send(redis_server, "12BDF3", expires)
    queued: list[Any] = broker.lrange("interactive", 0, -1)
    stays = [message for message in queued if expires_at(message) > time.time()]
    assert len(stays) == 5
    assert UnreadRequests(broker, at_once=2).drop() == 3
    assert broker.lrange("interactive", 0, -1) == stays


def test_it_is_a_matter_of_time_alone(broker: redis.Redis, redis_server: Redis) -> None:
    send(redis_server, "12BDF3", 15.0)
    now = time.time()
    assert UnreadRequests(broker, lambda: now + 10 + GRACE_SECONDS).drop() == 0
    assert UnreadRequests(broker, lambda: now + 20 + GRACE_SECONDS).drop() == 1
    assert broker.keys("interactive") == []


def test_a_message_that_a_worker_takes_meanwhile_is_not_counted(
    broker: redis.Redis, redis_server: Redis
) -> None:
    send(redis_server, "12BDF3", datetime.now(UTC) - timedelta(days=1))

    def clock() -> float:
        broker.rpoplpush("interactive", "elsewhere")
        send(redis_server, "kept", None)
        return time.time()

    assert UnreadRequests(broker, clock).drop() == 0
    assert broker.llen("interactive") == 1


def test_without_redis_nothing_is_raised() -> None:
    away = redis.Redis(port=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))
    assert UnreadRequests(away).drop() == 0


_ODD: list[object] = ["", "x", [], 1e300, "99999-01-01", None]


@pytest.mark.parametrize(
    "message",
    [b"", b"[]", b"{}", b"null", b"\xff", b'{"headers": null}']
    + [json.dumps({"headers": {"expires": odd}}).encode() for odd in _ODD],
)
def test_what_is_no_message_never_expires(message: bytes) -> None:
    assert expires_at(message) == float("inf")


def test_a_moment_without_a_zone_is_utc() -> None:
    assert expires_at(b'{"headers": {"expires": "1970-01-01T00:01:00"}}') == 60


def test_each_that_is_dropped_is_told_of_and_grace_is_the_callers(
    broker: redis.Redis, redis_server: Redis
) -> None:
    for seconds_ago in (90, 30):
        send(redis_server, "12BDF3", datetime.now(UTC) - timedelta(seconds=seconds_ago))
    broker.rpush("interactive", json.dumps({"headers": {"expires": "2026-01-01T00:00:00+00:00"}}))
    told: list[object] = []
    assert UnreadRequests(broker, grace_seconds=60, tell=told.append).drop() == 2
    assert told == [None, "workorders.import"]
    assert broker.llen("interactive") == 1


@pytest.mark.parametrize("queues", [{"interactive"}, {"bulk", "maintenance"}])
def test_a_worker_that_comes_back_drops_what_nobody_waits_for(
    broker: redis.Redis, redis_server: Redis, queues: set[str]
) -> None:
    for seconds_ago in (90, 90, 30):
        send(redis_server, "12BDF3", datetime.now(UTC) - timedelta(seconds=seconds_ago))
    # Each of these could keep a worker from starting for as long as it lies there.
    broker.rpush("interactive", b"[" * 100_000, b'{"headers": ' + b"[" * 100_000, b"\xff", b"null")
    told: list[object] = []
    with Celery(
        broker=redis_server.url_of(_QUEUES), set_as_current=False
    ).connection_for_read() as connection:
        drop_backlog(connection, queues, told.append)
    mine = "interactive" in queues
    assert told == ["workorders.import"] * (2 if mine else 0)
    assert broker.llen("interactive") == (5 if mine else 7)
