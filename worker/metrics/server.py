"""`/metrics` for Prometheus and `/healthz` for whoever watches this program; nothing else, and no login."""

import logging
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

Start = Callable[..., Any]
Application = Callable[[dict[str, Any], Start], Iterable[bytes]]


class _Silent(WSGIRequestHandler):
    #: A client that says nothing does not hold a thread for ever.
    timeout = 20

    def log_message(self, format: str, *args: Any) -> None:
        logging.getLogger(__name__).debug(format, *args)


def application(registry: CollectorRegistry) -> Application:
    metrics: Application = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return metrics(environ, start)
        if path == "/healthz":
            start("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"ok\n"]
        start("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
        return [b"Here are /metrics and /healthz.\n"]

    return answer


def listening(registry: CollectorRegistry, address: str, port: int) -> WSGIServer:
    """Bound to `port`, 0 for a free one, and not yet serving. Raises OSError where it cannot listen."""
    return make_server(address, port, application(registry), ThreadingWSGIServer, _Silent)
