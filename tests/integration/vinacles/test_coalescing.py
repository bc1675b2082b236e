"""Ten who ask the same are one question and ten answers."""

import multiprocessing
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from multiprocessing.synchronize import Event

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sandbox.processes import free_port
from sandbox.services import Redis
from tests.deadlines import soon
from tests.integration.vinacles.conftest import DATABASE
from worker.coalescing import Coalescer
from worker.errors import VinaclesUnavailable

KEY = b"the fleet's"


def turn_of(coalescer: Coalescer) -> str:
    return f"{coalescer.name_of('a')}:turn"


class Waiting:
    """A sleep that tells when somebody waits."""

    def __init__(self, parties: int) -> None:
        self.waiting: set[int] = set()
        self.parties, self.all = parties, threading.Event()

    def __call__(self, seconds: float) -> None:
        self.waiting.add(threading.get_ident())
        if len(self.waiting) == self.parties:
            self.all.set()
        threading.Event().wait(seconds)


def test_ten_ask_and_one_works(redis_client: redis.Redis) -> None:
    waiting = Waiting(9)
    coalescer = Coalescer(redis_client, KEY, waiting)
    worked: list[bytes] = []

    def work() -> bytes:
        assert waiting.all.wait(20)
        worked.append(b"the answer")
        return b"the answer"

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: coalescer.once("5:refresh", work, soon(), 3.0), range(10)))
    assert (answers, worked) == ([b"the answer"] * 10, [b"the answer"])
    assert redis_client.keys() == [coalescer.name_of("5:refresh").encode()]


def test_an_answer_is_kept_for_a_while_and_an_empty_one_too(redis_client: redis.Redis) -> None:
    coalescer = Coalescer(redis_client, KEY)
    assert coalescer.once("a", lambda: b"", soon(), keep_seconds=60) == b""
    assert coalescer.once("a", lambda: b"later", soon(), 3.0) == b""
    assert redis_client.keys() == [coalescer.name_of("a").encode()]
    assert coalescer.once("b", lambda: b"another", soon(), 3.0) == b"another"
    assert 0 < redis_client.pttl(coalescer.name_of("a")) <= 60_000
    redis_client.delete(coalescer.name_of("a"))
    assert coalescer.once("a", lambda: b"later", soon(), 3.0) == b"later"


def test_a_turn_outlasts_its_lease_while_its_holder_lives(redis_client: redis.Redis) -> None:
    coalescer = Coalescer(redis_client, KEY, lease_seconds=3)

    def work() -> bytes:
        for _ in range(4):
            await_renewal(redis_client, turn_of(coalescer))
        with pytest.raises(VinaclesUnavailable, match="in time"):
            coalescer.once("a", lambda: b"second", soon(0.1), 3.0)
        return b"first"

    assert coalescer.once("a", work, soon(), 3.0) == b"first"
    assert coalescer.once("a", lambda: b"second", soon(), 3.0) == b"first"


def await_renewal(client: redis.Redis, name: str) -> None:
    """Return once the time that the turn still has grows."""
    left = client.pttl(name)
    while (now := client.pttl(name)) <= left:
        assert now > 0
        left = now


def test_who_dies_is_replaced(redis_client: redis.Redis, redis_server: Redis) -> None:
    context = multiprocessing.get_context("spawn")
    told = context.Event()
    holder = context.Process(target=hold, args=(redis_server.url_of(DATABASE), told))
    holder.start()
    assert told.wait(60)
    holder.kill()
    holder.join()
    assert redis_client.exists(turn_of(Coalescer(redis_client, KEY)))
    assert Coalescer(redis_client, KEY).once("a", lambda: b"the next", soon(), 3.0) == b"the next"


def hold(url: str, told: Event) -> None:
    def work() -> bytes:
        told.set()
        threading.Event().wait()
        return b"never"

    Coalescer(redis.Redis.from_url(url), KEY, lease_seconds=3).once("a", work, soon(), 3.0)


def test_a_failure_is_told_to_its_own_caller_and_the_next_takes_over(redis_client: redis.Redis) -> None:
    waiting = Waiting(1)
    coalescer, begun = Coalescer(redis_client, KEY, waiting), threading.Event()

    def fail() -> bytes:
        begun.set()
        assert waiting.all.wait(20)
        raise KeyError

    def next_one() -> bytes:
        assert begun.wait(20)
        return coalescer.once("a", lambda: b"the next", soon(), 3.0)

    with ThreadPoolExecutor(2) as pool:
        failing = pool.submit(coalescer.once, "a", fail, soon(), 3.0)
        following = pool.submit(next_one)
        assert following.result() == b"the next"
        with pytest.raises(KeyError):
            failing.result()


def test_a_turn_that_was_lost_is_not_given_back_for_its_new_holder(redis_client: redis.Redis) -> None:
    coalescer = Coalescer(redis_client, KEY)

    def robbed() -> bytes:
        redis_client.set(turn_of(coalescer), "somebody else")
        return b"mine"

    assert coalescer.once("a", robbed, soon(), 3.0) == b"mine"
    assert redis_client.get(turn_of(coalescer)) == b"somebody else"


def test_with_redis_away_everybody_works_alone() -> None:
    with redis.Redis(port=free_port(), retry=Retry(NoBackoff(), 0)) as unreachable:
        assert Coalescer(unreachable, KEY).once("a", lambda: b"alone", soon(), 3.0) == b"alone"


def test_redis_may_go_away_while_somebody_works(redis_client: redis.Redis) -> None:
    coalescer = Coalescer(redis_client, KEY)

    def work() -> bytes:
        coalescer._redis = redis.Redis(port=free_port(), retry=Retry(NoBackoff(), 0))
        return b"mine"

    assert coalescer.once("a", work, soon(), 3.0) == b"mine"
    coalescer._redis.close()


def test_names_in_redis_tell_nothing_without_the_key(redis_client: redis.Redis) -> None:
    Coalescer(redis_client, KEY).once("search/12/12-BDF-3", lambda: b"", soon(), keep_seconds=60)
    (found,) = redis_client.keys()
    assert isinstance(found, bytes)
    name = found.decode()
    assert re.fullmatch(r"twodrive:once:[0-9a-f]{64}", name)
    assert name != Coalescer(redis_client, b"another").name_of("search/12/12-BDF-3")
    assert sha256(b"search/12/12-BDF-3").hexdigest() not in name


def test_an_answer_and_a_turn_from_before_the_clock_was_set_back_are_forgotten(
    redis_client: redis.Redis,
) -> None:
    """Redis would keep both for as long as it was set back."""
    coalescer, hour = Coalescer(redis_client, KEY), 3_600_000
    redis_client.set(coalescer.name_of("a"), b"old", px=hour)
    redis_client.set(turn_of(coalescer), "somebody who died", px=hour)
    assert coalescer.once("a", lambda: b"new", soon(), 3.0) == b"new"


def test_with_redis_away_it_may_be_done_in_another_way(unreachable: redis.Redis) -> None:
    coalescer = Coalescer(unreachable, KEY)
    assert coalescer.once("a", lambda: b"work", soon(), 3, lambda: b"without") == b"without"
    assert coalescer.once("a", lambda: b"work", soon(), 3.0) == b"work"
