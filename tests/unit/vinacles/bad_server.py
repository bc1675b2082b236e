"""An HTTP server on loopback with the manners a test gives it: raw sockets, so that anything can be sent."""

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

TOKEN_PATH = "/oauth/token"


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def options(self) -> dict[str, str]:
        """The query as Data API builder sees it, each value decoded once."""
        pairs = (part.partition("=") for part in self.target.partition("?")[2].split("&"))
        return {name: unquote(value) for name, _, value in pairs}

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))

    @property
    def bearer(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")


class Hung(Exception):
    """The manners end the connection."""


@dataclass
class Exchange:
    """One request with the means to answer it."""

    request: Request
    socket: socket.socket
    stopping: threading.Event

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def reply(self, status: int = 200, body: bytes = b"", kind: str | None = None, **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
        if kind:
            lines.append(f"Content-Type: {kind}")
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join([*lines, "", ""]).encode() + body)

    def json(self, document: object, status: int = 200, **headers: str) -> None:
        self.reply(status, json.dumps(document).encode(), "application/json; charset=utf-8", **headers)

    def rows(self, *rows: Mapping[str, Any], next_link: str | None = None) -> None:
        self.json({"value": rows} | ({"nextLink": next_link} if next_link else {}))

    def error(self, status: int, code: str = "Whatever", **headers: str) -> None:
        error = {"code": code, "message": "a secret message", "status": status}
        self.json({"error": error}, status, **headers)

    def reset(self) -> None:
        """RST instead of an answer."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Hung

    def cut(self) -> None:
        """FIN, whatever was promised."""
        raise Hung

    def hang(self) -> None:
        """Say nothing until the test is over."""
        self.stopping.wait()
        raise Hung

    def drip(self, data: bytes = b" ") -> None:
        """Send `data` again and again, until the client has had enough."""
        while not self.stopping.wait(0.01):
            self.send(data)
        raise Hung


Manners = Callable[[Exchange], None]


@dataclass
class BadServer:
    """`api` answers everything but the token URL, which gives out `token-1`, `token-2`, … unless `login`
    says otherwise."""

    api: Manners = lambda exchange: exchange.rows()
    login: Manners | None = None
    tls: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._open: list[socket.socket] = []
        self._issued = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def asked(self) -> list[Request]:
        """What reached the API."""
        return [request for request in self.requests if request.path != TOKEN_PATH]

    @property
    def logins(self) -> list[Request]:
        return [request for request in self.requests if request.path == TOKEN_PATH]

    @property
    def connections(self) -> int:
        """How many were accepted, whatever was said on them."""
        return len(self._open)

    def issue(self, exchange: Exchange, expires_in: object = 86_400) -> None:
        with self._lock:
            self._issued += 1
            token = f"token-{self._issued}"
        exchange.json({"access_token": token, "token_type": "Bearer", "expires_in": expires_in})

    def close(self) -> None:
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, plain: socket.socket) -> None:
        with plain, contextlib.suppress(OSError, Hung):
            connection = self.tls.wrap_socket(plain, server_side=True) if self.tls else plain
            with connection, connection.makefile("rb") as stream:
                for request in _requests(stream):
                    with self._lock:
                        self.requests.append(request)
                    self._answer(Exchange(request, connection, self._stopping))

    def _answer(self, exchange: Exchange) -> None:
        if exchange.request.path != TOKEN_PATH:
            self.api(exchange)
        elif self.login:
            self.login(exchange)
        else:
            self.issue(exchange)


def one_after_another(*manners: Manners) -> Manners:
    """Each request gets the next of `manners`, the last one again and again."""
    lock, waiting = threading.Lock(), list(manners)

    def answer(exchange: Exchange) -> None:
        with lock:
            chosen = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        chosen(exchange)

    return answer


def by_entity(**manners: Manners) -> Manners:
    """Manners per entity of the API."""
    return lambda exchange: manners[exchange.request.path.rpartition("/")[2]](exchange)


def _requests(stream: Any) -> Iterator[Request]:
    while line := stream.readline().decode().rstrip("\r\n"):
        method, target, _ = line.split(" ")
        headers = {}
        while header := stream.readline().decode().rstrip("\r\n"):
            name, _, value = header.partition(":")
            headers[name.strip().lower()] = value.strip()
        yield Request(method, target, headers, stream.read(int(headers.get("content-length", 0))))
