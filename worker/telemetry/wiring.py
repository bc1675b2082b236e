"""Builds what settings ask for, once per process."""

from importlib.metadata import version

import structlog

from worker import unforeseen
from worker.settings import Settings
from worker.telemetry import Observer, Telemetry

_VERSION = version("twodrive-claire")
_log = structlog.get_logger(__name__)


def telemetry(settings: Settings) -> Telemetry:
    """What this process tells besides its log; it changes libraries for the whole process. They are extras,
    and are imported only where a setting asks for them."""
    observers: list[Observer] = []
    try:
        if settings.traces:
            from worker.telemetry.tracing import Tracing

            observers.append(Tracing(_VERSION))
        if settings.sentry_dsn:
            from worker.telemetry.incidents import Incidents

            observers.append(Incidents(settings.sentry_dsn, _VERSION))
    except Exception as error:
        # Of a variable of OpenTelemetry or Sentry that they cannot read; imports go on.
        _log.error("telemetry_not_started", kind=type(error).__name__, at=unforeseen.places(error))
    if observers:
        _log.info("telemetry_started", observers=[type(observer).__name__ for observer in observers])
    return Telemetry(observers)
