"""A name server that says nothing of one dealer's login: whoever waits is told in time, others are served."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from schemas.dealer import Dealer
from tests.deadlines import soon
from tests.integration.vinacles.conftest import House
from tests.integration.vinacles.found_rows import header, rows
from tests.unit.vinacles.bad_server import BadServer, by_entity
from worker.deadline import Deadline
from worker.errors import VinaclesUnavailable
from worker.retry import RetryRule
from worker.vinacles.bulk import BulkReader, HeaderPage
from worker.vinacles.client import Client
from worker.vinacles.oauth import TokenSource
from worker.vinacles.wire import Wire, build_session
from worker.vinacles.workorders import Vinacles

_SILENT = "login.localhost"


@dataclass
class Place:
    """The station with two threads, and a name server that is silent about one name until `speaks` is set."""

    house: House
    speaks: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        wire = Wire(build_session(4, allow_private=True, lookup=self.lookup))
        tokens = TokenSource(self.house.redis_client, self.house.cipher, b"naming key", wire)
        self.client = Client(wire, tokens, RetryRule(), jitter=lambda: 0.0)
        self.vinacles, self.bulk = Vinacles(self.client, 2), BulkReader(self.client)

    def lookup(self, host: str, port: int) -> list[tuple[Any, ...]]:
        if host == _SILENT:
            self.speaks.wait(60)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    def close(self) -> None:
        self.speaks.set()
        self.vinacles.close()


@pytest.fixture
def place(house: House) -> Iterator[Place]:
    with closing(Place(house)) as place:
        yield place


def _refresh(place: Place, dealer: Dealer, deadline: Deadline) -> Any:
    return place.vinacles.by_dms_numbers(dealer, [7], deadline)


def _page(place: Place, dealer: Dealer, deadline: Deadline) -> Any:
    return place.bulk.belongings(dealer, HeaderPage((header(7),), False, 7, None, 1, 0.0), deadline)


@pytest.mark.parametrize("ask", [_refresh, _page])
def test_whoever_asks_for_a_token_is_told_in_time(
    place: Place, dealer: Dealer, server: BadServer, ask: Callable[[Place, Dealer, Deadline], Any]
) -> None:
    # Given a dealer whose token URL has a name that no name server speaks of
    server.api = by_entity(Workorder=rows(header(7)), WorkorderLine=rows(), WorkorderContact=rows())
    login = dealer.connection.token_url.replace("127.0.0.1", _SILENT)
    silent = replace(dealer, connection=replace(dealer.connection, token_url=login))
    # When somebody waits, by a thread of their own
    deadline = Deadline.after(0.8)
    with pytest.raises(VinaclesUnavailable, match="in time"):
        ask(place, silent, deadline)
    # Then that ends with their time, and nobody's turn to buy a token stays behind
    assert deadline.clock() - deadline.at < 3
    assert list(place.house.redis_client.scan_iter("*:lock")) == []
    # And another dealer is served by the same station
    ask(place, replace(dealer, dealer_id=6), soon())
    assert len(server.logins) == 1
    # And when the name server speaks, so is this one
    place.speaks.set()
    ask(place, silent, soon())
    assert len(server.logins) == 2
