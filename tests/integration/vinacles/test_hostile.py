"""Whatever a server sends ends in one outcome, and takes no more memory, requests and time than is told.

The reader is a process of its own, whose peak the kernel tells; the server writes to a real socket.
"""

import itertools
import json
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.services import Redis
from tests.unit.vinacles.bad_server import BadServer, Exchange, Hung, Manners, by_entity
from worker.vinacles.paging import MOST_PAGES
from worker.vinacles.wire import MOST_BODY_BYTES

_MIB = 1024 * 1024
#: The body as it comes and once more as it is handed on, as a text, the texts cut out of that, and a value
#: for each 32 bytes, at 112 bytes at most: 7.5 times a body of one byte per character. With four bytes for
#: each, both texts have four times as much, and a question may have two such bodies. Seen: 169 MiB.
MOST_GROWN_BYTES = 14 * MOST_BODY_BYTES
#: A question's time, and what a process that is kept from running may take to notice its end.
_SECONDS, _GRACE_SECONDS = 20, 5
_JSON = b"Content-Type: application/json\r\n"


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

    def ask(server: BadServer, *, seconds: float = _SECONDS, bulk: bool = False) -> Ended:
        assert reader.stdin is not None
        assert reader.stdout is not None
        question = {"url": server.url, "seconds": seconds, "bulk": bulk}
        reader.stdin.write(json.dumps(question) + "\n")
        reader.stdin.flush()
        ended = Ended(**json.loads(reader.stdout.readline()))
        assert ended.grown_bytes <= MOST_GROWN_BYTES
        assert ended.seconds <= seconds + _GRACE_SECONDS
        return ended

    yield ask
    reader.communicate(timeout=30)


