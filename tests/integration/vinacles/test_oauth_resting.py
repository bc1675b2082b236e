"""A token URL that refuses is asked once, whoever wants a token, and not again for a while."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import redis

from schemas.dealer import Connection, Dealer, Secret
from tests.deadlines import soon
from tests.integration.vinacles.conftest import House
from tests.integration.vinacles.stored_tokens import lives_on
from tests.unit.vinacles.bad_server import BadServer, Exchange, Manners, one_after_another
from worker.errors import ConfigurationError, TwoDriveError, VinaclesUnavailable
from worker.vinacles.bulk import BulkReader

REFUSED: Manners = lambda e: e.error(401)  # noqa: E731  one line, like the one below
THROTTLED: Manners = lambda e: e.error(429, Retry_After="60")  # noqa: E731  as above
REFUSALS = pytest.mark.parametrize(
    ("manners", "kind"), [(REFUSED, ConfigurationError), (THROTTLED, VinaclesUnavailable)]
)


def marks(client: redis.Redis) -> list[bytes]:
    return list(client.scan_iter(match="*:resting"))


@REFUSALS
def test_a_refresh_and_a_bulk_page_ask_once(
    house: House, dealer: Dealer, server: BadServer, manners: Manners, kind: type[TwoDriveError]
) -> None:
    server.login = manners
    for ask in (house.vinacles.by_dms_numbers, BulkReader(house.client).by_numbers):
        house.redis_client.flushdb()
        server.requests.clear()
        with pytest.raises(kind):
            ask(dealer, [1, 2], soon())
        assert len(server.logins) == len(server.requests) == 1


@REFUSALS
def test_those_who_wait_for_the_answer_do_not_ask_after_it(
    house: House, connection: Connection, server: BadServer, manners: Manners, kind: type[TwoDriveError]
) -> None:
    start = threading.Barrier(8)

    def slow(exchange: Exchange) -> None:
        start.wait(10)
        manners(exchange)

    def want() -> TwoDriveError:
        start.wait(10)
        with pytest.raises(kind) as caught:
            house.tokens.get(connection, soon())
        return caught.value

    server.login = one_after_another(slow, manners)
    with ThreadPoolExecutor(7) as pool:
        asking = [pool.submit(house.tokens.get, connection, soon())]
        others = [pool.submit(want) for _ in range(6)]
        start.wait(10)
        assert isinstance(asking[0].exception(20), kind)
        errors = [future.result() for future in others]
    assert len(server.logins) == 1
    for error in errors:
        if isinstance(error, VinaclesUnavailable):
            assert error.retry_after_seconds is not None
            assert 50 < error.retry_after_seconds <= 60


@REFUSALS
def test_it_is_asked_again_when_the_rest_is_over(
    house: House,
    connection: Connection,
    server: BadServer,
    redis_client: redis.Redis,
    manners: Manners,
    kind: type[TwoDriveError],
) -> None:
    server.login = one_after_another(manners, server.issue)
    for _ in range(3):
        with pytest.raises(kind):
            house.tokens.get(connection, soon())
    assert len(server.logins) == 1
    [mark] = marks(redis_client)
    assert redis_client.pttl(mark) > 0
    redis_client.delete(mark)
    assert house.tokens.get(connection, soon()).access_token == Secret("token-1")


@pytest.mark.parametrize(
    "correct",
    [
        lambda login: replace(login, client_secret=Secret("another")),
        lambda login: replace(login, token_url=login.token_url.replace("127.0.0.1", "localhost")),
    ],
)
@REFUSALS
def test_what_was_corrected_is_asked_at_once(
    house: House,
    connection: Connection,
    server: BadServer,
    manners: Manners,
    kind: type[TwoDriveError],
    correct: Callable[[Connection], Connection],
) -> None:
    server.login = one_after_another(manners, server.issue)
    with pytest.raises(kind):
        house.tokens.get(connection, soon())
    assert house.tokens.get(correct(connection), soon()).access_token == Secret("token-1")


@REFUSALS
def test_an_operator_asks_whatever_it_said_and_ends_the_rest(
    house: House, dealer: Dealer, server: BadServer, manners: Manners, kind: type[TwoDriveError]
) -> None:
    server.login = manners
    for logins in (1, 2):
        with pytest.raises(kind):
            house.probing.log_in(dealer, soon())
        assert len(server.logins) == logins
    server.login = None
    house.probing.log_in(dealer, soon())
    assert marks(house.redis_client) == []
    assert house.tokens.get(dealer.connection, soon()).access_token == Secret("token-1")


@pytest.mark.parametrize("manners", [REFUSED, THROTTLED, lambda e: e.error(503), Exchange.cut])
def test_a_renewal_that_fails_is_not_tried_at_every_request(
    house: House, connection: Connection, server: BadServer, redis_client: redis.Redis, manners: Manners
) -> None:
    house.tokens.get(connection, soon())
    lives_on(redis_client, 299)
    server.login = manners
    for _ in range(5):
        assert house.tokens.get(connection, soon()).access_token == Secret("token-1")
    assert len(server.logins) == 2
    redis_client.delete(*marks(redis_client))
    server.login = None
    assert house.tokens.get(connection, soon()).access_token == Secret("token-2")


def test_without_a_token_a_failed_renewal_keeps_nobody_from_asking(
    house: House, connection: Connection, server: BadServer, redis_client: redis.Redis
) -> None:
    old = house.tokens.get(connection, soon())
    lives_on(redis_client, 299)
    server.login = one_after_another(lambda e: e.error(503), server.issue)
    assert house.tokens.get(connection, soon()) == replace(old, renewal_due=True)
    assert house.tokens.replace(connection, old, soon()).access_token == Secret("token-2")
