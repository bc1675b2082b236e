"""Workorders that are known by their numbers: one round trip, whatever a request or a thread costs."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from schemas.dealer import Dealer
from schemas.vinacles import RawWorkorder
from tests.deadlines import soon
from tests.integration.vinacles.conftest import House
from tests.integration.vinacles.found_rows import (
    SELECTED,
    Together,
    asked_of,
    contact,
    header,
    ids_in,
    line,
    rows,
    terms_of,
)
from tests.unit.vinacles.bad_server import BadServer, Exchange, by_entity, one_after_another
from worker.deadline import Deadline
from worker.errors import ConfigurationError, VinaclesUnavailable
from worker.vinacles.workorders import Vinacles


def test_known_numbers_take_one_round_trip(house: House, dealer: Dealer, server: BadServer) -> None:
    server.api = Together(3, rows())
    assert house.vinacles.by_dms_numbers(dealer, [7], soon()).requests == 3
    assert (len(server.asked), len(server.logins)) == (3, 1)


def test_known_numbers(house: House, dealer: Dealer, server: BadServer) -> None:
    server.api = by_entity(
        Workorder=rows(header(8), header(7), header(99), header(None), header(7, AffiliateId=9)),
        WorkorderLine=rows(line(7, 1), line(99, 2)),
        WorkorderContact=rows(contact(8, "Owner")),
    )
    deadline = soon()
    before = deadline.clock()
    page = house.vinacles.by_dms_numbers(replace(dealer, affiliates=(1,)), [7, 8, 7, 6], deadline, "r")
    assert page.workorders == (
        RawWorkorder(header(8), (), (contact(8, "Owner"),)),
        RawWorkorder(header(7), (line(7, 1),), ()),
    )
    assert (page.truncated, page.requests) == (False, 3)
    assert before <= page.requested_at <= deadline.clock()
    numbers = "(WorkorderId eq 7 or WorkorderId eq 8 or WorkorderId eq 6)"
    [options] = asked_of(server, "Workorder")
    assert options == {"$select": SELECTED["Workorder"], "$filter": f"({numbers} and AffiliateId eq 1)"}
    assert [options["$filter"] for options in asked_of(server, "WorkorderLine")] == [numbers]


def test_no_numbers_are_no_question(house: House, dealer: Dealer, server: BadServer) -> None:
    page = house.vinacles.by_dms_numbers(dealer, [], soon())
    assert (page.workorders, page.requests, server.requests) == ((), 0, [])


def test_many_numbers_are_asked_in_request_lines_that_servers_take(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    numbers = [2**53 - 1 - place for place in range(300)]
    house.vinacles.by_dms_numbers(replace(dealer, affiliates=tuple(range(1, 40))), numbers, soon())
    for entity in SELECTED:
        asked = [key for options in asked_of(server, entity) for key in ids_in(options) if key > 1_000]
        assert sorted(asked) == sorted(numbers)
    # 7,000 less what `$first` and `$after` of a later page may take
    assert max(len(server.url + request.target) for request in server.asked) <= 5_500


def test_one_request_that_fails_for_good_ends_the_waiting_for_the_others(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    server.api = by_entity(
        Workorder=lambda e: e.error(403, "AuthorizationCheckFailed"),
        WorkorderLine=Exchange.hang,
        WorkorderContact=Exchange.hang,
    )
    deadline = Deadline.after(100)
    with pytest.raises(ConfigurationError):
        house.vinacles.by_dms_numbers(dealer, [7], deadline)
    assert deadline.remaining() > 0


def test_each_parallel_request_retries_by_itself(house: House, dealer: Dealer, server: BadServer) -> None:
    server.api = by_entity(
        Workorder=rows(header(7)),
        WorkorderLine=one_after_another(lambda e: e.error(503), Exchange.reset, rows(line(7, 1))),
        WorkorderContact=rows(contact(7, "Owner")),
    )
    page = house.vinacles.by_dms_numbers(dealer, [7], soon())
    assert page.workorders == (RawWorkorder(header(7), (line(7, 1),), (contact(7, "Owner"),)),)
    assert page.requests == 5


def test_the_page_is_as_old_as_its_oldest_answer(house: House, dealer: Dealer, server: BadServer) -> None:
    """The header fails first, so the lines' request, which did not, is the oldest."""
    deadline = soon()
    reached: dict[str, float] = {}
    lines_asked = threading.Event()

    def lines(exchange: Exchange) -> None:
        reached["lines"] = deadline.clock()
        lines_asked.set()
        exchange.rows()

    def headers(exchange: Exchange) -> None:
        if "headers" in reached:
            exchange.rows(header(7))
        else:
            lines_asked.wait(5)
            reached["headers"] = deadline.clock()
            exchange.error(503)

    server.api = by_entity(Workorder=headers, WorkorderLine=lines, WorkorderContact=rows())
    page = house.vinacles.by_dms_numbers(dealer, [7], deadline)
    assert page.requested_at <= reached["lines"] < reached["headers"]


def test_nobody_waits_for_a_free_thread_beyond_the_deadline(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    asked = threading.Event()

    def hang(exchange: Exchange) -> None:
        asked.set()
        exchange.hang()

    server.api = hang
    narrow = Vinacles(house.client, 1)
    with ThreadPoolExecutor(1) as pool:
        blocking = pool.submit(narrow.search, dealer, terms_of("W1"), soon(3))
        assert asked.wait(10)
        with pytest.raises(VinaclesUnavailable, match="in time"):
            narrow.search(dealer, terms_of("W2"), soon(0.1))
        with pytest.raises(VinaclesUnavailable):
            blocking.result()
    narrow._threads.shutdown()
    assert len(server.asked) == 1