def body_of(size: int, *pieces: bytes, headers: bytes = b"") -> Manners:
    """An announced body: `pieces` one after the other, the last again and again until `size` is reached."""

    def answer(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\n" + _JSON + headers + f"Content-Length: {size}\r\n\r\n".encode())
        left = size
        for piece in itertools.chain(pieces, itertools.repeat(pieces[-1])):
            exchange.send(piece[:left])
            left -= len(piece)
            if left <= 0:
                return

    return answer


def endless(start: bytes, piece: bytes) -> Manners:
    def answer(exchange: Exchange) -> None:
        exchange.send(start)
        while not exchange.stopping.is_set():
            exchange.send(piece)
        raise Hung

    return answer


def packed(encoding: bytes, *, wbits: int, times: int = 1) -> Manners:
    """100 MiB of blanks, packed `times` times one into the other."""
    body = b" " * (100 * _MIB)
    for _ in range(times):
        packer = zlib.compressobj(wbits=wbits)
        body = packer.compress(body) + packer.flush()
    return body_of(len(body), body, headers=b"Content-Encoding: " + encoding + b"\r\n")


def bottomless_gzip(exchange: Exchange) -> None:
    """A gzip stream that comes to no end: a block of blanks, again and again."""
    packer = zlib.compressobj(wbits=31)
    start = packer.compress(b" " * _MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b" " * _MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    head = b"HTTP/1.1 200 OK\r\n" + _JSON + b"Content-Encoding: gzip\r\n\r\n"
    endless(head + start, block)(exchange)


_OK, _CHUNKED = b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
_CHUNK = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
BODIES: dict[str, Manners] = {
    "100 MB announced": body_of(100_000_000, b" " * _MIB),
    "100 MB in chunks": endless(_CHUNKED + _JSON + b"\r\n", _CHUNK),
    "100 MB until the end of the connection": endless(_OK + _JSON + b"\r\n", b" " * _MIB),
    "100 MB announced as an error": lambda e: endless(b"HTTP/1.1 400 No\r\n\r\n", b" " * _MIB)(e),
    "gzip": packed(b"gzip", wbits=31),
    "gzip without an end": bottomless_gzip,
    "gzip in gzip": packed(b"gzip, gzip", wbits=31, times=2),
    "gzip five times": packed(b"gzip, gzip, gzip, gzip, gzip", wbits=31, times=5),
    "gzip, said once too little": packed(b"gzip", wbits=31, times=2),
    "deflate": packed(b"deflate", wbits=15),
    "raw deflate": packed(b"deflate", wbits=-15),
    "an unknown packing": body_of(1_000, b"x", headers=b"Content-Encoding: br\r\n"),
}
HEADERS: dict[str, Manners] = {
    "1,000,000 headers": endless(_OK, b"X-A: b\r\n" * 1_000),
    "one header without an end": endless(_OK + b"X-A: ", b"b" * 0x10000),
    "100 headers of 60 KiB": body_of(2, b"{}", headers=(b"X-A: " + b"b" * 60_000 + b"\r\n") * 98),
    "a status line without an end": endless(b"HTTP/1.1 200 ", b"O" * 0x10000),
    "100 Continue without an end": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000),
    "trailers without an end": endless(_CHUNKED + b"\r\n0\r\n", b"X-A: b\r\n" * 1_000),
    "a trailer without an end": endless(_CHUNKED + b"\r\n0\r\nX-A: ", b"b" * 0x10000),
    "a chunk's size without an end": endless(_CHUNKED + b"\r\n", b"0" * 0x10000),
    "a chunk's extension without an end": endless(_CHUNKED + b"\r\n1;", b"a" * 0x10000),
    "chunks of one byte": endless(_CHUNKED + _JSON + b"\r\n", b"1\r\n \r\n" * 10_000),
}


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
    # A token has a few KiB: nothing here is worth a page's room.
    assert ended.taken_bytes < MOST_BODY_BYTES
    assert len(server.logins) == 1
    assert server.asked == []


def page(start: bytes, piece: bytes, end: bytes, size: int = MOST_BODY_BYTES - _MIB) -> Manners:
    body = start + piece * ((size - len(start) - len(end)) // len(piece)) + end
    return body_of(len(body), body)


PAGES: dict[str, Manners] = {
    "empty rows": page(b'{"value":[{}', b",{}", b"]}"),
    "empty lists in rows": page(b'{"value":[{"A":[0', b",[]", b"]}]}"),
    "numbers with a point": page(b'{"value":[{"A":[0', b",1.5", b"]}]}"),
    "two letters each": page(b'{"value":[{"A":[0', b',"ab"', b"]}]}"),
    "one text, four bytes a character": page('{"value":[{"A":"😀'.encode(), b"b", b'"}]}'),
    "nesting": page(b'{"value":[{"A":', b"[", b""),
    "nesting in rows": page(b'{"value":[{"A":', b'{"a":', b""),
    "a number without an end": page(b'{"value":[{"WorkorderId":1', b"0", b"}]}"),
    "a fraction without an end": page(b'{"value":[{"WorkorderId":1.', b"1", b"}]}"),
    "only a text": page(b'"', b"a", b'"'),
    "escapes": page(b'{"value":[{"A":"', b"\\ud800", b'"}]}'),
    "NULs": page(b'{"value":[{"A":"', b"\\u0000", b'"}]}'),
    "other bytes": page(b'{"value":[{"A":"', b"\xff", b'"}]}'),
}


@pytest.mark.parametrize("manners", PAGES.values(), ids=PAGES)
def test_pages_that_are_nearly_too_big(server: BadServer, ask: Ask, manners: Manners) -> None:
    server.api = manners
    assert ask(server).code in {None, "vinacles_refused", "vinacles_unavailable"}
    assert len(server.asked) <= 10


HEADER = {
    "WorkorderId": 1,
    "WONUMMER": "WO-1",
    "AffiliateId": 1,
    "AppointmentDate": "2026-10-06T08:30:00",
    "LicensePlate": None,
}


def numbered(row: dict[str, Any], most: int = 1_000_000) -> Manners:
    """Each page has the row with another number, and a next page that nobody has seen yet."""
    numbers = itertools.count(1)

    def answer(exchange: Exchange) -> None:
        number = next(numbers)
        rows = [{**row, "WorkorderId": number}] if row else []
        exchange.rows(*rows, next_link=f"?$after={number}" if number < most else None)

    return answer


def always(*links: str) -> Manners:
    """A row, and one of `links` in turn."""
    turns = itertools.cycle(links)
    return lambda exchange: exchange.rows({"WONUMMER": "WO-2"}, next_link=next(turns))


@pytest.mark.parametrize(
    ("manners", "requests", "text"),
    [
        (numbered({}), MOST_PAGES, "come to no end"),
        (numbered({"WONUMMER": "WO-2"}), MOST_PAGES, "come to no end"),
        (always("?$after=a"), 2, "read already"),
        (always("?$after=a", "?$after=b"), 3, "read already"),
        (always("?$after=" + "a" * 3_000), 1, "cannot be followed"),
        (always("?$first=1"), 1, "cannot be followed"),
        (numbered({"WONUMMER": "WO-2", "Make": "x" * _MIB}), 32, "than is held in memory"),
        (numbered({"WONUMMER": "WO-2", "Make": [0] * 100_000}), 11, "than is held in memory"),
        (numbered({"WONUMMER": "WO-2", "Make": "😀" + "x" * 15 * _MIB}), 3, "than is held in memory"),
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


def dripping(exchange: Exchange) -> None:
    exchange.send(_CHUNKED + _JSON + b"\r\n")
    exchange.drip(b"1\r\n \r\n")


def test_a_dripping_body_ends_with_the_question(server: BadServer, ask: Ask) -> None:
    server.api = dripping
    assert ask(server, seconds=1).code == "vinacles_unavailable"


def told(value: str) -> Manners:
    """A workorder whose mileage and appointment are this JSON."""
    body = json.dumps(HEADER)[:-1] + f', "Mileage": {value}, "Model": {value}}}'
    return lambda e: e.reply(200, f'{{"value": [{body}]}}'.encode(), "application/json")


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
