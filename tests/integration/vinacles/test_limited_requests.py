"""Requests of a station keep to the limits of their dealer."""

import threading
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import redis

from schemas.dealer import Dealer
from tests.deadlines import soon
from tests.integration.vinacles.conftest import House
from tests.unit.vinacles.bad_server import BadServer, Exchange
from worker.limits import Limits
from worker.retry import RetryRule
from worker.vinacles.bulk import BulkReader
from worker.vinacles.client import Asking, Client
from worker.vinacles.workorders import Vinacles

ROOT = Path(__file__).parents[3]


#: A rate that never stands in the way.
FAST = 10_000.0


def test_requests_of_a_station_keep_to_their_dealers_limits(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    """A search may ask five times at once; a dealer that allows two never sees three."""
    lock, present, most = threading.Lock(), [0], [0]
    second = threading.Event()

    def api(exchange: Exchange) -> None:
        with lock:
            present[0] += 1
            most[0] = max(most[0], present[0])
            if present[0] == 2:
                second.set()
        arrived = second.wait(10)
        with lock:
            present[0] -= 1
        exchange.rows() if arrived else exchange.error(400)

    server.api = api
    limits = Limits(house.redis_client)
    gated: list[Asking] = []

    def gate(asking: Asking) -> AbstractContextManager[object]:
        gated.append(asking)
        return limits.gate(asking)

    client = Client(house.wire, house.tokens, RetryRule(), gate=gate)
    narrow = replace(dealer, requests_per_second=FAST, concurrent_requests=2)
    station = Vinacles(client, 16)
    requests = station.by_dms_numbers(narrow, list(range(1, 60)), soon()).requests
    assert most == [2]
    assert len(gated) >= requests > 5
    wider = replace(narrow, concurrent_requests=3)
    BulkReader(client).by_numbers(wider, range(1, 2_000_000, 5_000), soon())
    assert most == [2]
    station._threads.shutdown()


def test_who_asks_for_no_dealer_is_not_counted(
    limits: Limits, asking: Asking, redis_client: redis.Redis
) -> None:
    with limits.gate(asking):
        assert redis_client.keys() == []
