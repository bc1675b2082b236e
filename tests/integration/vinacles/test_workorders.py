"""The face of the station: what is asked, what is kept, and how deep the requests go."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dealer import Dealer
from schemas.search import SearchTerms, parse_search
from schemas.vinacles import RawWorkorder
from tests.deadlines import soon
from tests.integration.vinacles.bulk_rows import WINDOW
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
from tests.unit.vinacles.bad_server import BadServer, Manners, by_entity, one_after_another
from worker.vinacles.assembly import last_of_each, number


def test_a_search_asks_once_to_find_and_once_for_what_belongs_to_it(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    server.api = by_entity(
        Workorder=rows(header(7), header(8)),
        WorkorderLine=rows(line(8, 1), line(7, 2), line(7, 3), line(9, 4), line(None, 5)),
        WorkorderContact=rows(contact("7", "Driver"), contact(True, "Owner")),
    )
    terms = SearchTerms(("W1", "w1"), ("W1",))
    page = house.vinacles.search(replace(dealer, affiliates=(1, 2)), terms, soon(), "request-1")
    assert page.workorders == (
        RawWorkorder(header(7), (line(7, 2), line(7, 3)), (contact("7", "Driver"),)),
        RawWorkorder(header(8), (line(8, 1),), ()),
    )
    assert (page.truncated, page.requests) == (False, 3)
    assert asked_of(server, "Workorder") == [
        {
            "$select": SELECTED["Workorder"],
            "$filter": "((WONUMMER eq 'W1' or WONUMMER eq 'w1' or LicensePlate eq 'W1')"
            " and (AffiliateId eq 1 or AffiliateId eq 2))",
            "$orderby": "AppointmentDate desc,WorkorderId desc",
        }
    ]
    for entity in ("WorkorderLine", "WorkorderContact"):
        wanted = {"$select": SELECTED[entity], "$filter": "(WorkorderId eq 7 or WorkorderId eq 8)"}
        assert asked_of(server, entity) == [wanted]
    assert {request.headers["x-ms-correlation-id"] for request in server.asked} == {"request-1"}


def test_a_search_that_finds_nothing_asks_no_further(house: House, dealer: Dealer, server: BadServer) -> None:
    deadline = soon()
    before = deadline.clock()
    page = house.vinacles.search(dealer, terms_of("W1"), deadline)
    assert (page.workorders, page.truncated, page.requests, len(server.asked)) == ((), False, 1, 1)
    assert before <= page.requested_at <= deadline.clock()


def test_rows_that_do_not_equal_what_was_asked_are_left_out(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    server.api = by_entity(
        Workorder=rows(header(1), header(2, "other"), header(3, AffiliateId=9), header(4, AffiliateId="1")),
        WorkorderLine=rows(),
        WorkorderContact=rows(),
    )
    page = house.vinacles.search(replace(dealer, affiliates=(1,)), terms_of("W1"), soon())
    assert [number(found.header["WorkorderId"]) for found in page.workorders] == [1, 4]


@pytest.mark.parametrize("affiliates", [1, 100, 250, 1_000])
def test_a_dealer_may_have_any_number_of_affiliates(
    house: House, dealer: Dealer, server: BadServer, affiliates: int
) -> None:
    server.api = by_entity(
        Workorder=rows(header(1, AffiliateId=7), header(2, AffiliateId=affiliates)),
        WorkorderLine=rows(),
        WorkorderContact=rows(),
    )
    many = replace(dealer, affiliates=(*range(9_000, 8_999 + affiliates), affiliates))
    for page in (
        house.vinacles.search(many, terms_of("W1"), soon()),
        house.vinacles.by_dms_numbers(many, [1, 2], soon()),
    ):
        assert [found.header["WorkorderId"] for found in page.workorders] == [2]
    headers = house.bulk.headers(many, WINDOW, soon())
    assert [row["WorkorderId"] for row in headers.rows] == [2]
    named = ["AffiliateId" in options["$filter"] for options in asked_of(server, "Workorder")]
    assert named == [affiliates <= 100] * 3


def test_a_header_that_comes_twice_counts_once_and_the_last_wins(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    again = header(1, Mileage=5)
    server.api = by_entity(
        Workorder=rows(header(1), header(2), again), WorkorderLine=rows(), WorkorderContact=rows()
    )
    page = house.vinacles.search(dealer, terms_of("W1"), soon())
    assert [found.header for found in page.workorders] == [again, header(2)]


def test_headers_whose_number_cannot_be_read_are_handed_on(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    server.api = by_entity(Workorder=rows(header(None), header("x")), WorkorderLine=rows(line(None, 1)))
    page = house.vinacles.search(dealer, terms_of("W1"), soon())
    assert page.workorders == (RawWorkorder(header(None), (), ()), RawWorkorder(header("x"), (), ()))
    assert page.requests == 1


@pytest.mark.parametrize(("matches", "truncated"), [(25, False), (26, True), (40, True)])
def test_the_newest_25_are_kept(
    house: House, dealer: Dealer, server: BadServer, matches: int, truncated: bool
) -> None:
    server.api = by_entity(
        Workorder=rows(*(header(1_000 - place) for place in range(matches))),
        WorkorderLine=rows(),
        WorkorderContact=rows(),
    )
    page = house.vinacles.search(dealer, terms_of("W1"), soon())
    kept = [found.header["WorkorderId"] for found in page.workorders]
    assert kept == [1_000 - place for place in range(25)]
    assert page.truncated is truncated
    batches = [ids_in(options) for options in asked_of(server, "WorkorderLine")]
    assert sorted(len(batch) for batch in batches) == [4, 7, 7, 7]
    assert {key for batch in batches for key in batch} == set(kept)
    assert [len(ids_in(options)) for options in asked_of(server, "WorkorderContact")] == [25]
    assert page.requests == 6


def test_pages_are_followed_only_until_more_than_25_match(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    def page_of(first: int, link: str | None) -> Manners:
        found = [header(key, "W1" if key % 2 else "other") for key in range(first, first + 30)]
        return lambda exchange: exchange.rows(*found, next_link=link)

    server.api = by_entity(
        Workorder=one_after_another(page_of(0, "?$after=a"), page_of(30, "?$after=b"), page_of(60, None)),
        WorkorderLine=rows(),
        WorkorderContact=rows(),
    )
    page = house.vinacles.search(dealer, terms_of("W1"), soon())
    assert page.truncated
    assert len(page.workorders) == 25
    assert len(asked_of(server, "Workorder")) == 2


def test_a_search_takes_two_round_trips(house: House, dealer: Dealer, server: BadServer) -> None:
    children = Together(5, rows())  # 4 batches of lines, 1 of contacts
    server.api = by_entity(
        Workorder=rows(*(header(key) for key in range(1, 26))),
        WorkorderLine=children,
        WorkorderContact=children,
    )
    assert house.vinacles.search(dealer, terms_of("W1"), soon()).requests == 6
    assert (len(server.asked), len(server.logins)) == (6, 1)


def test_a_search_looks_once_for_its_token(house: House, dealer: Dealer, server: BadServer) -> None:
    server.api = by_entity(Workorder=rows(header(7)), WorkorderLine=rows(), WorkorderContact=rows())
    house.vinacles.search(dealer, terms_of("W1"), soon())
    house.redis_client.config_resetstat()
    assert house.vinacles.search(dealer, terms_of("W1"), soon()).requests == 3
    commands: Any = house.redis_client.info("commandstats")
    # One look, at the token and at the mark of a token URL that is left alone
    assert commands["cmdstat_pttl"]["calls"] == 2


TYPED = st.one_of(
    st.text(max_size=24),
    st.sampled_from(["O'Brien", "x' or 1 eq 1", "%27", "%u0027", "%ﬀ", "#&+", "😀", "12-AB-cd"]),
)


@given(TYPED)
def test_any_searchable_text_is_found_as_it_is(
    house: House, dealer: Dealer, server: BadServer, typed: str
) -> None:
    terms = parse_search(typed)
    if isinstance(terms, SearchTerms):
        server.api = by_entity(
            Workorder=rows(header(7, typed.strip())), WorkorderLine=rows(), WorkorderContact=rows()
        )
        found = house.vinacles.search(dealer, terms, soon()).workorders
        assert bool(found) is terms.matches(header(7, typed.strip()))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5),
        ("5", 5),
        (" 5 ", 5),
        (True, None),
        (None, None),
        ("5.0", None),
        ("٣", None),
        ("9" * 17, None),
        (5.5, None),
    ],
)
def test_numbers(value: object, expected: int | None) -> None:
    assert number(value) == expected


@given(st.lists(st.integers(1, 5)))
def test_last_of_each_keeps_the_first_place_and_the_last_row(keys: list[int]) -> None:
    kept = last_of_each([header(key, place=place) for place, key in enumerate(keys)])
    assert [row["WorkorderId"] for row in kept] == list(dict.fromkeys(keys))
    for row in kept:
        assert row["place"] == max(place for place, key in enumerate(keys) if key == row["WorkorderId"])
