"""One event per line: a fixed name and identifiers, never a person's data.

JSON for machines, columns for people. Library loggers (Celery, SQLAlchemy, …) go the same way.
"""

import logging
import sys

import structlog
from structlog.types import Processor

from worker.environment import load
from worker.settings import Settings

_SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def set_up(settings: Settings | None = None) -> None:
    """Send every log line of this process to standard error in the configured format."""
    chosen = settings or load()
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_SHARED],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderer(chosen.log_format),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(chosen.log_level.upper())
    # Their success lines repeat results and request lines repeat URLs; ours say the same without them.
    logging.getLogger("celery.app.trace").setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.WARNING)


def _renderer(log_format: str) -> tuple[Processor, ...]:
    if log_format == "console" or (log_format == "auto" and sys.stderr.isatty()):
        return (structlog.dev.ConsoleRenderer(),)
    return (structlog.processors.format_exc_info, structlog.processors.JSONRenderer(sort_keys=True))
