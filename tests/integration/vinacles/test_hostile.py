"""Whatever a server sends ends in one outcome, and takes no more memory, requests and time than is told.

The reader is a process of its own, whose peak the kernel tells; the server writes to a real socket.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import redis

from sandbox.services import Redis
from tests.integration.vinacles.hostile_manners import (
    BODIES,
    HEADER,
    HEADERS,
    MIB,
    PAGES,
    always,
    dripping,
    numbered,
    told,
)
from tests.unit.vinacles.bad_server import BadServer, Manners, by_entity
from worker.vinacles.paging import MOST_PAGES
from worker.vinacles.wire import MOST_BODY_BYTES

#: The body as it comes and once more as it is handed on, as a text, the texts cut out of that, and a value
#: for each 32 bytes, at 112 bytes at most: 7.5 times a body of one byte per character. With four bytes for
#: each, both texts have four times as much, and a question may have two such bodies. What is kept of earlier
#: questions comes on top. Seen: 186 to 243 MiB.
MOST_GROWN_BYTES = 20 * MOST_BODY_BYTES
#: A question's time, and what a process that is kept from running may take to notice its end.
_SECONDS, _GRACE_SECONDS = 20, 5


@dataclass(frozen=True)
class Ended:
    """How a question ended: `code` is None where there is an answer. At its peak the process was larger than
    at its start by `grown_bytes`, and larger than just before the question by `taken_bytes`."""

    code: str | None
    text: str
    seconds: float
    grown_bytes: int
    taken_bytes: int


Ask = Callable[..., Ended]


@pytest.fixture(scope="module")
def ask(redis_server: Redis) -> Iterator[Ask]:
    command = [sys.executable, "-m", "tests.integration.vinacles.hostile_reader", redis_server.url_of(7)]
    reader = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(server: BadServer, *, seconds: float = _SECONDS, bulk: bool = False, at_once: int = 1) -> Ended:
        # An earlier test's server may have had the same port, and its token would still be good.
        with redis.Redis.from_url(redis_server.url_of(7)) as tokens:
            tokens.flushdb()
        assert reader.stdin is not None
        assert reader.stdout is not None
        question = {"url": server.url, "seconds": seconds, "bulk": bulk}
        reader.stdin.write(json.dumps(question) + "\n")
        reader.stdin.flush()
        ended = Ended(**json.loads(reader.stdout.readline()))
        # Of bodies that come at the same time no more than two are read, but all of them are there.
        assert ended.grown_bytes <= MOST_GROWN_BYTES + 2 * MOST_BODY_BYTES * (at_once - 1)
        assert ended.seconds <= seconds + _GRACE_SECONDS
        return ended

    yield ask
    reader.communicate(timeout=30)


@pytest.mark.parametrize("manners", [*BODIES.values(), *HEADERS.values()], ids=[*BODIES, *HEADERS])
def test_floods(server: BadServer, ask: Ask, manners: Manners) -> None:
    server.api = manners
    assert ask(server).code in {"vinacles_refused", "vinacles_unavailable"}
    # A page that is too big is asked for in halves, down to one row.
    assert len(server.asked) <= 10


@pytest.mark.parametrize("manners", [*BODIES.values(), *HEADERS.values()], ids=[*BODIES, *HEADERS])
def test_floods_of_the_login(server: BadServer, ask: Ask, manners: Manners) -> None:
    server.login = manners
    ended = ask(server)
    assert ended.code in {"configuration", "vinacles_login_failed", "vinacles_unavailable"}
    # A token has a few KiB: nothing here is worth a page's room, which is 14 times a body. Seen: 17 MiB.
    assert ended.taken_bytes < 2 * MOST_BODY_BYTES
    assert len(server.logins) == 1
    assert server.asked == []


@pytest.mark.parametrize("manners", PAGES.values(), ids=PAGES)
def test_pages_that_are_nearly_too_big(server: BadServer, ask: Ask, manners: Manners) -> None:
    server.api = manners
    assert ask(server).code in {None, "vinacles_refused", "vinacles_unavailable"}
    assert len(server.asked) <= 10


@pytest.mark.parametrize(
    ("manners", "requests", "text"),
    [
        (numbered({}), MOST_PAGES, "come to no end"),
        (numbered({"WONUMMER": "WO-2"}), MOST_PAGES, "come to no end"),
        (always("?$after=a"), 2, "read already"),
        (always("?$after=a", "?$after=b"), 3, "read already"),
        (always("?$after=" + "a" * 3_000), 1, "cannot be followed"),
        (always("?$first=1"), 1, "cannot be followed"),
        (numbered({"WONUMMER": "WO-2", "Make": "x" * MIB}), 32, "than is held in memory"),
        (numbered({"WONUMMER": "WO-2", "Make": [0] * 100_000}), 11, "than is held in memory"),
        (numbered({"WONUMMER": "WO-2", "Make": "😀" + "x" * 15 * MIB}), 3, "than is held in memory"),
    ],
    ids=[
        "no rows",
        "another row each",
        "the same page",
        "two pages in turn",
        "a link that is no continuation",
        "a link without one",
        "a MiB each",
        "100,000 values each",
        "15 MiB with four bytes a character each",
    ],
)
def test_paging_that_comes_to_no_end(
    server: BadServer, ask: Ask, manners: Manners, requests: int, text: str
) -> None:
    server.api = manners
    ended = ask(server)
    assert (ended.code, len(server.asked)) == ("vinacles_refused", requests)
    assert text in ended.text


def test_paging_without_end_of_what_belongs_to_a_page(server: BadServer, ask: Ask) -> None:
    server.api = by_entity(
        Workorder=lambda e: e.rows(HEADER),
        WorkorderLine=numbered({"LineId": 1, "Description": "x" * 10_000}),
        WorkorderContact=lambda e: e.rows(),
    )
    for bulk in (False, True):
        server.requests.clear()
        assert ask(server, bulk=bulk).code == "vinacles_refused"
        assert len(server.asked) <= MOST_PAGES + 2


def test_pages_that_are_nearly_too_big_at_the_same_time(server: BadServer, ask: Ask) -> None:
    large = PAGES["one text, four bytes a character"]
    headers = [{**HEADER, "WorkorderId": number} for number in range(1, 26)]
    server.api = by_entity(Workorder=lambda e: e.rows(*headers), WorkorderLine=large, WorkorderContact=large)
    ended = ask(server, at_once=5)
    assert ended.code == "vinacles_refused"
    assert "than is held in memory" in ended.text
    assert len(server.asked) == 6


def test_a_page_of_a_run_that_is_nearly_too_big(server: BadServer, ask: Ask) -> None:
    large = PAGES["one text, four bytes a character"]
    headers = [{**HEADER, "WorkorderId": number} for number in range(1, 501)]
    server.api = by_entity(Workorder=lambda e: e.rows(*headers), WorkorderLine=large, WorkorderContact=large)
    ended = ask(server, bulk=True, at_once=8)
    assert (ended.code, ended.text) == (None, "500 found")


def test_a_dripping_body_ends_with_the_question(server: BadServer, ask: Ask) -> None:
    server.api = dripping
    assert ask(server, seconds=1).code == "vinacles_unavailable"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("NaN", "vinacles_unavailable"),
        ("-Infinity", "vinacles_unavailable"),
        ("1e999999999999999999999", "vinacles_unavailable"),
        ("1" * 5_000, "vinacles_unavailable"),
        ("1e999999999", None),
        ('"\\ud800"', None),
        ('"\\u0000"', None),
        ('"9999-12-31T23:59:59.9999999"', None),
        ('"-0001-01-01"', None),
        ("[" * 100 + "]" * 100, None),
    ],
)
def test_values_that_no_column_has(server: BadServer, ask: Ask, value: str, code: str | None) -> None:
    server.api = by_entity(
        Workorder=told(value), WorkorderLine=lambda e: e.rows(), WorkorderContact=lambda e: e.rows()
    )
    assert ask(server).code == code
