"""Requests that nobody took from Redis: Celery drops one that has expired only when a worker takes it, and
what a person typed stands in it."""

import time
from collections.abc import Callable
from itertools import compress
from typing import Any

import redis
import structlog
from redis.exceptions import RedisError

from worker.envelope import headers_of, moment_of
from worker.names import QueueName

#: As long as an answer is kept, so that whoever watches the queue sees first that nobody reads it, and nobody
#: who still waits misses the message.
GRACE_SECONDS = 900.0
_QUEUE = QueueName.INTERACTIVE.value
#: What is left goes a minute later.
_MOST_LOOKED_AT = 20_000
_log = structlog.get_logger(__name__)

#: Drops them, and says how many.
DropUnread = Callable[[], int]


class UnreadRequests:
    """`broker` must return bytes; `at_once` messages are held in memory at a time. `tell` hears the task of
    each that was dropped."""

    def __init__(
        self,
        broker: redis.Redis,
        clock: Callable[[], float] = time.time,
        *,
        grace_seconds: float = GRACE_SECONDS,
        at_once: int = 500,
        tell: Callable[[object], None] = lambda _task: None,
    ) -> None:
        self._broker = broker
        self._clock = clock
        self._grace_seconds = grace_seconds
        self._at_once = at_once
        self._tell = tell

    def drop(self) -> int:
        """Remove those that expired longer than `grace_seconds` ago, from the end at which workers take them,
        also behind others that stay; returns how many. Raises nothing: it is tried again a minute later."""
        dropped = stayed = looked_at = 0
        try:
            while looked_at < _MOST_LOOKED_AT and (messages := self._after(stayed)):
                late = self._late(messages)
                looked_at += len(messages)
                dropped += self._remove(late)
                stayed += len(messages) - len(late)
        except RedisError as error:
            _log.warning("unread_requests_not_dropped", kind=type(error).__name__)
        if dropped:
            _log.warning("unread_requests_dropped", count=dropped)
        return dropped

    def _after(self, stayed: int) -> list[Any]:
        """Up to `at_once` messages behind those that were looked at and stayed, the oldest last."""
        found: list[Any] = self._broker.lrange(_QUEUE, -stayed - self._at_once, -stayed - 1)
        return found

    def _late(self, messages: list[Any]) -> list[Any]:
        until = self._clock() - self._grace_seconds
        return [message for message in messages if expires_at(message) < until]

    def _remove(self, late: list[Any]) -> int:
        """A worker may take one meanwhile, and drops it too: such a one does not count."""
        oldest_first = late[::-1]
        with self._broker.pipeline(transaction=False) as pipe:
            for message in oldest_first:
                pipe.lrem(_QUEUE, -1, message)
            removed = pipe.execute()
        for message in compress(oldest_first, removed):
            self._tell(headers_of(message).get("task"))
        return sum(removed)


def expires_at(message: bytes) -> float:
    """When a message expires, in seconds since 1970; infinite for one that never does, and for what is no
    message of Celery's."""
    moment = moment_of(headers_of(message).get("expires"))
    return float("inf") if moment is None else moment.timestamp()
