"""No wait for PostgreSQL is endless: a connection whose server has fallen silent is cut.

libpq waits for an answer as long as it takes, and a server that is frozen, or whose disk is, ends no
statement by its own time limits. So each statement, commit and rollback is watched here, COPY included; at
the limit the connection is shut down under it, and psycopg2 raises an OperationalError in the waiting thread.
"""

import math
import os
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from psycopg2 import extensions

from worker.deadline import Deadline

#: What is begun when the deadline has passed, a rollback for example, still gets this much.
_LEAST_SECONDS = 1.0
#: Below two seconds libpq takes two.
_LEAST_CONNECT_SECONDS = 2


class Watch:
    """One transaction. `at` is when its present wait ends, on the monotonic clock."""

    def __init__(self, silence_seconds: float, deadline: Deadline | None) -> None:
        self._silence_seconds = silence_seconds
        self._deadline = deadline
        self._line: int | None = None
        self.at = math.inf

    def waits_on(self, line: int) -> None:
        """A statement is about to be sent down this line."""
        self._line = line
        self.at = time.monotonic() + self.seconds()

    def seconds(self) -> float:
        left = math.inf if self._deadline is None else self._deadline.remaining()
        return max(_LEAST_SECONDS, min(self._silence_seconds, left))

    def cut(self) -> None:
        if self._line is not None:
            with socket.socket(fileno=os.dup(self._line)) as line:
                try:
                    line.shutdown(socket.SHUT_RDWR)
                except OSError:  # gone already
                    return


_current: ContextVar[Watch | None] = ContextVar("watch", default=None)


class WatchedConnection(extensions.connection):
    """Tells the watch of its thread before it waits for the server."""

    _line: int | None = None

    def cursor(self, *args: Any, **options: Any) -> Any:
        self._tell()
        return super().cursor(*args, **options)

    def commit(self) -> None:
        self._tell()
        super().commit()

    def rollback(self) -> None:
        self._tell()
        super().rollback()

    def _tell(self) -> None:
        watch = _current.get()
        if watch is None or self.closed:
            return
        if self._line is None:
            # A second descriptor of the same line: it stays ours when libpq closes its own, and so never
            # means somebody else's file.
            self._line = os.dup(self.fileno())
            weakref.finalize(self, os.close, self._line)
        watch.waits_on(self._line)


class Watchman:
    """Cuts the connections of watches whose time has come, from one thread per process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._watches: set[Watch] = set()
        self._wakes_at = math.inf
        self._thread: threading.Thread | None = None

    @contextmanager
    def watching(self, silence_seconds: float, deadline: Deadline | None) -> Iterator[None]:
        """In this block, this thread waits for PostgreSQL no longer than `silence_seconds` for one answer,
        and no longer than until `deadline`."""
        watch = Watch(silence_seconds, deadline)
        token = _current.set(watch)
        self._add(watch)
        try:
            yield
        finally:
            with self._changed:
                self._watches.discard(watch)
            _current.reset(token)

    def _add(self, watch: Watch) -> None:
        with self._changed:
            self._watches.add(watch)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="postgres-watch", daemon=True)
                self._thread.start()
            # Waking it each time would cost more than the statement that is watched.
            elif self._clock() + watch.seconds() < self._wakes_at:
                self._changed.notify()

    def _watch(self) -> None:
        with self._changed:
            while True:
                now = self._clock()
                for watch in self._watches:
                    if watch.at <= now:
                        watch.at = math.inf
                        watch.cut()
                soonest = min(
                    (min(watch.at, now + watch.seconds()) for watch in self._watches), default=math.inf
                )
                self._wakes_at = soonest
                self._changed.wait(None if soonest == math.inf else max(0.0, soonest - now))


def connect_within_the_watch(
    _dialect: object, _record: object, _args: object, options: dict[str, Any]
) -> None:
    """For SQLAlchemy's event `do_connect`: connecting takes no longer than the transaction may."""
    watch = _current.get()
    if watch is not None:
        seconds = math.ceil(min(options["connect_timeout"], watch.seconds()))
        options["connect_timeout"] = max(_LEAST_CONNECT_SECONDS, seconds)
