"""Whoever needs a token at the same time, one buys it and the others wait."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis
from cryptography.fernet import Fernet

from sandbox.services import Redis
from schemas.dealer import Connection, Secret
from tests.deadlines import soon
from tests.integration.vinacles.conftest import DATABASE, NAMING_KEY, House
from tests.integration.vinacles.stored_tokens import lives_on, the_name
from tests.unit.vinacles.bad_server import BadServer, Exchange
from worker.errors import (
    VinaclesUnavailable,
)
from worker.vinacles.oauth import TokenSource

ROOT = Path(__file__).parents[3]


def test_twenty_threads_that_start_at_once_buy_one_token(
    house: House, connection: Connection, server: BadServer
) -> None:
    start = threading.Barrier(20)

    def want() -> str:
        start.wait(10)
        return house.tokens.get(connection, soon()).access_token.reveal()

    with ThreadPoolExecutor(20) as pool:
        got = [future.result() for future in [pool.submit(want) for _ in range(20)]]
    assert got == ["token-1"] * 20
    assert len(server.logins) == 1


def test_processes_that_start_at_once_buy_one_token(
    server: BadServer, redis_client: redis.Redis, redis_server: Redis
) -> None:
    arguments = [redis_server.url_of(DATABASE), server.url, Fernet.generate_key().decode(), "5"]
    fleet = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.integration.vinacles.fleet", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in fleet:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in fleet:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    got = "".join(process.communicate(timeout=60)[0] for process in fleet)
    assert got.split() == ["token-1"] * 20
    assert len(server.logins) == 1


def test_while_the_old_token_is_good_one_renews_and_nobody_waits(
    house: House, connection: Connection, server: BadServer, redis_client: redis.Redis
) -> None:
    house.tokens.get(connection, soon())
    lives_on(redis_client, 299)
    asked, go_on = threading.Event(), threading.Event()

    def slow(exchange: Exchange) -> None:
        asked.set()
        go_on.wait(10)
        server.issue(exchange)

    server.login = slow
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(house.tokens.get, connection, soon())
        assert asked.wait(10)
        others = [house.tokens.get(connection, soon()).access_token.reveal() for _ in range(3)]
        assert not renewing.done()
        go_on.set()
        assert renewing.result().access_token == Secret("token-2")
    assert others == ["token-1"] * 3
    assert house.tokens.get(connection, soon()).access_token == Secret("token-2")
    assert len(server.logins) == 2


def test_somebody_elses_purchase_is_waited_for(
    house: House, connection: Connection, server: BadServer, redis_client: redis.Redis
) -> None:
    asked, go_on, waited = threading.Event(), threading.Event(), threading.Event()

    def slow(exchange: Exchange) -> None:
        asked.set()
        go_on.wait(10)
        server.issue(exchange)

    def sleep(_: float) -> None:
        waited.set()
        go_on.wait(10)

    server.login = slow
    patient = TokenSource(redis_client, house.cipher, NAMING_KEY, house.wire, sleep)
    with ThreadPoolExecutor(2) as pool:
        buying = pool.submit(house.tokens.get, connection, soon())
        assert asked.wait(10)
        waiting = pool.submit(patient.get, connection, soon())
        assert waited.wait(10)
        go_on.set()
        assert buying.result().access_token == waiting.result().access_token == Secret("token-1")
    assert len(server.logins) == 1


def _hold_lock(house: House, connection: Connection, client: redis.Redis, seconds: float) -> None:
    """As a buyer does that dies on the way."""
    house.tokens.get(connection, soon())
    name = the_name(client)
    client.delete(name)
    assert client.lock(name.decode() + ":lock", timeout=seconds).acquire(blocking=False)


def test_waiting_for_somebody_else_ends_with_the_deadline(
    house: House, connection: Connection, server: BadServer, redis_client: redis.Redis
) -> None:
    _hold_lock(house, connection, redis_client, 60)
    with pytest.raises(VinaclesUnavailable, match="in time"):
        house.tokens.get(connection, soon(0.2))
    assert len(server.logins) == 1


def test_the_lock_of_a_buyer_that_died_expires(
    house: House, connection: Connection, server: BadServer, redis_client: redis.Redis
) -> None:
    _hold_lock(house, connection, redis_client, 0.3)
    assert house.tokens.get(connection, soon()).access_token == Secret("token-2")


def test_the_buyers_lock_has_an_end_and_is_given_back(
    house: House, connection: Connection, server: BadServer, redis_client: redis.Redis
) -> None:
    left: list[int] = []

    def look(exchange: Exchange) -> None:
        left.extend(redis_client.pttl(name) for name in redis_client.scan_iter(match="*:lock"))
        server.issue(exchange)

    server.login = look
    house.tokens.get(connection, soon())
    assert len(left) == 1
    assert 10_000 < left[0] <= 12_000
    assert list(redis_client.scan_iter(match="*:lock")) == []


def test_a_lock_that_was_lost_meanwhile_does_no_harm(
    house: House, connection: Connection, server: BadServer, redis_client: redis.Redis
) -> None:
    def too_slow(exchange: Exchange) -> None:
        for name in redis_client.scan_iter(match="*:lock"):
            redis_client.set(name, b"somebody else's")
        server.issue(exchange)

    server.login = too_slow
    assert house.tokens.get(connection, soon()).access_token == Secret("token-1")
    [name] = redis_client.scan_iter(match="*:lock")
    assert redis_client.get(name) == b"somebody else's"


def test_who_comes_second_to_the_lock_finds_the_token(
    house: House, connection: Connection, server: BadServer, redis_client: redis.Redis
) -> None:
    """Between its look and its turn, somebody else has bought and released."""

    class Slow:
        """Redis, but before the first lock is given somebody else buys."""

        def __init__(self) -> None:
            self.bought = False

        def __getattr__(self, name: str) -> object:
            if name == "lock" and not self.bought:
                self.bought = True
                house.tokens.get(connection, soon())
            return getattr(redis_client, name)

    late = TokenSource(Slow(), house.cipher, NAMING_KEY, house.wire)  # type: ignore[arg-type]  # it stands in for Redis
    assert late.get(connection, soon()).access_token == Secret("token-1")
    assert len(server.logins) == 1
