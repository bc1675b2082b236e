"""Reading by the page: what is asked, what is kept, what is learned about a server."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

import pytest

from schemas.dealer import Dealer
from schemas.vinacles import RawWorkorder, Row
from tests.integration.vinacles.conftest import House
from tests.unit.vinacles.bad_server import BadServer, Exchange, Manners, by_entity, one_after_another
from worker.deadline import Deadline
from worker.errors import ConfigurationError, TwoDriveError, VinaclesRefused, VinaclesUnavailable
from worker.retry import RetryRule
from worker.vinacles.bulk import BulkQuery, BulkReader, HeaderPage
from worker.vinacles.client import Asking, Client
from worker.vinacles.failures import DatetimeFilterRefused, NotUnderstood, PageTooBig
from worker.vinacles.query import PAGING_BYTES

WINDOW = BulkQuery(datetime(2026, 11, 8), datetime(2027, 1, 21, 12, 30))  # noqa: DTZ001  wall clocks
IN_WINDOW = "AppointmentDate ge 2026-11-08T00:00:00Z and AppointmentDate lt 2027-01-21T12:30:00Z"


sample = Random(1).sample


def soon() -> Deadline:
    return Deadline.after(20)


def header(key: object, **columns: object) -> dict[str, Any]:
    return {"WorkorderId": key, "AffiliateId": 1, "AppointmentDate": "2026-12-01T09:00:00", **columns}


def line(key: object, line_id: object, **columns: object) -> dict[str, Any]:
    return {"LineId": line_id, "WorkorderId": key, **columns}


def contact(key: object, role: str) -> dict[str, Any]:
    return {"WorkorderId": key, "Role": role}


def rows(*found: Row, more: bool = False) -> Manners:
    return lambda exchange: exchange.rows(*found, next_link="?$after=x" if more else None)


def asked_of(server: BadServer, entity: str) -> list[dict[str, str]]:
    return [request.options for request in server.asked if request.path == f"/api/{entity}"]


def firsts(server: BadServer, entity: str = "Workorder") -> list[str | None]:
    return [options.get("$first") for options in asked_of(server, entity)]


def at_most(most: int, found: Manners, *, says: bool = True) -> Manners:
    """A server that gives at most so many rows at a time; `says` whether it knows `$first=-1`."""

    def answer(exchange: Exchange) -> None:
        first = int(exchange.request.options.get("$first", most))
        if first > most or (first < 0 and not says):
            exchange.error(400, "BadRequest")
        else:
            found(exchange)

    return answer


def refusing_dates(refuse: Manners) -> Manners:
    def answer(exchange: Exchange) -> None:
        if "Date ge" in exchange.request.options.get("$filter", ""):
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


def test_the_page_size_is_learned_from_a_server_that_allows_less(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    server.api = at_most(3, rows(header(1), header(2), header(3), more=True))
    page = house.bulk.headers(dealer, WINDOW, soon())
    assert (page.page_rows, page.requests, firsts(server)) == (3, 2, ["500", "-1"])
    page = house.bulk.headers(dealer, replace(WINDOW, page_rows=page.page_rows), soon())
    assert (page.page_rows, page.requests, firsts(server)[2:]) == (3, 1, ["3"])


def test_an_older_server_shows_its_default(house: House, dealer: Dealer, server: BadServer) -> None:
    server.api = at_most(3, rows(header(1), header(2), more=True), says=False)
    page = house.bulk.headers(dealer, WINDOW, soon())
    assert (page.page_rows, page.requests, firsts(server)) == (2, 3, ["500", "-1", None])


def test_as_many_as_the_server_allows_may_be_too_big(house: House, dealer: Dealer, server: BadServer) -> None:
    server.api = one_after_another(
        lambda e: e.error(400), lambda e: e.error(413), rows(header(1), header(2), more=True)
    )
    page = house.bulk.headers(dealer, WINDOW, soon())
    assert (page.page_rows, firsts(server)) == (2, ["500", "-1", None])


def test_a_page_that_is_not_full_teaches_less(house: House, dealer: Dealer, server: BadServer) -> None:
    server.api = at_most(3, rows(header(1)))
    assert house.bulk.headers(dealer, WINDOW, soon()).page_rows == 250


def test_pages_too_big_are_halved_and_it_is_remembered(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    too_big: Manners = lambda e: e.error(413)  # noqa: E731
    server.api = one_after_another(too_big, too_big, rows(header(1)))
    page = house.bulk.headers(dealer, WINDOW, soon())
    assert (page.page_rows, firsts(server)) == (125, ["500", "250", "125"])
    server.api = too_big
    with pytest.raises(PageTooBig):
        house.bulk.headers(dealer, replace(WINDOW, page_rows=1), soon())


@pytest.mark.parametrize(
    "refuse", [lambda e: e.error(400, "BadRequest"), lambda e: e.error(500, "UnexpectedError")]
)
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


def page_of(*headers: Row, page_rows: int | None = None) -> HeaderPage:
    return HeaderPage(headers, False, 0, page_rows, 2, 1.5)


def test_what_belongs_to_a_page_of_headers(house: House, dealer: Dealer, server: BadServer) -> None:
    server.api = by_entity(
        WorkorderLine=one_after_another(
            rows(line(7, 1, Price=1), line(8, 2), line(99, 3), line(7, None), more=True),
            rows(line(7, 1, Price=2), line(7, None)),
        ),
        WorkorderContact=rows(contact(8, "Owner"), contact(8, "Owner"), contact(8, "Driver")),
    )
    page = house.bulk.belongings(dealer, page_of(header(7), header("what"), header(8)), soon())
    assert page.workorders == (
        RawWorkorder(header(7), (line(7, 1, Price=2), line(7, None), line(7, None)), ()),
        RawWorkorder(header("what"), (), ()),
        RawWorkorder(header(8), (line(8, 2),), (contact(8, "Owner"), contact(8, "Driver"))),
    )
    assert (page.requests, page.requested_at, page.page_rows, page.truncated) == (5, 1.5, None, False)
    assert {options["$filter"] for options in asked_of(server, "WorkorderLine")} == {
        "(WorkorderId ge 7 and WorkorderId le 8)"
    }
    assert firsts(server, "WorkorderLine") == ["5000", "5000"]


@pytest.mark.parametrize(
    ("numbers", "lines", "contacts"),
    [
        (range(48_000, 48_500), 1, 1),
        (range(48_000, 49_500, 3), 4, 1),
        (sample(range(48_000, 49_000), 500), 2, 1),
        (sample(range(48_000, 53_000), 500), 3, 2),
        (sample(range(1_000_000, 2_000_000), 500), 4, 4),
        (sample(range(2**52, 2**53), 500), 5, 5),
    ],
    ids=["in a row", "every third", "every other", "every tenth", "of a million", "anywhere"],
)
def test_500_workorders_are_a_few_requests(
    house: House, dealer: Dealer, server: BadServer, numbers: Sequence[int], lines: int, contacts: int
) -> None:
    headers = HeaderPage(tuple(header(number) for number in numbers), False, 0, None, 1, 0.0)
    house.bulk.belongings(dealer, headers, soon())
    assert (len(asked_of(server, "WorkorderLine")), len(asked_of(server, "WorkorderContact"))) == (
        lines,
        contacts,
    )
    # With room for a page link, below the 8 KB at which a proxy answers 414
    longest = max(len(server.url + request.target) for request in server.asked)
    assert longest + PAGING_BYTES < 7_000


def test_a_page_without_numbers_has_no_belongings(house: House, dealer: Dealer, server: BadServer) -> None:
    page = house.bulk.belongings(dealer, page_of(header(None)), soon())
    assert (page.workorders, page.requests, server.requests) == ((RawWorkorder(header(None), (), ()),), 2, [])


def test_what_lines_teach_about_the_server_is_told(house: House, dealer: Dealer, server: BadServer) -> None:
    server.api = by_entity(
        WorkorderLine=at_most(3, one_after_another(rows(*[line(7, n) for n in range(3)], more=True), rows())),
        WorkorderContact=rows(),
    )
    page = house.bulk.belongings(dealer, page_of(header(7)), soon())
    assert (page.page_rows, firsts(server, "WorkorderLine")) == (3, ["5000", "-1", "3"])


def test_what_one_request_learns_the_others_need_not_ask(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    """The contacts are refused only when the lines go on with what they have learned."""
    learned = threading.Event()

    def last(exchange: Exchange) -> None:
        learned.set()
        exchange.rows()

    def refuse(exchange: Exchange) -> None:
        learned.wait(10)
        exchange.error(400)

    three = rows(*[line(7, number) for number in range(3)], more=True)
    server.api = by_entity(
        WorkorderLine=at_most(3, one_after_another(three, last)),
        WorkorderContact=one_after_another(refuse, rows()),
    )
    house.bulk.belongings(dealer, page_of(header(7)), soon())
    assert firsts(server, "WorkorderLine") == ["5000", "-1", "3"]
    assert firsts(server, "WorkorderContact") == ["5000", "3"]


class Crowd:
    """Counts the requests that are under way; each waits until as many as expected are."""

    def __init__(self, expected: int) -> None:
        self.lock, self.enough, self.expected = threading.Lock(), threading.Event(), expected
        self.present = self.most = 0

    def __call__(self, exchange: Exchange) -> None:
        with self.lock:
            self.present += 1
            self.most = max(self.most, self.present)
            if self.present == self.expected:
                self.enough.set()
        arrived = self.enough.wait(10)
        with self.lock:
            self.present -= 1
        exchange.rows() if arrived else exchange.error(400)


def test_as_many_requests_at_a_time_as_the_dealer_allows(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    threads: set[int] = set()

    @contextmanager
    def gate(_: Asking) -> Iterator[None]:
        threads.add(threading.get_ident())
        yield

    crowd = server.api = Crowd(3)
    scattered = page_of(*(header(key) for key in range(1, 2_000_000, 2_000)))
    reader = BulkReader(Client(house.wire, house.tokens, RetryRule(), gate=gate))
    reader.belongings(replace(dealer, concurrent_requests=3), scattered, soon())
    assert len(server.asked) > 10
    assert (crowd.most, len(threads)) == (3, 3)


def test_one_request_that_fails_for_good_ends_the_waiting_for_the_others(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    server.api = by_entity(WorkorderLine=Exchange.hang, WorkorderContact=lambda e: e.error(403))
    deadline = Deadline.after(100)
    with pytest.raises(ConfigurationError):
        house.bulk.belongings(dealer, page_of(header(7)), deadline)
    assert deadline.remaining() > 0


@pytest.mark.parametrize(
    ("api", "works"),
    [
        (rows(header(7)), True),
        (rows(), False),
        (lambda e: e.error(400), False),
        (lambda e: e.error(403), False),
        (lambda e: e.error(500, "UnexpectedError"), False),
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
    server.api = lambda e: e.error(503)
    with pytest.raises(VinaclesUnavailable):
        house.bulk.modified_on_works(dealer, soon())
    server.api, server.login = rows(), lambda e: e.error(401)
    house.redis_client.flushdb()
    with pytest.raises(ConfigurationError):
        house.bulk.modified_on_works(dealer, soon())


def test_every_request_passes_the_gate_alone(house: House, dealer: Dealer, server: BadServer) -> None:
    """Each try, retries too, but neither the wait between them nor the login."""
    passed: list[tuple[int | None, bool]] = []
    inside: list[int] = []

    @contextmanager
    def gate(asking: Asking) -> Iterator[None]:
        assert asking.dealer is not None
        passed.append((asking.dealer.dealer_id, asking.interactive))
        before = len(server.asked)
        yield
        inside.append(len(server.asked) - before)

    client = Client(house.wire, house.tokens, RetryRule(), sleep=house.slept.append, gate=gate)
    server.api = one_after_another(lambda e: e.error(503), rows(header(7)))
    BulkReader(client).headers(dealer, WINDOW, soon())
    assert (passed, inside, len(house.slept)) == ([(5, False)] * 2, [1, 1], 1)
