"""What leaves of a span: attributes by name, no texts of exceptions, nothing of a URL but host and path."""

from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status

from worker.telemetry import IDENTIFIERS

#: Our own attributes begin so.
PREFIX = "twodrive."
#: The statement is the code's, with placeholders where values will be.
_STATEMENTS = frozenset({"db.statement", "db.query.text"})
#: In the older and the newer names of OpenTelemetry, which OTEL_SEMCONV_STABILITY_OPT_IN chooses between.
_PLAIN = frozenset(
    {
        *(PREFIX + name for name in IDENTIFIERS),
        *("error.type", "url.path", "server.address", "server.port", "net.peer.name", "net.peer.port"),
        *("http.method", "http.request.method", "http.status_code", "http.response.status_code"),
        *("db.system", "db.system.name", "db.name", "db.namespace", "db.operation.name"),
    }
)


def discreet(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Those that may leave."""
    return {
        name: value
        for name, value in attributes.items()
        if name in _PLAIN or (name in _STATEMENTS and isinstance(value, str))
    }


class DiscreetExporter(SpanExporter):
    """Sends what is left of each span. Its events go, since they are exceptions with their texts, and so
    does the text of its status."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([_without_the_rest(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _without_the_rest(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=discreet(span.attributes or {}),
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
