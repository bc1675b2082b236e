"""A token URL that refuses or is silent, and a Redis that is away."""

from contextlib import closing

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sandbox.processes import free_port
from sandbox.services import Redis
from schemas.dealer import Connection, Secret
from tests.deadlines import soon
from tests.integration.vinacles.conftest import NAMING_KEY, House
from tests.integration.vinacles.stored_tokens import lives_on, names
from tests.unit.vinacles.bad_server import BadServer, Exchange, Manners, one_after_another
from worker.errors import (
    ConfigurationError,
    ErrorCode,
    StorageUnavailable,
    TwoDriveError,
    VinaclesUnavailable,
)
from worker.vinacles.oauth import TokenSource
from worker.vinacles.wire import Wire, build_session


def oversized(exchange: Exchange) -> None:
    exchange.json({"access_token": "t" * 20_000})


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
    with closing(Wire(build_session(1, allow_private=True))) as wire:
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
            lambda: source.fresh_one_refused(connection, token),
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

    source = TokenSource(Full(), house.cipher, NAMING_KEY, house.wire)  # type: ignore[arg-type]  # it stands in for Redis
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


def test_login_retries_with_the_request(house: House, connection: Connection, server: BadServer) -> None:
    server.login = one_after_another(lambda e: e.error(503), lambda e: e.error(503), server.issue)
    for _ in range(2):
        with pytest.raises(VinaclesUnavailable):
            house.tokens.get(connection, soon())
    assert house.tokens.get(connection, soon()).access_token == Secret("token-1")
