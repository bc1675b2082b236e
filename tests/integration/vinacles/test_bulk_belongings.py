"""What belongs to a page of headers: how few requests bring it, and how many at a time."""

import itertools
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from random import Random

import pytest

from schemas.dealer import Dealer
from schemas.vinacles import RawWorkorder, Row
from tests.deadlines import soon
from tests.integration.vinacles.bulk_rows import (
    WINDOW,
    asked_of,
    at_most,
    contact,
    firsts,
    header,
    line,
    rows,
)
from tests.integration.vinacles.conftest import House
from tests.unit.vinacles.bad_server import BadServer, Exchange, by_entity, one_after_another
from worker.deadline import Deadline
from worker.errors import ConfigurationError
from worker.retry import RetryRule
from worker.vinacles.bulk import BulkReader, HeaderPage
from worker.vinacles.client import Asking, Client
from worker.vinacles.paging import MOST_PAGES
from worker.vinacles.query import PAGING_BYTES

sample = Random(1).sample


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
    assert (page.page_rows, firsts(server, "WorkorderLine")) == (3, ["5000", "-1", "6", "3"])


def test_a_page_too_big_is_halved_for_its_question_alone(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    one, last = rows(line(7, 1), more=True), rows(line(7, 2))
    server.api = by_entity(
        WorkorderLine=one_after_another(lambda e: e.error(413), one, last), WorkorderContact=rows()
    )
    page = house.bulk.belongings(dealer, page_of(header(7)), soon())
    assert (len(page.workorders[0].lines), page.page_rows) == (2, None)
    assert firsts(server, "WorkorderLine") == ["5000", "2500", "2500"]
    assert firsts(server, "WorkorderContact") == ["5000"]


def test_lines_may_come_one_by_one(house: House, dealer: Dealer, server: BadServer) -> None:
    wanted, given = MOST_PAGES + 10, itertools.count(1)

    def lines(exchange: Exchange) -> None:
        number = next(given)
        link = f"?$after={number}" if number < wanted else None
        exchange.rows(line(1 + number % 100, number), next_link=link)

    server.api = by_entity(WorkorderLine=lines, WorkorderContact=rows())
    page = house.bulk.belongings(dealer, page_of(*(header(key) for key in range(1, 101))), soon())
    assert sum(len(workorder.lines) for workorder in page.workorders) == wanted


def test_what_one_request_learns_the_others_need_not_ask(
    house: House, dealer: Dealer, server: BadServer
) -> None:
    """Lines learn once the contacts have asked; these are refused when the lines go on with it."""
    asked, learned = threading.Event(), threading.Event()

    def last(exchange: Exchange) -> None:
        learned.set()
        exchange.rows()

    def refuse(exchange: Exchange) -> None:
        asked.set()
        learned.wait(10)
        exchange.error(400)

    three = rows(*[line(7, number) for number in range(3)], more=True)
    taught = at_most(3, one_after_another(three, last))

    def lines(exchange: Exchange) -> None:
        asked.wait(10)
        taught(exchange)

    server.api = by_entity(
        WorkorderLine=lines,
        WorkorderContact=one_after_another(refuse, rows()),
    )
    house.bulk.belongings(dealer, page_of(header(7)), soon())
    assert firsts(server, "WorkorderLine") == ["5000", "-1", "6", "3"]
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
