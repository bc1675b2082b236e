"""One token for the whole fleet."""

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
import redis
from cryptography.fernet import Fernet, MultiFernet
from redis.backoff import NoBackoff
from redis.retry import Retry

from sandbox.processes import free_port
from sandbox.services import Redis
from schemas.dealer import Connection, Secret
from tests.integration.vinacles.conftest import DATABASE, NAMING_KEY, House
from tests.unit.vinacles.bad_server import BadServer, Exchange, Manners, one_after_another
from worker.deadline import Deadline
from worker.errors import (
    ConfigurationError,
    ErrorCode,
    StorageUnavailable,
    TwoDriveError,
    VinaclesUnavailable,
)
from worker.vinacles.oauth import TokenSource
from worker.vinacles.wire import Wire, build_session

ROOT = Path(__file__).parents[3]


def soon(seconds: float = 20) -> Deadline:
    return Deadline.after(seconds)


def names(client: redis.Redis) -> list[bytes]:
    return sorted(name for name in client.scan_iter() if not name.endswith((b":lock", b":refused")))


def the_name(client: redis.Redis) -> bytes:
    [name] = names(client)
    return name


def lives_on(client: redis.Redis, seconds: float) -> None:
    """Let the token have only so much of its life left."""
    client.pexpire(the_name(client), int(seconds * 1000))


def test_one_login_serves_all_requests_and_is_encrypted_at_rest(
    house: House, connection: Connection, server: BadServer, redis_client: redis.Redis
) -> None:
    got = [house.tokens.get(connection, soon()).access_token.reveal() for _ in range(5)]
    assert got == ["token-1"] * 5
    assert len(server.logins) == 1
    name = the_name(redis_client)
    stored = redis_client.get(name)
    assert isinstance(stored, bytes)
    for secret in (b"token-1", b"s3cret", b"the id", b"the audience", b"127.0.0.1"):
        assert secret not in name
        assert secret not in stored
    # 86400 - 30, less the time of the call
    assert 86_300_000 < redis_client.pttl(name) <= 86_370_000


@pytest.mark.parametrize(
    "change",
    [
        lambda login: replace(login, token_url=login.token_url.replace("127.0.0.1", "localhost")),
        lambda login: replace(login, audience="another"),
        lambda login: replace(login, client_id="another"),
        lambda login: replace(login, client_secret=Secret("another")),
    ],
)
def test_a_changed_login_takes_effect_at_once(
    house: House, connection: Connection, server: BadServer, change: Callable[[Connection], Connection]
) -> None:
    assert house.tokens.get(connection, soon()).access_token == Secret("token-1")
    assert house.tokens.get(change(connection), soon()).access_token == Secret("token-2")


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


@pytest.mark.parametrize("manners", [lambda e: e.error(503), lambda e: e.error(401), Exchange.cut])
def test_a_good_token_outlives_a_failure_to_renew_it(
    house: House, connection: Connection, server: BadServer, redis_client: redis.Redis, manners: Manners
) -> None:
    house.tokens.get(connection, soon())
    lives_on(redis_client, 299)
    server.login = manners
    assert house.tokens.get(connection, soon()).access_token == Secret("token-1")
    assert len(server.logins) == 2


def test_an_expired_token_is_replaced(
    house: House, connection: Connection, server: BadServer, redis_client: redis.Redis
) -> None:
    house.tokens.get(connection, soon())
    redis_client.delete(the_name(redis_client))
    assert house.tokens.get(connection, soon()).access_token == Secret("token-2")


def test_a_token_that_is_over_on_arrival_serves_once_and_is_not_kept(
    house: House, connection: Connection, server: BadServer, redis_client: redis.Redis
) -> None:
    server.login = lambda exchange: server.issue(exchange, expires_in=1)
    ticks = count(0, 2)  # two seconds from one look at the clock to the next
    deadline = Deadline(100, lambda: float(next(ticks)))
    assert house.tokens.get(connection, deadline).access_token == Secret("token-1")
    assert names(redis_client) == []


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

    late = TokenSource(Slow(), house.cipher, NAMING_KEY, house.wire)  # type: ignore[arg-type]
    assert late.get(connection, soon()).access_token == Secret("token-1")
    assert len(server.logins) == 1


def test_a_refused_token_is_dropped_once(house: House, connection: Connection, server: BadServer) -> None:
    old = house.tokens.get(connection, soon())
    got = [house.tokens.replace(connection, old, soon()).access_token.reveal() for _ in range(3)]
    assert got == ["token-2"] * 3
    assert len(server.logins) == 2


def test_when_a_fresh_token_was_refused_too_no_more_are_bought_for_a_while(
    house: House, connection: Connection, server: BadServer, redis_client: redis.Redis
) -> None:
    token = house.tokens.get(connection, soon())
    house.tokens.fresh_one_refused(connection)
    with pytest.raises(ConfigurationError) as caught:
        house.tokens.replace(connection, token, soon())
    assert caught.value.code is ErrorCode.VINACLES_LOGIN_FAILED
    assert len(server.logins) == 1
    [marker] = redis_client.scan_iter(match="*:refused")
    assert 0 < redis_client.ttl(marker) <= 30
    redis_client.delete(marker)
    assert house.tokens.replace(connection, token, soon()).access_token == Secret("token-2")


