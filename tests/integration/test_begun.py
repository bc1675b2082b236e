"""Questions that end their process are known when they are asked again, and no others."""

import multiprocessing
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from signal import SIGKILL
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sandbox.processes import free_port, wait_until
from sandbox.services import Redis
from worker.begun import KEPT_SECONDS, MOST_LOSSES, Begun
from worker.errors import ErrorCode, FatalError

NAME = "twodrive:once:a:begun"


@pytest.fixture
def client(redis_server: Redis) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_server.url_of(8), socket_timeout=5) as client:
        client.flushdb()
        yield client


@pytest.fixture
def begun(client: redis.Redis) -> Begun:
    return Begun(client)


def lost(client: redis.Redis, times: int) -> None:
    """As processes leave it that ended long ago."""
    client.zadd(NAME, {f"{number}": number for number in range(times)})


def leases(client: Any) -> list[float]:
    """When they end; the client's types know no scores."""
    return [score for _, score in client.zrange(NAME, 0, -1, withscores=True)]


def asked(begun: Begun) -> bool:
    """Whether it is worked on."""
    with begun.question(NAME):
        return True


@pytest.mark.parametrize("times", range(1, MOST_LOSSES))
def test_what_was_lost_a_few_times_is_tried_and_forgotten_when_it_ends(
    begun: Begun, client: redis.Redis, times: int
) -> None:
    lost(client, times)
    assert asked(begun)
    assert client.keys() == []


def test_what_was_lost_too_often_is_refused_with_a_reason(begun: Begun, client: redis.Redis) -> None:
    lost(client, MOST_LOSSES)
    for _ in range(2):
        with pytest.raises(FatalError) as caught:
            asked(begun)
        assert caught.value.code is ErrorCode.WORKER_LOST
    assert client.zcard(NAME) == MOST_LOSSES


def test_a_failure_is_an_end(begun: Begun, client: redis.Redis) -> None:
    lost(client, MOST_LOSSES - 1)
    with pytest.raises(ValueError, match="whatever"), begun.question(NAME):
        raise ValueError("whatever")
    assert client.keys() == []


def test_any_number_may_be_under_way_for_any_time(client: redis.Redis) -> None:
    begun = Begun(client, lease_seconds=0.3)
    with ExitStack() as under_way:
        for _ in range(10):
            under_way.enter_context(begun.question(NAME))
        first = leases(client)
        wait_until(lambda: min(leases(client)) > max(first), 10, "leases renewed beyond the first")
        assert asked(begun)
        assert 0 < client.pttl(NAME) <= KEPT_SECONDS * 1000
    assert client.keys() == []
    wait_until(lambda: "begun" not in [t.name for t in threading.enumerate()], 10, "the thread's end")
    assert asked(begun)


def _dies_of_it(url: str) -> None:
    with redis.Redis.from_url(url) as client, Begun(client, lease_seconds=0.2).question(NAME):
        os.kill(os.getpid(), SIGKILL)


def test_a_process_that_ended_under_it_is_seen_by_the_others(
    begun: Begun, client: redis.Redis, redis_server: Redis
) -> None:
    spawn = multiprocessing.get_context("spawn")
    dying = [spawn.Process(target=_dies_of_it, args=(redis_server.url_of(8),)) for _ in range(MOST_LOSSES)]
    for process in dying:
        process.start()
    for process in dying:
        process.join(30)
        assert process.exitcode == -SIGKILL

    def over() -> bool:
        seconds, microseconds = client.time()
        now = seconds * 1000 + microseconds // 1000
        return client.zcount(NAME, "-inf", now) == MOST_LOSSES

    wait_until(over, 10, "the end of their leases")
    with pytest.raises(FatalError):
        asked(begun)


def test_without_redis_it_is_worked_on() -> None:
    with redis.Redis(port=free_port(), retry=Retry(NoBackoff(), 0)) as away:
        assert asked(Begun(away))
