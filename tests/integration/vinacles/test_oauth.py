"""One token for the whole fleet."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest
import redis
from cryptography.fernet import Fernet, MultiFernet

from schemas.dealer import Connection, Secret
from tests.deadlines import soon
from tests.integration.vinacles.conftest import NAMING_KEY, House
from tests.integration.vinacles.stored_tokens import lives_on, names, the_name
from tests.unit.vinacles.bad_server import BadServer, Exchange, Manners
from worker.deadline import Deadline
from worker.errors import (
    ConfigurationError,
    ErrorCode,
)
from worker.vinacles.oauth import TokenSource


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
    ticks = count(0, 1.2)  # more than the token lives from one look at the clock to the next
    deadline = Deadline(100, lambda: float(next(ticks)))
    assert house.tokens.get(connection, deadline).access_token == Secret("token-1")
    assert names(redis_client) == []


def test_a_refused_token_is_dropped_once(house: House, connection: Connection, server: BadServer) -> None:
    old = house.tokens.get(connection, soon())
    got = [house.tokens.replace(connection, old, soon()).access_token.reveal() for _ in range(3)]
    assert got == ["token-2"] * 3
    assert len(server.logins) == 2


def test_when_a_fresh_token_was_refused_too_no_more_are_bought_for_a_while(
    house: House, connection: Connection, server: BadServer, redis_client: redis.Redis
) -> None:
    token = house.tokens.get(connection, soon())
    house.tokens.fresh_one_refused(connection, token)
    with pytest.raises(ConfigurationError) as caught:
        house.tokens.replace(connection, token, soon())
    assert caught.value.code is ErrorCode.VINACLES_LOGIN_FAILED
    assert len(server.logins) == 1
    [marker] = redis_client.scan_iter(match="*:refused")
    assert 0 < redis_client.ttl(marker) <= 30
    redis_client.delete(marker)
    assert house.tokens.replace(connection, token, soon()).access_token == Secret("token-2")


def test_a_newer_token_than_the_refused_one_may_be_replaced(
    house: House, connection: Connection, server: BadServer, redis_client: redis.Redis
) -> None:
    first = house.tokens.get(connection, soon())
    house.tokens.fresh_one_refused(connection, first)
    # Somebody bought another meanwhile: the first was over, or an operator gave it up.
    redis_client.delete(the_name(redis_client))
    second = house.tokens.get(connection, soon())
    assert house.tokens.replace(connection, first, soon()) == second
    assert house.tokens.replace(connection, second, soon()).access_token == Secret("token-3")


def test_keys_are_rotated(house: House, connection: Connection, server: BadServer) -> None:
    old, new = house.cipher, Fernet(Fernet.generate_key())

    def got_with(cipher: Fernet | MultiFernet) -> Secret:
        source = TokenSource(house.redis_client, cipher, NAMING_KEY, house.wire)
        return source.get(connection, soon()).access_token

    assert got_with(old) == got_with(MultiFernet([new, old])) == Secret("token-1")
    assert got_with(new) == Secret("token-2")  # what cannot be read is bought anew


def test_a_garbled_entry_is_bought_anew(
    house: House, connection: Connection, server: BadServer, redis_client: redis.Redis
) -> None:
    house.tokens.get(connection, soon())
    redis_client.set(the_name(redis_client), b"garbled", keepttl=True)
    assert house.tokens.get(connection, soon()).access_token == Secret("token-2")
