"""Stands in for an OpenTelemetry collector and for Sentry: keeps what is sent to it."""

import gzip
import json
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_PLAIN: Mapping[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "deflate": zlib.decompress}


@dataclass(frozen=True)
class Span:
    """Ids in hexadecimal; `parent` is empty where there is none."""

    name: str
    trace: str
    id: str
    parent: str
    attributes: Mapping[str, Any]
    failed: bool


@dataclass
class Collector:
    """`bodies` are as they came, unpacked, by the path they came to."""

    url: str = ""
    bodies: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def dsn(self) -> str:
        return self.url.replace("http://", "http://publickey@") + "/1"

    def spans(self) -> list[Span]:
        requests = [
            ExportTraceServiceRequest.FromString(body) for path, body in self.bodies if "trace" in path
        ]
        return [
            Span(
                name=span.name,
                trace=span.trace_id.hex(),
                id=span.span_id.hex(),
                parent=span.parent_span_id.hex(),
                attributes={item.key: _value(item.value) for item in span.attributes},
                failed=span.status.code == span.status.STATUS_CODE_ERROR,
            )
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def services(self) -> set[str]:
        requests = [
            ExportTraceServiceRequest.FromString(body) for path, body in self.bodies if "trace" in path
        ]
        return {
            item.value.string_value
            for request in requests
            for resource in request.resource_spans
            for item in resource.resource.attributes
            if item.key == "service.name"
        }

    def events(self) -> list[dict[str, Any]]:
        """The events among the items of Sentry's envelopes, which are lines of JSON."""
        lines = [body.splitlines() for path, body in self.bodies if path.endswith("/envelope/")]
        return [
            json.loads(content)
            for envelope in lines
            for head, content in zip(envelope[1::2], envelope[2::2], strict=True)
            if json.loads(head)["type"] == "event"
        ]

    def everything(self) -> str:
        return "\n".join(body.decode(errors="replace") for _, body in self.bodies)


def _value(value: Any) -> Any:
    return getattr(value, value.WhichOneof("value"))


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            plain = _PLAIN.get(self.headers.get("Content-Encoding", ""), bytes)
            collector.bodies.append((self.path, plain(body)))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
