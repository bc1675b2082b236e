"""A Vinacles that asks to be left alone for longer than a question can wait is left alone by everybody."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sandbox.processes import free_port
from schemas.dealer import Dealer
from schemas.vinacles import WORKORDER
from tests.deadlines import soon
from tests.integration.vinacles.conftest import House
from tests.unit.vinacles.bad_server import BadServer, Exchange, one_after_another
from worker.errors import ErrorCode, VinaclesUnavailable
from worker.limits import Limits
from worker.retry import RetryRule
from worker.vinacles.client import Asking, Client
from worker.vinacles.probing import Probing

MARK = "twodrive:limit:{5}:rest"


@pytest.fixture
def client(house: House) -> Client:
    """As the wiring builds it, but impatient: no retry really waits."""
    return client_with(house, house.redis_client)


def client_with(house: House, redis_client: redis.Redis) -> Client:
    limits, rule = Limits(redis_client), RetryRule()
    return Client(
        house.wire, house.tokens, rule, sleep=house.slept.append, gate=limits.gate, rests=limits.rest
    )


def asks(client: Client, dealer: Dealer, *, interactive: bool = True) -> None:
    client.get(Asking(dealer.connection, soon(), dealer=dealer, interactive=interactive), "/api/X", dict)


def refused(client: Client, dealer: Dealer, *, interactive: bool = True) -> VinaclesUnavailable:
    with pytest.raises(VinaclesUnavailable) as caught:
        asks(client, dealer, interactive=interactive)
    return caught.value


@pytest.mark.parametrize("status", [429, 503])
def test_nobody_asks_until_then_and_everybody_is_told_when(
    client: Client, dealer: Dealer, server: BadServer, redis_client: redis.Redis, status: int
) -> None:
    server.api = lambda e: e.error(status, Retry_After="60")
    refused(client, dealer)
    for interactive in (True, False):
        error = refused(client, dealer, interactive=interactive)
        assert error.code is ErrorCode.VINACLES_UNAVAILABLE
        assert re.search(r"asked not to be asked again before [0-2]\d:[0-5]\d:[0-5]\d\.", error.text)
        assert error.retry_after_seconds is not None
        assert 50 < error.retry_after_seconds <= 60
        # Nobody was asked, so nothing is said about Vinacles.
        assert error.trouble is None
    assert len(server.asked) == 1
    server.api = Exchange.rows
    asks(client, replace(dealer, dealer_id=6))
    redis_client.delete(MARK)
    asks(client, dealer)


def test_it_is_not_believed_for_more_than_five_minutes(
    client: Client, dealer: Dealer, server: BadServer, redis_client: redis.Redis
) -> None:
    server.api = lambda e: e.error(429, Retry_After="86400")
    refused(client, dealer)
    assert 290 < redis_client.ttl(MARK) <= 300


def test_what_a_question_can_wait_for_itself_is_nobody_elses_matter(
    client: Client, house: House, dealer: Dealer, server: BadServer, redis_client: redis.Redis
) -> None:
    server.api = one_after_another(lambda e: e.error(429, Retry_After="3"), Exchange.rows)
    asks(client, dealer)
    assert (len(house.slept), redis_client.exists(MARK)) == (1, 0)


def test_a_rest_that_ends_in_time_is_waited_for(
    client: Client, dealer: Dealer, server: BadServer, redis_client: redis.Redis
) -> None:
    redis_client.set(MARK, b"1", px=300)
    asks(client, dealer)
    assert (len(server.asked), redis_client.exists(MARK)) == (1, 0)


def test_an_operator_asks_at_once_and_an_answer_ends_it(
    client: Client, dealer: Dealer, server: BadServer, redis_client: redis.Redis
) -> None:
    server.api = lambda e: e.error(429, Retry_After="60")
    refused(client, dealer)
    probing = Probing(client)
    with pytest.raises(VinaclesUnavailable):
        probing.probe(dealer, WORKORDER, soon())
    assert (len(server.asked), redis_client.exists(MARK)) == (2, 1)
    # The daily look at what is listed is nobody who insists.
    with pytest.raises(VinaclesUnavailable, match="asked not to be asked"):
        probing.openapi(dealer, soon(), interactive=False)
    server.api = Exchange.rows
    probing.probe(dealer, WORKORDER, soon())
    asks(client, dealer)
    assert len(server.asked) == 4


@pytest.fixture
def away() -> Iterator[redis.Redis]:
    with redis.Redis(port=free_port(), retry=Retry(NoBackoff(), 0)) as client:
        yield client


def test_without_redis_each_finds_out(
    house: House, dealer: Dealer, server: BadServer, away: redis.Redis
) -> None:
    lonely = client_with(house, away)
    server.api = lambda e: e.error(429, Retry_After="60")
    for _ in range(2):
        with suppress(VinaclesUnavailable):
            asks(lonely, dealer)
    assert len(server.asked) == 2
