"""Broken, endless and missing answers: which error they are, and that nobody waits beyond the deadline."""

import socket
from contextlib import closing
from typing import Any

import pytest

from tests.deadlines import soon
from tests.unit.vinacles.bad_server import BadServer, Exchange
from tests.unit.vinacles.wires import connection_to, cut_in_half, drip_body, wire_with
from worker.errors import VinaclesUnavailable
from worker.vinacles.wire import Wire


def cut_in_a_chunk(exchange: Exchange) -> None:
    exchange.send(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n{"value"')
    exchange.cut()


def reset_in_the_body(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    exchange.reset()


def no_http(exchange: Exchange) -> None:
    exchange.send(b"220 mail.example ESMTP\r\n\r\n")


def bad_chunks(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")


def bad_gzip(exchange: Exchange) -> None:
    exchange.reply(200, b"not gzip at all", Content_Encoding="gzip")


def endless_headers(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1_000 + b"\r\n")


@pytest.mark.parametrize(
    "manners",
    [
        Exchange.reset,
        Exchange.cut,
        cut_in_half,
        cut_in_a_chunk,
        reset_in_the_body,
        no_http,
        bad_chunks,
        bad_gzip,
        endless_headers,
    ],
)
def test_broken_answers_can_be_asked_again(server: BadServer, wire: Wire, manners: Any) -> None:
    server.api = manners
    with pytest.raises(VinaclesUnavailable):
        wire.get(connection_to(server.url), "/", {}, soon())


def drip_headers(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
    exchange.drip(b"a")


def drip_chunks(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    exchange.drip(b"1\r\n \r\n")


def drip_chunk_size(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    exchange.drip(b"0")


def flood_trailers(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
    while True:
        exchange.send(b"A: b\r\n" * 1_000)


def drip_error(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\n")
    exchange.drip()


@pytest.mark.parametrize(
    "manners",
    [drip_headers, drip_body, drip_chunks, drip_chunk_size, drip_error, flood_trailers, Exchange.hang],
)
def test_nobody_waits_beyond_the_deadline(server: BadServer, wire: Wire, manners: Any) -> None:
    """Without a bound on the whole answer each of these would go on for ever."""
    server.api = manners
    with pytest.raises(VinaclesUnavailable, match="in time"):
        wire.get(connection_to(server.url), "/", {}, soon(0.3))


def test_silence_ends_before_the_deadline(server: BadServer) -> None:
    server.api = Exchange.hang
    deadline = soon(100)
    with closing(wire_with(read_seconds=0.1)) as wire, pytest.raises(VinaclesUnavailable, match="in time"):
        wire.get(connection_to(server.url), "/", {}, deadline)
    assert deadline.remaining() > 0


def test_a_connection_that_is_not_accepted_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        with (
            closing(wire_with(connect_seconds=0.1)) as wire,
            pytest.raises(VinaclesUnavailable, match="in time"),
        ):
            wire.get(connection_to(url), "/", {}, soon())
        for client in waiting:
            client.close()


def test_nothing_is_sent_after_the_deadline(server: BadServer, wire: Wire) -> None:
    with pytest.raises(VinaclesUnavailable, match="in time"):
        wire.get(connection_to(server.url), "/", {}, soon(0))
    assert server.requests == []


def test_a_server_that_is_not_there(wire: Wire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(VinaclesUnavailable, match="reached"):
        wire.get(connection_to(f"http://127.0.0.1:{port}"), "/", {}, soon())
