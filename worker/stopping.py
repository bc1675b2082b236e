"""A stop that comes to its end.

Celery's prefork pool can wait for ever when a child is killed while it writes its result: the parent holds
the same pipe open, so the end of the child is not seen there. What is not acknowledged then goes to another
worker, so nothing is lost by an end without ceremony; it need only come before the supervisor loses patience.
"""

import os
import signal
import threading
from types import FrameType
from typing import Any

from celery.signals import worker_ready

#: Longer than the soft shutdown and than an import may take; shorter than the 40 s of the supervisor.
LAST_SECONDS = 32.0
#: As of a program that a SIGTERM ended.
EXIT_CODE = 143


def bound_the_stop(seconds: float = LAST_SECONDS) -> None:
    """Once a worker of this process is ready, its stop takes no longer than this."""

    def ready(**_options: object) -> None:
        for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT):
            _before(number, seconds)

    worker_ready.connect(ready, weak=False)


def _before(number: signal.Signals, seconds: float) -> None:
    """Start the clock before Celery's own handler, which may be what does not come to an end."""
    celerys: Any = signal.getsignal(number)
    parent = os.getpid()

    def handle(received: int, frame: FrameType | None) -> None:
        if os.getpid() == parent:
            timer = threading.Timer(seconds, _end)
            timer.daemon = True
            timer.start()
        celerys(received, frame)

    if callable(celerys):
        signal.signal(number, handle)


def _end() -> None:
    # Not by the log: whoever hangs may hold its lock.
    os.write(2, b'{"event": "stop_took_too_long", "level": "error"}\n')
    os._exit(EXIT_CODE)
