"""A stop that comes to its end.

Celery's prefork pool can wait for ever when a child is killed while it writes its result: the parent holds
the same pipe open, so the end of the child is not seen there. What is not acknowledged then goes to another
worker, so nothing is lost by an end without ceremony; it must only come before the supervisor's patience ends.
"""

import os
import threading

import structlog
from celery.signals import worker_shutting_down

#: Longer than the soft shutdown and than an import may take; shorter than the 40 s of the supervisor.
LAST_SECONDS = 32.0
#: As a program that a SIGTERM ended.
EXIT_CODE = 143

_log = structlog.get_logger(__name__)


def bound_the_stop(seconds: float = LAST_SECONDS) -> None:
    """From now on, the stop of this process takes no longer than this."""

    def begin(**_options: object) -> None:
        timer = threading.Timer(seconds, _end)
        timer.daemon = True
        timer.start()

    worker_shutting_down.connect(begin, weak=False)


def _end() -> None:
    _log.error("stop_took_too_long")
    os._exit(EXIT_CODE)
