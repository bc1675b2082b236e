"""Headers by the page: what is asked, what is kept, what is learned about a server."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from schemas.dealer import Dealer
from schemas.vinacles import Row
from tests.deadlines import soon
from tests.integration.vinacles.bulk_rows import WINDOW, asked_of, header, rows
from tests.integration.vinacles.conftest import House
from tests.unit.vinacles.bad_server import BadServer, Exchange, Manners, one_after_another
from worker.errors import ConfigurationError, TwoDriveError, VinaclesRefused, VinaclesUnavailable
from worker.vinacles.bulk import HeaderPage
from worker.vinacles.failures import DatetimeFilterRefused, NotUnderstood

IN_WINDOW = "AppointmentDate ge 2026-11-08T00:00:00Z and AppointmentDate lt 2027-01-21T12:30:00Z"


def refusing_dates(refuse: Manners) -> Manners:
    def answer(exchange: Exchange) -> None:
        if " ge 20" in exchange.request.options.get("$filter", ""):
            refuse(exchange)
        else:
            exchange.rows(header(7))

    return answer


def test_headers_are_asked_for_in_the_order_of_their_numbers(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    server.api = rows(header(8), header(9), more=True)
    deadline = soon()
    before = deadline.clock()
    query = replace(WINDOW, after_dms_number=7, modified_since=datetime(2026, 11, 20, 1, 2, 3, 4, tzinfo=UTC))
    page = house.bulk.headers(replace(dealer, affiliates=(1, 2)), query, deadline)
    assert page == HeaderPage((header(8), header(9)), True, 9, None, 1, page.requested_at)
    assert before <= page.requested_at <= deadline.clock()
    [options] = asked_of(server, "Workorder")
    assert options.pop("$select").startswith("WorkorderId,WONUMMER,")
    assert options == {
        "$filter": f"((WorkorderId gt 7 and {IN_WINDOW} and ModifiedOn ge 2026-11-20T01:02:03Z) and "
        "(AffiliateId eq 1 or AffiliateId eq 2))",
        "$orderby": "WorkorderId",
        "$first": "500",
    }


def test_a_change_is_looked_for_in_utc(house: House, dealer: Dealer, server: BadServer) -> None:
    since = datetime(2026, 11, 20, 1, tzinfo=timezone(timedelta(hours=2)))
    house.bulk.headers(dealer, replace(WINDOW, modified_since=since), soon())
    assert "ModifiedOn ge 2026-11-19T23:00:00Z" in asked_of(server, "Workorder")[0]["$filter"]


def test_the_last_page(house: House, dealer: Dealer, server: BadServer) -> None:
    page = house.bulk.headers(dealer, replace(WINDOW, after_dms_number=7), soon())
    assert (page.rows, page.has_more, page.after_dms_number) == ((), False, 7)


def test_rows_of_others_are_passed_over_and_count_as_looked_at(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    old, new, unreadable = header(8, Mileage=1), header(8, Mileage=2), header("what")
    server.api = rows(old, unreadable, new, header(9, AffiliateId=2), more=True)
    page = house.bulk.headers(replace(dealer, affiliates=(1,)), WINDOW, soon())
    assert (page.rows, page.after_dms_number) == ((new, unreadable), 9)


@pytest.mark.parametrize("found", [[header(7)], [header("what")], []])
def test_a_server_that_goes_round_is_refused(
    house: House, dealer: Dealer, server: BadServer, found: list[Row]
) -> None:
    server.api = rows(*found, more=True)
    with pytest.raises(VinaclesRefused, match="read already"):
        house.bulk.headers(dealer, replace(WINDOW, after_dms_number=7), soon())


def test_an_empty_page_with_a_link_is_not_the_end(house: House, dealer: Dealer, server: BadServer) -> None:
    server.api = one_after_another(
        lambda e: e.rows(next_link="/api/Workorder?$after=a%2B"),
        lambda e: e.rows(next_link="?$after=b"),
        rows(header(8), more=True),
    )
    page = house.bulk.headers(dealer, replace(WINDOW, after_dms_number=7), soon())
    assert (page.rows, page.has_more, page.after_dms_number, page.requests) == ((header(8),), True, 8, 3)
    assert [options.get("$after") for options in asked_of(server, "Workorder")] == [None, "a+", "b"]
    server.api = one_after_another(lambda e: e.rows(next_link="?$after=a"), rows())
    page = house.bulk.headers(dealer, replace(WINDOW, after_dms_number=8), soon())
    assert (page.rows, page.has_more, page.after_dms_number) == ((), False, 8)


REFUSALS: list[Manners] = [
    lambda e: e.error(400, "BadRequest"),
    lambda e: e.error(500, "UnexpectedError"),
    lambda e: e.error(500, "DatabaseOperationFailed"),
    lambda e: e.reply(500, b"<html>Server Error</html>", "text/html"),
    lambda e: e.reply(500),
]


@pytest.mark.parametrize("refuse", REFUSALS)
def test_dates_that_cannot_be_compared(
    house: House, dealer: Dealer, server: BadServer, refuse: Manners
) -> None:
    server.api = refusing_dates(refuse)
    with pytest.raises(DatetimeFilterRefused):
        house.bulk.headers(dealer, WINDOW, soon())
    page = house.bulk.headers(dealer, replace(WINDOW, dates_filtered=False), soon())
    assert (page.rows, asked_of(server, "Workorder")[-1]["$filter"]) == ((header(7),), "WorkorderId gt 0")


@pytest.mark.parametrize(
    ("api", "kind"),
    [
        (lambda e: e.error(400), NotUnderstood),
        (lambda e: e.error(404), VinaclesRefused),
        (lambda e: e.error(500, "UnexpectedError"), VinaclesUnavailable),
        (lambda e: e.error(500, "DatabaseOperationFailed"), VinaclesUnavailable),
        (one_after_another(*[lambda e: e.error(500)] * 4, rows(header(7))), VinaclesUnavailable),
        (refusing_dates(lambda e: e.error(503)), VinaclesUnavailable),
        (refusing_dates(lambda e: e.error(403)), ConfigurationError),
    ],
)
def test_other_failures_are_not_blamed_on_the_dates(
    house: House, dealer: Dealer, server: BadServer, api: Manners, kind: type[TwoDriveError]
) -> None:
    server.api = api
    with pytest.raises(TwoDriveError) as caught:
        house.bulk.headers(dealer, WINDOW, soon())
    assert type(caught.value) is kind


def test_without_a_filter_on_dates_the_window_is_kept_here(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    dates = {
        1: "2026-11-07T23:59:59.999",
        2: "2026-11-08T00:00:00",
        3: "2027-01-21T12:29:59Z",
        4: "2027-01-21T12:30:00",
        5: None,
        6: "tomorrow",
    }
    server.api = rows(*(header(key, AppointmentDate=text) for key, text in dates.items()), more=True)
    page = house.bulk.headers(dealer, replace(WINDOW, dates_filtered=False), soon())
    assert [row["WorkorderId"] for row in page.rows] == [2, 3, 6]
    assert page.after_dms_number == 6


def test_known_numbers(house: House, dealer: Dealer, server: BadServer) -> None:
    server.api = rows(header(3), header(4), header(5), header(90, AffiliateId=2), header(3, Mileage=5))
    page = house.bulk.by_numbers(replace(dealer, affiliates=(1,)), [90, 3, 5, 3], soon())
    assert page.rows == (header(3, Mileage=5), header(5))
    assert (page.has_more, page.after_dms_number, page.requests) == (False, 90, 1)
    [options] = asked_of(server, "Workorder")
    numbers = "(WorkorderId eq 3 or WorkorderId eq 5 or WorkorderId eq 90)"
    assert options["$filter"] == f"({numbers} and AffiliateId eq 1)"


def test_no_numbers_are_no_question(house: House, dealer: Dealer, server: BadServer) -> None:
    page = house.bulk.by_numbers(dealer, [], soon(), 100)
    assert (page.rows, page.requests, page.page_rows, server.requests) == ((), 0, 100, [])


def test_known_numbers_are_as_old_as_the_first_answer_for_them(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    deadline, reached = soon(), []

    def api(exchange: Exchange) -> None:
        reached.append(deadline.clock())
        exchange.rows()

    server.api = api
    one_by_one = replace(dealer, concurrent_requests=1)
    page = house.bulk.by_numbers(one_by_one, range(1, 2_000_000, 5_000), deadline)
    assert page.requests == len(reached) > 1
    assert page.requested_at <= reached[0]


@pytest.mark.parametrize(
    ("api", "works"),
    [
        (rows(header(7)), True),
        (rows(), False),
        *((refusing_dates(refuse), False) for refuse in REFUSALS),
        (refusing_dates(lambda e: e.error(403)), False),
    ],
)
def test_whether_changes_can_be_looked_for(
    house: House, dealer: Dealer, server: BadServer, api: Manners, works: bool
) -> None:
    server.api = api
    assert house.bulk.modified_on_works(dealer, soon()) is works
    assert asked_of(server, "Workorder")[0]["$filter"] == "ModifiedOn ge 2000-01-01T00:00:00Z"


def test_a_server_that_is_down_does_not_answer_whether(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    down: list[Manners] = [lambda e: e.error(503), lambda e: e.error(500, "UnexpectedError")]
    for manners in down:
        server.api = manners
        with pytest.raises(VinaclesUnavailable):
            house.bulk.modified_on_works(dealer, soon())
    server.api, server.login = rows(), lambda e: e.error(401)
    house.redis_client.flushdb()
    with pytest.raises(ConfigurationError):
        house.bulk.modified_on_works(dealer, soon())
