"""How many rows a page may have: found out from servers that allow less than we ask for."""

from dataclasses import replace

import pytest

from schemas.dealer import Dealer
from tests.deadlines import soon
from tests.integration.vinacles.bulk_rows import WINDOW, at_most, firsts, header, rows
from tests.integration.vinacles.conftest import House
from tests.unit.vinacles.bad_server import BadServer, Exchange, Manners, one_after_another
from worker.vinacles.failures import NotUnderstood, PageTooBig


def test_the_page_size_is_learned_from_a_server_that_allows_less(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    server.api = at_most(3, rows(header(1), header(2), header(3), more=True))
    page = house.bulk.headers(dealer, WINDOW, soon())
    # That 6 are refused shows that the 3 are no page that happens to be short.
    assert (page.page_rows, page.requests, firsts(server)) == (3, 3, ["500", "-1", "6"])
    page = house.bulk.headers(dealer, replace(WINDOW, page_rows=page.page_rows), soon())
    assert (page.page_rows, page.requests, firsts(server)[3:]) == (3, 1, ["3"])


@pytest.mark.parametrize("allowed", [300, 10])
def test_a_short_page_is_not_taken_for_the_most_that_is_given(
    house: House, dealer: Dealer, server: BadServer, allowed: int
) -> None:
    server.api = at_most(allowed, rows(header(1), header(2), header(3), more=True))
    page = house.bulk.headers(dealer, WINDOW, soon())
    assert (page.rows, page.has_more) == ((header(1), header(2), header(3)), True)
    assert (page.page_rows, firsts(server)) == (250, ["500", "-1", "6"])


def test_a_short_page_whose_double_is_too_big_teaches_as_little(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    server.api = one_after_another(
        lambda e: e.error(400), rows(header(1), header(2), more=True), lambda e: e.error(413)
    )
    page = house.bulk.headers(dealer, WINDOW, soon())
    assert (page.page_rows, firsts(server)) == (250, ["500", "-1", "4"])


def test_pages_of_100_are_what_most_servers_give(house: House, dealer: Dealer, server: BadServer) -> None:
    server.api = at_most(100, rows(*(header(number) for number in range(1, 101)), more=True))
    page = house.bulk.headers(dealer, WINDOW, soon())
    assert (page.page_rows, firsts(server)) == (100, ["500", "-1"])


def test_an_older_server_shows_its_default(house: House, dealer: Dealer, server: BadServer) -> None:
    server.api = at_most(3, rows(header(1), header(2), more=True), says=False)
    page = house.bulk.headers(dealer, WINDOW, soon())
    assert (page.page_rows, page.requests, firsts(server)) == (2, 4, ["500", "-1", None, "4"])


def test_as_many_as_the_server_allows_may_be_too_big(house: House, dealer: Dealer, server: BadServer) -> None:
    server.api = one_after_another(
        lambda e: e.error(400),
        lambda e: e.error(413),
        rows(header(1), header(2), more=True),
        lambda e: e.error(400),
    )
    page = house.bulk.headers(dealer, WINDOW, soon())
    assert (page.page_rows, firsts(server)) == (2, ["500", "-1", None, "4"])


def test_a_page_of_its_own_that_is_too_big_leads_to_halves(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    def api(exchange: Exchange) -> None:
        first = int(exchange.request.options.get("$first", 100))
        exchange.error(400) if first > 150 else exchange.error(413) if not 0 < first <= 40 else one(exchange)

    one = rows(header(1))
    server.api = api
    page = house.bulk.headers(dealer, WINDOW, soon())
    assert (page.rows, firsts(server)) == (
        (header(1),),
        ["500", "-1", None, "250", "125", "62", "31"],
    )
    # What was refused is remembered, what was too big is not.
    assert page.page_rows == 125


def test_a_question_that_is_refused_at_every_size_is_not_halved(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    server.api = lambda e: e.error(400)
    with pytest.raises(NotUnderstood):
        house.bulk.headers(dealer, replace(WINDOW, dates_filtered=False), soon())
    assert firsts(server) == ["500", "-1", None]
    server.requests.clear()
    # Also where a page of its own was too big: then down to one row, once.
    server.api = one_after_another(lambda e: e.error(400), lambda e: e.error(413), lambda e: e.error(400))
    with pytest.raises(NotUnderstood):
        house.bulk.headers(dealer, replace(WINDOW, dates_filtered=False), soon())
    assert firsts(server) == ["500", "-1", None, "250", "125", "62", "31", "15", "7", "3", "1"]


def test_a_page_that_is_not_full_teaches_less(house: House, dealer: Dealer, server: BadServer) -> None:
    server.api = at_most(3, rows(header(1)))
    assert house.bulk.headers(dealer, WINDOW, soon()).page_rows == 250


def test_pages_too_big_are_halved_and_nothing_is_learned_of_it(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    too_big: Manners = lambda e: e.error(413)  # noqa: E731  one line, like the table of the others
    server.api = one_after_another(too_big, too_big, rows(header(1)))
    page = house.bulk.headers(dealer, WINDOW, soon())
    assert (page.page_rows, firsts(server)) == (None, ["500", "250", "125"])
    server.api = one_after_another(too_big, at_most(100, rows(header(1), header(2), more=True)))
    page = house.bulk.headers(dealer, replace(WINDOW, page_rows=400), soon())
    assert (page.page_rows, firsts(server)[3:]) == (100, ["400", "200", "-1", "4"])
    server.api = too_big
    with pytest.raises(PageTooBig):
        house.bulk.headers(dealer, replace(WINDOW, page_rows=1), soon())
