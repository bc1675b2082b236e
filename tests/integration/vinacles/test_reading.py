"""Pages: continued, refused, halved."""

from contextlib import closing

import pytest

from schemas.vinacles import CONTACT, WORKORDER
from tests.integration.vinacles.conftest import House
from tests.unit.vinacles.bad_server import BadServer, Exchange, one_after_another
from worker.errors import VinaclesRefused
from worker.vinacles.client import Asking
from worker.vinacles.query import eq
from worker.vinacles.reading import Query, read_rows

QUERY = Query(CONTACT, eq("WorkorderId", 1), ("Role desc",))
SELECT = "WorkorderId,Role,LastName,PhoneBusiness,EmailBusiness"


def test_pages_are_continued_on_our_own_url(house: House, asking: Asking, server: BadServer) -> None:
    with closing(BadServer()) as foreign:
        server.api = one_after_another(
            lambda e: e.rows({"a": 1}, next_link=f"{foreign.url}/api/Other?%24first=1&$after=a%2Bb%3D"),
            lambda e: e.error(503),
            lambda e: e.rows({"a": 2}, next_link="/api/WorkorderContact?$after=c+d="),
            lambda e: e.rows(),
        )
        before = asking.deadline.clock()
        read = read_rows(house.client, asking, QUERY)
        assert foreign.requests == []
    assert (read.entity, read.rows, asking.tally.requests) == (CONTACT, ({"a": 1}, {"a": 2}), 4)
    assert before <= read.started_at <= asking.deadline.clock()
    assert {request.path for request in server.asked} == {"/api/WorkorderContact"}
    wanted = {"$select": SELECT, "$filter": "WorkorderId eq 1", "$orderby": "Role desc"}
    assert [request.options for request in server.asked] == [
        wanted,
        wanted | {"$after": "a+b="},
        wanted | {"$after": "a+b="},
        wanted | {"$after": "c+d="},
    ]
    assert server.asked[1].target.endswith("&$after=a%2Bb%3D")


def test_the_start_is_that_of_the_first_page_that_succeeded(
    house: House, asking: Asking, server: BadServer
) -> None:
    reached: list[float] = []

    def api(exchange: Exchange) -> None:
        reached.append(asking.deadline.clock())
        first, second = len(reached) == 1, len(reached) == 2
        if first:
            exchange.error(503)
        else:
            exchange.rows(next_link="?$after=a" if second else None)

    server.api = api
    read = read_rows(house.client, asking, QUERY)
    assert reached[0] < read.started_at <= reached[1]


def test_enough_is_enough(house: House, asking: Asking, server: BadServer) -> None:
    pages = iter(range(10))
    server.api = lambda e: e.rows({"a": 1}, {"a": 2}, next_link=f"?$after={next(pages)}")
    read = read_rows(house.client, asking, QUERY, lambda rows: len(rows) > 3)
    assert (len(read.rows), asking.tally.requests) == (4, 2)


def test_a_repeating_link_is_refused(house: House, asking: Asking, server: BadServer) -> None:
    server.api = lambda e: e.rows({"a": 1}, next_link="https://x.example/?$after=same")
    with pytest.raises(VinaclesRefused, match="already"):
        read_rows(house.client, asking, QUERY)
    assert len(server.asked) == 2


def test_a_page_too_big_is_halved_and_reading_goes_on(
    house: House, asking: Asking, server: BadServer
) -> None:
    too_big = [False, True, True, False, False]

    def api(exchange: Exchange) -> None:
        number = len(server.asked)
        if too_big[number - 1]:
            exchange.error(413)
        else:
            exchange.rows({"a": number}, next_link=f"?$after=p{number}" if number < 5 else None)

    server.api = api
    read = read_rows(house.client, asking, QUERY)
    assert read.rows == ({"a": 1}, {"a": 4}, {"a": 5})
    asked = [(request.options.get("$first"), request.options.get("$after")) for request in server.asked]
    assert asked == [(None, None), (None, "p1"), ("50", "p1"), ("25", "p1"), ("25", "p4")]
    assert house.slept == []


def test_halving_goes_on_below_the_servers_maximum(house: House, asking: Asking, server: BadServer) -> None:
    server.api = one_after_another(
        lambda e: e.error(413),
        *[lambda e: e.error(400)] * 2,
        lambda e: e.rows({"a": 1}, next_link="?$after=p1"),
        lambda e: e.error(400),
    )
    with pytest.raises(VinaclesRefused, match="HTTP 400"):
        read_rows(house.client, asking, QUERY)
    asked = [request.options.get("$first") for request in server.asked]
    assert asked == [None, "50", "25", "12", "12"]


def test_halving_ends_at_one_row(house: House, asking: Asking, server: BadServer) -> None:
    server.api = lambda e: e.error(413)
    with pytest.raises(VinaclesRefused, match="one row at a time"):
        read_rows(house.client, asking, Query(WORKORDER, first=10))
    assert [request.options["$first"] for request in server.asked] == ["10", "5", "2", "1"]


@pytest.mark.parametrize("body", [b"{}", b'{"value": {}}', b'{"value": [1]}'])
def test_a_page_of_another_shape_is_asked_few_times(
    house: House, asking: Asking, server: BadServer, body: bytes
) -> None:
    odd = [lambda e: e.reply(200, body, "application/json")] * 2
    server.api = one_after_another(*odd, lambda e: e.rows({"a": 1}))
    read_rows(house.client, asking, QUERY)
    assert asking.tally.requests == 3
