"""Writes for `worker.health` what the worker's loop, or beat's, does."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
from celery import bootsteps
from celery.beat import PersistentScheduler

from worker import refusals
from worker.environment import load
from worker.health import Pulse
from worker.refusals import Refusal

_EVERY_SECONDS = 1.0
#: What kombu raises for an entry of a queue that is no message at all.
UNREADABLE = (AttributeError, KeyError, RecursionError, TypeError, ValueError)

_log = structlog.get_logger(__name__)


class Heartbeat:
    """The pulse of this process; a program without TWODRIVE_HEALTH_PATH has none."""

    def __init__(
        self,
        path: Path | None,
        name: str,
        clock: Callable[[], float] = time.monotonic,
        asks: str = "the broker",
    ) -> None:
        self._path = path
        self._name = name
        self._clock = clock
        self._asks = asks
        self._polled_at = clock()
        self._away_since: float | None = None
        self._busy_since: float | None = None
        if path is not None:
            # Of an earlier process; in a container that was started again the folder may be the old one.
            path.unlink(missing_ok=True)

    def polled(self) -> None:
        """The broker has answered, which is only asked when a slot is free."""
        self._polled_at = self._clock()
        self._away_since = self._busy_since = None

    def turned(self, *, busy: bool = False) -> None:
        """The loop turns; `busy`: it asks the broker for nothing, since all slots are taken."""
        now = self._clock()
        if not busy:
            if self._busy_since is not None:
                self._polled_at = now
            self._busy_since = None
        elif self._busy_since is None:
            self._busy_since = now
        self._write(now)

    def rested(self) -> None:
        """The loop turns and has nothing to ask the broker yet."""
        if self._away_since is None:
            self._polled_at = self._clock()
        self.turned()

    def away(self) -> None:
        """What the loop asks cannot be reached; it waits for that."""
        now = self._clock()
        self._away_since = self._away_since or now
        self._busy_since = None
        self._write(now)

    def _write(self, now: float) -> None:
        if self._path is not None:
            pulse = Pulse(self._name, now, self._polled_at, self._away_since, self._busy_since, self._asks)
            pulse.write(self._path)


def heartbeat(name: str) -> Heartbeat:
    return Heartbeat(load().health_path, name)


class ConsumerHeartbeat(bootsteps.StartStopStep):
    """Listens at the worker's consumer, anew after each loss of the broker."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._timer: Any = None

    def start(self, consumer: Any) -> None:
        pulse: Heartbeat = consumer.pulse
        channel = consumer.task_consumer.channel
        polls = "BRPOP" in getattr(channel, "handlers", ())
        if polls:
            _tell_of_polls(channel, pulse)

        def turn() -> None:
            # RabbitMQ is not asked, it tells; that it is still there is seen to by its heartbeat.
            if polls:
                pulse.turned(busy=not channel.qos.can_consume())
            else:
                pulse.rested()

        pulse.polled()
        self._timer = consumer.timer.call_repeatedly(_EVERY_SECONDS, turn)

    def stop(self, consumer: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _tell_of_polls(channel: Any, pulse: Heartbeat) -> None:
    """Each answer of Redis is a beat."""
    read = channel.handlers["BRPOP"]

    def read_and_tell(**options: Any) -> Any:
        try:
            return read(**options)
        except UNREADABLE as error:
            # It is out of the queue already; raised further, it would end the worker.
            _log.error("message_unreadable", kind=type(error).__name__)
            refusals.count(Refusal.UNREADABLE)
            return True
        finally:
            # Whatever it answered: an error of the line restarts the consumer.
            pulse.polled()

    channel.handlers["BRPOP"] = read_and_tell


class BeatScheduler(PersistentScheduler):
    """Celery's, with a pulse."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._pulse = heartbeat("beat")
        super().__init__(*args, **options)

    def tick(self, *args: Any, **options: Any) -> Any:
        self._pulse.rested()
        return super().tick(*args, **options)

    def apply_async(self, *args: Any, **options: Any) -> Any:
        try:
            sent = super().apply_async(*args, **options)
        except Exception:
            self._pulse.away()
            raise
        self._pulse.polled()
        return sent

    def _ensure_connected(self) -> Any:
        connection: Any = self.connection
        return connection.ensure_connection(callback=self._pulse.away)
