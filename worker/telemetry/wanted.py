"""Whether traces and incidents are wanted, and whether what sends them is installed; from values alone."""

import re
from collections.abc import Mapping
from importlib.util import find_spec

from worker.errors import ConfigurationError, ErrorCode

#: OpenTelemetry's own variables; any of these switches traces on.
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_DSN = re.compile(r"https?://[^:@/?#\s]+(:[^@/?#\s]*)?@[^@/?#\s]+/([^?#\s]*/)?[0-9]+")


def wants_traces(environ: Mapping[str, str]) -> bool:
    """Raises `ConfigurationError` where they are wanted and cannot be had."""
    exporter = _said(environ, "OTEL_TRACES_EXPORTER")
    named = [name for name in ENDPOINTS if _said(environ, name)]
    if _said(environ, "OTEL_SDK_DISABLED") == "true" or exporter == "none" or not named:
        return False
    if exporter not in ("", "otlp"):
        raise _refused("OTEL_TRACES_EXPORTER must be otlp or none.", "Set it to otlp, or leave it out.")
    protocol = next((said for name in _PROTOCOLS if (said := _said(environ, name))), "http/protobuf")
    if protocol != "http/protobuf":
        raise _refused(
            "Traces are sent by the protocol http/protobuf alone.",
            "Set OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf, and the endpoint to the collector's port "
            "for it (4318 as a rule).",
        )
    if not installed("opentelemetry.instrumentation.psycopg2"):
        raise _refused(
            f"{named[0]} asks for traces, and what sends them is not installed.",
            "Install it with pip install 'twodrive-claire[otel]', or set OTEL_SDK_DISABLED=true.",
        )
    return True


def is_dsn(text: str) -> bool:
    """Whether it looks like Sentry's: https://key@host/1, with any path before the project's number."""
    return _DSN.fullmatch(text) is not None


def installed(module: str) -> bool:
    """Without importing it; the packages that it is in are."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _said(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name, "").strip().lower()


def _refused(text: str, next_step: str) -> ConfigurationError:
    return ConfigurationError(ErrorCode.CONFIGURATION, text, next_step)
