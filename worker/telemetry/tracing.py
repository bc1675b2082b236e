"""Traces by OpenTelemetry: one for each task, with its requests to Vinacles and its statements.

The task's own span is made here rather than by opentelemetry-instrumentation-celery, which leaves a span open
for ever where a message could not be sent, and makes one endless trace of a dealer's refresh, whose turns
wake each other.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.psycopg2 import Psycopg2Instrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.instrumentation.threading import ThreadingInstrumentor
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from worker.errors import ErrorCode
from worker.telemetry import identifiers
from worker.telemetry.discreet import PREFIX, DiscreetExporter

#: A collector that does not answer holds the end of a process no longer.
_LAST_SECONDS = 3.0


class Tracing:
    """One per process, built after a fork. Endpoint, headers, sampling and so on are OpenTelemetry's own
    variables. Spans are sent by a thread of their own; what a slow collector does not take is dropped."""

    def __init__(self, version: str) -> None:
        self._provider = TracerProvider(resource=_resource(version), shutdown_on_exit=False)
        self._provider.add_span_processor(Heirs())
        self._provider.add_span_processor(BatchSpanProcessor(DiscreetExporter(OTLPSpanExporter())))
        self._tracer = self._provider.get_tracer("twodrive", version)
        # Vinacles is asked by threads of a pool; by this their spans belong to the task that waits.
        ThreadingInstrumentor().instrument()
        RequestsInstrumentor().instrument(tracer_provider=self._provider, request_hook=_name_by_path)
        Psycopg2Instrumentor().instrument(tracer_provider=self._provider)

    @contextmanager
    def work(self, name: str, traceparent: str | None) -> Iterator[None]:
        with self._tracer.start_as_current_span(
            name,
            context=_sender(traceparent),
            kind=trace.SpanKind.CONSUMER,
            attributes={PREFIX + key: value for key, value in identifiers().items()},
            record_exception=False,
            set_status_on_exception=False,
        ):
            yield

    def failed(self, code: ErrorCode, _error: Exception) -> None:
        span = trace.get_current_span()
        span.set_attribute("error.type", code.value)
        span.set_status(trace.StatusCode.ERROR)

    def close(self) -> None:
        # The library's own end may take 30 s.
        end = threading.Thread(target=self._provider.shutdown, name="last-spans", daemon=True)
        end.start()
        end.join(_LAST_SECONDS)


class Heirs(SpanProcessor):
    """Each span has the identifiers of the work that it is part of, whichever thread it is in."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        parent = trace.get_current_span(parent_context)
        known = parent.attributes if isinstance(parent, Span) else None
        for name, value in (known or {}).items():
            if name.startswith(PREFIX):
                span.set_attribute(name, value)


def _resource(version: str) -> Resource:
    given = OTELResourceDetector().detect().attributes
    return Resource.create({"service.name": "twodrive", "service.version": version, **given})


def _sender(traceparent: str | None) -> Context:
    """Of what a sender may have sent along the trace alone: `tracestate` and `baggage` may hold anything, and
    would be passed on to Vinacles."""
    carrier = {} if traceparent is None else {"traceparent": traceparent}
    return TraceContextTextMapPropagator().extract(carrier, Context())


def _name_by_path(span: Any, request: Any) -> None:
    """The query, in which somebody's plate stands, is left out."""
    path = urlsplit(request.url).path
    span.update_name(f"{request.method} {path}")
    span.set_attribute("url.path", path)
