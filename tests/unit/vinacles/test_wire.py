"""What really goes over the wire, and what bad manners lead to."""

import gzip
import logging
import socket
import ssl
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from schemas.dealer import Connection, Secret
from tests.unit.vinacles.bad_server import TOKEN_PATH, BadServer, Exchange, one_after_another
from worker.deadline import Deadline
from worker.errors import ConfigurationError, ErrorCode, VinaclesRefused, VinaclesUnavailable
from worker.vinacles.wire import Wire, build_session, checked_url


def connection_to(url: str) -> Connection:
    return Connection(f"{url}/tenant", f"{url}{TOKEN_PATH}", "the audience", "the id", Secret("s&=3cret"))


def wire_with(ca_bundle: str | None = None, **options: Any) -> Wire:
    return Wire(build_session(4, ca_bundle, allow_private=True), **options)


@pytest.fixture
def wire() -> Iterator[Wire]:
    with closing(wire_with()) as wire:
        yield wire


def soon(seconds: float = 20) -> Deadline:
    return Deadline.after(seconds)


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


def cut_in_half(exchange: Exchange) -> None:
    exchange.send(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"value"')
    exchange.cut()


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


def drip_body(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    exchange.drip()


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


@pytest.fixture
def secure_server(tmp_path: Path) -> Iterator[tuple[BadServer, str]]:
    """A server with a certificate of its own making, and the file to trust it by."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = BadServer(tls=context)
    yield server, str(pem)
    server.close()


def test_tls_with_a_trusted_certificate_ends_with_the_deadline_too(
    secure_server: tuple[BadServer, str],
) -> None:
    server, pem = secure_server
    connection = connection_to(server.url.replace("127.0.0.1", "localhost"))
    with closing(wire_with(pem)) as wire:
        assert wire.get(connection, "/", {}, soon()).status == 200
        server.api = drip_body
        with pytest.raises(VinaclesUnavailable, match="in time"):
            wire.get(connection, "/", {}, soon(0.5))


@pytest.mark.parametrize("trusted", [False, True])
def test_an_unknown_or_wrongly_named_certificate_is_a_configuration_error(
    secure_server: tuple[BadServer, str], trusted: bool
) -> None:
    server, pem = secure_server
    with (
        closing(wire_with(pem if trusted else None)) as wire,
        pytest.raises(ConfigurationError, match="certificate"),
    ):
        wire.get(connection_to(server.url), "/", {}, soon())
    assert server.requests == []


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
