"""What a server in other hands may send: floods, bombs, pages that never end, values that no column has."""

import itertools
import json
import zlib
from typing import Any

from tests.unit.vinacles.bad_server import Exchange, Hung, Manners
from worker.vinacles.wire import MOST_BODY_BYTES

MIB = 1024 * 1024
_JSON = b"Content-Type: application/json\r\n"


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
    body = b" " * (100 * MIB)
    for _ in range(times):
        packer = zlib.compressobj(wbits=wbits)
        body = packer.compress(body) + packer.flush()
    return body_of(len(body), body, headers=b"Content-Encoding: " + encoding + b"\r\n")


def bottomless_gzip(exchange: Exchange) -> None:
    """A gzip stream that comes to no end: a block of blanks, again and again."""
    packer = zlib.compressobj(wbits=31)
    start = packer.compress(b" " * MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b" " * MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    head = b"HTTP/1.1 200 OK\r\n" + _JSON + b"Content-Encoding: gzip\r\n\r\n"
    endless(head + start, block)(exchange)


_OK, _CHUNKED = b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
_CHUNK = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
BODIES: dict[str, Manners] = {
    "100 MB announced": body_of(100_000_000, b" " * MIB),
    "100 MB in chunks": endless(_CHUNKED + _JSON + b"\r\n", _CHUNK),
    "100 MB until the end of the connection": endless(_OK + _JSON + b"\r\n", b" " * MIB),
    "100 MB announced as an error": lambda e: endless(b"HTTP/1.1 400 No\r\n\r\n", b" " * MIB)(e),
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


def page(start: bytes, piece: bytes, end: bytes, size: int = MOST_BODY_BYTES - MIB) -> Manners:
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


def dripping(exchange: Exchange) -> None:
    exchange.send(_CHUNKED + _JSON + b"\r\n")
    exchange.drip(b"1\r\n \r\n")


def told(value: str) -> Manners:
    """A workorder whose mileage and appointment are this JSON."""
    body = json.dumps(HEADER)[:-1] + f', "Mileage": {value}, "Model": {value}}}'
    return lambda e: e.reply(200, f'{{"value": [{body}]}}'.encode(), "application/json")
