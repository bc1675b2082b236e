"""What really goes over the wire, and what bad manners lead to."""

import gzip
import logging
import tracemalloc
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.deadlines import soon
from tests.unit.vinacles.bad_server import TOKEN_PATH, BadServer, Exchange, one_after_another
from tests.unit.vinacles.wires import connection_to, cut_in_half, wire_with
from worker.errors import ConfigurationError, ErrorCode, VinaclesRefused, VinaclesUnavailable
from worker.vinacles.wire import Wire, checked_url


def test_a_get_as_the_server_sees_it(server: BadServer, wire: Wire) -> None:
    server.api = lambda exchange: exchange.json({"a": 1}, X_Other="1")
    deadline = soon()
    reply = wire.get(
        connection_to(server.url + "/"),
        "/api/X?$filter=A%20eq%20%27b%2B%27",
        {"Authorization": "Bearer t"},
        deadline,
    )
    assert (reply.status, reply.body, reply.headers["x-other"]) == (200, b'{"a": 1}', "1")
    assert reply.started_at <= deadline.clock()
    [request] = server.requests
    assert request.method == "GET"
    assert request.target.endswith("/tenant/api/X?$filter=A%20eq%20%27b%2B%27")
    assert request.body == b""
    assert request.headers["accept"] == "application/json"
    assert request.headers["accept-encoding"] == "gzip"
    assert request.headers["user-agent"].startswith("twodrive-claire/")
    assert request.headers["authorization"] == "Bearer t"


def test_a_token_request_is_an_encoded_form(server: BadServer, wire: Wire) -> None:
    assert wire.request_token(connection_to(server.url), soon()).status == 200
    [request] = server.requests
    assert (request.method, request.target) == ("POST", TOKEN_PATH)
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.form == {
        "grant_type": "client_credentials",
        "client_id": "the id",
        "client_secret": "s&=3cret",
        "audience": "the audience",
    }


def test_only_get_below_the_base_url_and_post_to_the_token_url_can_be_said() -> None:
    assert {name for name in vars(Wire) if not name.startswith("_")} == {"get", "request_token", "close"}


def test_one_connection_serves_many_requests(server: BadServer, wire: Wire) -> None:
    ports = []

    def api(exchange: Exchange) -> None:
        ports.append(exchange.socket.getpeername()[1])
        exchange.error(503) if len(ports) == 2 else exchange.rows()

    server.api = api
    for _ in range(4):
        wire.get(connection_to(server.url), "/", {}, soon())
    assert len(ports) == 4
    assert len(set(ports)) == 1


def test_cookies_are_not_kept(server: BadServer, wire: Wire) -> None:
    server.api = lambda exchange: exchange.json({}, Set_Cookie="a=b; Path=/")
    for _ in range(2):
        wire.get(connection_to(server.url), "/", {}, soon())
    assert all("cookie" not in request.headers for request in server.requests)


def test_the_environment_is_not_looked_at(
    server: BadServer, wire: Wire, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert wire.get(connection_to(server.url), "/", {}, soon()).status == 200
    assert "authorization" not in server.requests[0].headers


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_and_its_target_never_asked(
    server: BadServer, wire: Wire, status: int
) -> None:
    foreign = BadServer()
    with closing(foreign):
        server.api = lambda exchange: exchange.reply(status, Location=f"{foreign.url}/x")
        server.login = server.api
        connection = connection_to(server.url)
        assert wire.get(connection, "/", {"Authorization": "Bearer t"}, soon()).status == status
        assert wire.request_token(connection, soon()).status == status
        assert foreign.requests == []


def test_a_compressed_body_is_unpacked(server: BadServer, wire: Wire) -> None:
    server.api = lambda exchange: exchange.reply(
        200, gzip.compress(b"hello" * 1_000), Content_Encoding="gzip"
    )
    assert wire.get(connection_to(server.url), "/", {}, soon()).body == b"hello" * 1_000


@pytest.mark.parametrize("chunked", [False, True])
def test_a_compressed_bomb_is_not_unpacked_in_full(server: BadServer, wire: Wire, chunked: bool) -> None:
    bomb = gzip.compress(bytes(100_000_000))

    def api(exchange: Exchange) -> None:
        if not chunked:
            exchange.reply(200, bomb, Content_Encoding="gzip")
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n")
        exchange.send(f"{len(bomb):x}\r\n".encode() + bomb + b"\r\n0\r\n\r\n")

    server.api = api
    small = wire_with(most_body_bytes=1_000_000)
    with closing(small):
        tracemalloc.start()
        try:
            assert small.get(connection_to(server.url), "/", {}, soon()).body is None
            assert tracemalloc.get_traced_memory()[1] < 20_000_000
        finally:
            tracemalloc.stop()


def test_the_body_of_an_error_is_read_only_so_far(server: BadServer, wire: Wire) -> None:
    server.api = lambda exchange: exchange.reply(500, bytes(70_000))
    reply = wire.get(connection_to(server.url), "/", {}, soon())
    assert (reply.status, reply.body) == (500, None)


def test_a_request_line_that_servers_refuse_is_not_sent(server: BadServer, wire: Wire) -> None:
    with pytest.raises(VinaclesRefused, match="too long"):
        wire.get(connection_to(server.url), "/?" + "a" * 7_000, {}, soon())
    assert server.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "https://host.example",
        "https://host.example:8443/tenant/",
        "https://1.1.1.1",
        "https://[2606:4700:4700::1111]:8443",
    ],
)
def test_good_addresses(url: str) -> None:
    assert checked_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host.example",
        "http://host.example",
        "http://localhost.evil.example",
        "ftp://127.0.0.1",
        "https://",
        "https://user:pass@host.example",
        "https://host.example?x=1",
        "https://host.example#x",
        "https://host.example\\@evil.example",
        "https://host example",
        "https://host.example/\r\nX: 1",
        "https://hóst.example",
        "https://host.example:99999",
        "https://[::1",
    ],
)
def test_bad_addresses_are_a_configuration_error(wire: Wire, url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        wire.get(replace(connection_to("https://x.example"), base_url=url), "/", {}, soon())
    assert caught.value.code is ErrorCode.CONFIGURATION
    with pytest.raises(ConfigurationError):
        wire.request_token(replace(connection_to("https://x.example"), token_url=url), soon())


def test_a_host_that_no_url_can_hold_is_a_configuration_error(wire: Wire) -> None:
    with pytest.raises(ConfigurationError):
        wire.get(connection_to(f"https://{'a' * 70}..example"), "/", {}, soon())


def test_no_log_line_holds_what_was_asked(
    server: BadServer, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def bad_header(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nbroken\r\n\r\n{}")

    server.api = one_after_another(Exchange.rows, bad_header, cut_in_half)
    asked = ("/api/X?$filter=typed", {"Authorization": "Bearer hush"})
    for _ in range(2):
        wire.get(connection_to(server.url), *asked, soon())
    with pytest.raises(VinaclesUnavailable) as caught:
        wire.get(connection_to(server.url), *asked, soon())
    for shown in (repr(caught.value), caplog.text):
        assert "typed" not in shown
        assert "hush" not in shown
