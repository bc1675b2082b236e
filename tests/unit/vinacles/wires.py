"""Wires, and bad manners that more than one of their tests meets."""

from typing import Any

from schemas.dealer import Connection, Secret
from tests.unit.vinacles.bad_server import TOKEN_PATH, Exchange
from worker.vinacles.wire import Wire, build_session


def connection_to(url: str) -> Connection:
    return Connection(f"{url}/tenant", f"{url}{TOKEN_PATH}", "the audience", "the id", Secret("s&=3cret"))


def wire_with(ca_bundle: str | None = None, **options: Any) -> Wire:
    return Wire(build_session(4, ca_bundle, allow_private=True), **options)


def cut_in_half(exchange: Exchange) -> None:
    exchange.send(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"value"')
    exchange.cut()


def drip_body(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    exchange.drip()
