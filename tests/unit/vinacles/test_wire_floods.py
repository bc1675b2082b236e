"""More than any answer of ours has, or packed in another way, is not taken in."""

from contextlib import closing
from typing import Any

import pytest

from tests.deadlines import soon
from tests.unit.vinacles.bad_server import BadServer, Exchange, one_after_another
from tests.unit.vinacles.test_wire_failures import flood_trailers
from tests.unit.vinacles.wires import connection_to, wire_with
from worker.errors import VinaclesUnavailable
from worker.vinacles.wire import Wire


def test_a_token_has_no_pages_room(server: BadServer, wire: Wire) -> None:
    server.login = lambda exchange: exchange.reply(200, bytes(70_000))
    assert wire.request_token(connection_to(server.url), soon()).body is None


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "gzip,", "GZIP, deflate", "x"])
def test_what_is_packed_otherwise_than_we_asked_is_not_unpacked(
    server: BadServer, wire: Wire, encoding: str
) -> None:
    def answering(status: int) -> Any:
        return lambda exchange: exchange.reply(status, b"{}", Content_Encoding=encoding)

    server.api = one_after_another(answering(200), answering(503))
    with pytest.raises(VinaclesUnavailable, match="unreadable"):
        wire.get(connection_to(server.url), "/", {}, soon())
    reply = wire.get(connection_to(server.url), "/", {}, soon())
    assert (reply.status, reply.body) == (503, None)


def flood_headers(exchange: Exchange) -> None:
    while True:
        exchange.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000)


@pytest.mark.parametrize("manners", [flood_headers, flood_trailers])
def test_a_flood_ends_long_before_the_deadline(server: BadServer, wire: Wire, manners: Any) -> None:
    server.api = server.login = manners
    deadline = soon(1_000)
    with pytest.raises(VinaclesUnavailable, match="broke off"):
        wire.request_token(connection_to(server.url), deadline)
    with (
        closing(wire_with(most_body_bytes=1_000)) as small,
        pytest.raises(VinaclesUnavailable, match="broke off"),
    ):
        small.get(connection_to(server.url), "/", {}, deadline)