def test_keys_are_rotated(house: House, connection: Connection, server: BadServer) -> None:
    old, new = house.cipher, Fernet(Fernet.generate_key())

    def got_with(cipher: Fernet | MultiFernet) -> Secret:
        source = TokenSource(house.redis_client, cipher, NAMING_KEY, house.wire)
        return source.get(connection, soon()).access_token

    assert got_with(old) == got_with(MultiFernet([new, old])) == Secret("token-1")
    assert got_with(new) == Secret("token-2")  # what cannot be read is bought anew


def oversized(exchange: Exchange) -> None:
    exchange.json({"access_token": "t" * 2_000})


@pytest.mark.parametrize(
    ("manners", "kind", "code"),
    [
        (lambda e: e.error(400), ConfigurationError, ErrorCode.VINACLES_LOGIN_FAILED),
        (lambda e: e.error(401), ConfigurationError, ErrorCode.VINACLES_LOGIN_FAILED),
        (lambda e: e.error(403), ConfigurationError, ErrorCode.VINACLES_LOGIN_FAILED),
        (lambda e: e.error(404), ConfigurationError, ErrorCode.CONFIGURATION),
        (lambda e: e.error(302, Location="/x"), ConfigurationError, ErrorCode.CONFIGURATION),
        (lambda e: e.error(429), VinaclesUnavailable, ErrorCode.VINACLES_UNAVAILABLE),
        (lambda e: e.error(500), VinaclesUnavailable, ErrorCode.VINACLES_UNAVAILABLE),
        (Exchange.reset, VinaclesUnavailable, ErrorCode.VINACLES_UNAVAILABLE),
        (Exchange.reply, VinaclesUnavailable, ErrorCode.VINACLES_UNAVAILABLE),
        (lambda e: e.reply(200, b"<html>", "text/html"), VinaclesUnavailable, ErrorCode.VINACLES_UNAVAILABLE),
        (oversized, VinaclesUnavailable, ErrorCode.VINACLES_UNAVAILABLE),
    ],
)
def test_refusals_of_the_token_url(
    house: House,
    connection: Connection,
    server: BadServer,
    manners: Manners,
    kind: type[TwoDriveError],
    code: ErrorCode,
) -> None:
    server.login = manners
    with closing(Wire(build_session(1, allow_private=True), most_body_bytes=1_000)) as wire:
        source = TokenSource(house.redis_client, house.cipher, NAMING_KEY, wire)
        with pytest.raises(kind) as caught:
            source.get(connection, soon())
    assert caught.value.code is code
    assert "s3cret" not in repr(caught.value)
    assert names(house.redis_client) == []


def test_a_token_urls_retry_after_is_passed_on(
    house: House, connection: Connection, server: BadServer
) -> None:
    server.login = lambda exchange: exchange.error(429, Retry_After="7")
    with pytest.raises(VinaclesUnavailable) as caught:
        house.tokens.get(connection, soon())
    assert caught.value.retry_after_seconds == 7


def test_a_silent_token_url_ends_with_the_deadline(
    house: House, connection: Connection, server: BadServer
) -> None:
    server.login = Exchange.hang
    with pytest.raises(VinaclesUnavailable, match="in time"):
        house.tokens.get(connection, soon(0.3))


def test_without_redis_nothing_is_bought(house: House, connection: Connection, server: BadServer) -> None:
    with redis.Redis(port=free_port(), retry=Retry(NoBackoff(), 0)) as away:
        source = TokenSource(away, house.cipher, NAMING_KEY, house.wire)
        token = house.tokens.get(connection, soon())
        for call in (
            lambda: source.get(connection, soon()),
            lambda: source.replace(connection, token, soon()),
            lambda: source.fresh_one_refused(connection),
        ):
            with pytest.raises(StorageUnavailable):
                call()
    assert len(server.logins) == 1


def test_redis_away_between_buying_and_keeping_is_no_silent_success(
    house: House, connection: Connection, server: BadServer, redis_client: redis.Redis
) -> None:
    """Even where an old token is still good: the new one would be bought again and again."""
    house.tokens.get(connection, soon())
    lives_on(redis_client, 299)

    class Full:
        """Redis that takes no more keys."""

        def set(self, *_: object, **__: object) -> None:
            raise redis.exceptions.OutOfMemoryError

        def __getattr__(self, name: str) -> object:
            return getattr(redis_client, name)

    source = TokenSource(Full(), house.cipher, NAMING_KEY, house.wire)  # type: ignore[arg-type]
    with pytest.raises(StorageUnavailable):
        source.get(connection, soon())


def test_a_wrong_password_of_redis_is_for_an_operator(
    house: House, connection: Connection, redis_server: Redis, server: BadServer
) -> None:
    with redis.Redis(port=redis_server.port, password="wrong", retry=Retry(NoBackoff(), 0)) as stranger:
        source = TokenSource(stranger, house.cipher, NAMING_KEY, house.wire)
        with pytest.raises(ConfigurationError, match="TWODRIVE_STATE_URL"):
            source.get(connection, soon())
    assert server.requests == []


def test_a_garbled_entry_is_bought_anew(
    house: House, connection: Connection, server: BadServer, redis_client: redis.Redis
) -> None:
    house.tokens.get(connection, soon())
    redis_client.set(the_name(redis_client), b"garbled", keepttl=True)
    assert house.tokens.get(connection, soon()).access_token == Secret("token-2")


def test_login_retries_with_the_request(house: House, connection: Connection, server: BadServer) -> None:
    server.login = one_after_another(lambda e: e.error(503), lambda e: e.error(503), server.issue)
    for _ in range(2):
        with pytest.raises(VinaclesUnavailable):
            house.tokens.get(connection, soon())
    assert house.tokens.get(connection, soon()).access_token == Secret("token-1")
