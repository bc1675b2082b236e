"""The wire: tornado's HTTP server below its request handlers, which leaves room for bad manners."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Sequence
from http.client import responses
from typing import cast

from tornado.http1connection import HTTP1Connection
from tornado.httpserver import HTTPServer
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.iostream import IOStream, StreamClosedError
from tornado.netutil import bind_sockets

from sandbox.simulator.admin_routes import ADMIN, AdminRoutes
from sandbox.simulator.answers import Answer
from sandbox.simulator.arming import Target
from sandbox.simulator.faults import Fault, FaultKind
from sandbox.simulator.journal import Entry
from sandbox.simulator.site import Request, Site

_DRIPS = 20
_BODYLESS = (204, 304)  # RFC 9110, 6.4.1
_MAX_HEADERS = 1 << 20
_TIMED_OUT = Answer(504, b"upstream request timeout", "text/plain")


class Server(HTTPServerConnectionDelegate):
    """Serves `site` on `host`, with `tls` over TLS; `port` is the one that the system gave where
    0 was asked."""

    def __init__(self, site: Site, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.site = site
        self.admin = AdminRoutes(site)
        self.tasks: set[asyncio.Task[None]] = set()
        self._server = HTTPServer(
            self, ssl_options=tls, max_header_size=_MAX_HEADERS, idle_connection_timeout=600
        )
        sockets = bind_sockets(port, host)
        self._server.add_sockets(sockets)
        self.port: int = sockets[0].getsockname()[1]

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        return _Exchange(self, cast(HTTP1Connection, request_conn))

    def on_close(self, server_conn: object) -> None:
        """A client has gone; its exchange notices by itself."""

    async def stop(self) -> None:
        self._server.stop()
        for task in self.tasks:
            task.cancel()
        await self._server.close_all_connections()


class _Exchange(HTTPMessageDelegate):
    """One request and its answer."""

    def __init__(self, server: Server, connection: HTTP1Connection) -> None:
        self._server = server
        self._connection = connection
        self._body: list[bytes] = []
        self._began = False

    def headers_received(self, start_line: object, headers: HTTPHeaders) -> None:
        self._start = cast(RequestStartLine, start_line)
        self._headers = headers

    def data_received(self, chunk: bytes) -> None:
        self._body.append(chunk)

    def finish(self) -> None:
        site = self._server.site
        request = Request(self._start.method, self._start.path, self._headers, b"".join(self._body))
        if request.target.startswith(ADMIN):
            self._send(self._server.admin.answer(request, self._from_loopback()))
            return
        began = site.clock.seconds()
        answer, faults, target = site.handle(request)
        wait = site.settings.latency_ms / 1000
        if not wait and not faults:
            self._send(answer)
            self._record(request, target, answer.status, began)
            return
        task = asyncio.get_running_loop().create_task(
            self._later(request, answer, faults, target, wait, began)
        )
        self._server.tasks.add(task)
        task.add_done_callback(self._server.tasks.discard)

    def on_connection_close(self) -> None:
        """The client has gone before its answer."""

    def _from_loopback(self) -> bool:
        address = getattr(self._connection.context, "remote_ip", "")
        return str(address).startswith("127.") or address == "::1"

    async def _later(
        self,
        request: Request,
        answer: Answer,
        faults: Sequence[Fault],
        target: Target,
        wait: float,
        began: float,
    ) -> None:
        status: int | None = answer.status
        with contextlib.suppress(StreamClosedError):
            try:
                async with asyncio.timeout(self._server.site.settings.ingress_seconds):
                    await asyncio.sleep(wait + sum(f.seconds for f in faults if f.kind is FaultKind.SLOW))
                    status = await self._delivered(answer, faults)
            except TimeoutError:
                status = self._ended_by_ingress(answer)
        self._record(request, target, status, began)

    async def _delivered(self, answer: Answer, faults: Sequence[Fault]) -> int | None:
        """Returns the status that the client sees, None after a reset."""
        manners = next((fault for fault in faults if fault.kind in _MANNERS), None)
        if manners is not None and manners.kind is FaultKind.RESET:
            self._reset()
            return None
        if manners is None or self._is_bodyless(answer):
            self._send(answer)
        elif manners.kind is FaultKind.DRIP:
            await self._drip(answer, manners.seconds)
        else:
            await self._cut(answer)
        return answer.status

    def _ended_by_ingress(self, answer: Answer) -> int:
        if self._began:
            self._connection.stream.close()
            return answer.status
        self._send(_TIMED_OUT)
        return _TIMED_OUT.status

    def _record(self, request: Request, target: Target, status: int | None, began: float) -> None:
        site = self._server.site
        path, _, query = request.target.partition("?")
        headers = tuple(self._headers.get_all())
        duration_ms = (site.clock.seconds() - began) * 1000
        site.journal.add(Entry(request.method, path, query, headers, status, began, duration_ms), target.name)

    def _send(self, answer: Answer) -> None:
        if self._connection.stream.closed():
            return
        start, headers = _head(answer)
        body = None if self._is_bodyless(answer) else answer.body or None
        self._connection.write_headers(start, headers, body)
        self._connection.finish()

    def _is_bodyless(self, answer: Answer) -> bool:
        return self._start.method == "HEAD" or answer.status in _BODYLESS

    async def _drip(self, answer: Answer, seconds: float) -> None:
        start, headers = _head(answer)
        self._began = True
        await self._connection.write_headers(start, headers)
        size = max(1, -(-len(answer.body) // _DRIPS))
        for position in range(0, len(answer.body), size):
            await asyncio.sleep(seconds / _DRIPS)
            await self._connection.write(answer.body[position : position + size])
        self._connection.finish()

    async def _cut(self, answer: Answer) -> None:
        start, headers = _head(answer)
        stream = self._connection.detach()
        lines = [f"HTTP/1.1 {start.code} {start.reason}"]
        lines += [f"{name}: {value}" for name, value in headers.get_all()]
        head = "\r\n".join(lines).encode() + b"\r\n\r\n"
        await stream.write(head + answer.body[: len(answer.body) // 2])
        stream.close()

    def _reset(self) -> None:
        stream: IOStream = self._connection.detach()
        # A zero linger time turns the close into a reset.
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        stream.close()


_MANNERS = {FaultKind.DRIP, FaultKind.CUT, FaultKind.RESET}


def _head(answer: Answer) -> tuple[ResponseStartLine, HTTPHeaders]:
    headers = HTTPHeaders()
    if answer.content_type is not None:
        headers["Content-Type"] = answer.content_type
    if answer.status not in _BODYLESS:
        headers["Content-Length"] = str(len(answer.body))
    for name, value in answer.headers.items():
        headers[name] = value
    if answer.close:
        headers["Connection"] = "close"
    reason = responses.get(answer.status, "Unknown")
    return ResponseStartLine("HTTP/1.1", answer.status, reason), headers
