"""Requests that nobody took from Redis: Celery drops one that has expired only when a worker takes it, and
what a person typed stands in it."""

import time
from collections.abc import Callable
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
_AT_ONCE = 500
#: What is left goes a minute later.
_MOST = 20_000
_log = structlog.get_logger(__name__)

#: Drops them, and says how many.
DropUnread = Callable[[], int]


class UnreadRequests:
    """`broker` must return bytes."""

    def __init__(self, broker: redis.Redis, clock: Callable[[], float] = time.time) -> None:
        self._broker = broker
        self._clock = clock

    def drop(self) -> int:
        """Remove those that expired longer than `GRACE_SECONDS` ago, from the end at which workers take them;
        returns how many. Raises nothing: it is tried again a minute later."""
        dropped = 0
        try:
            while dropped < _MOST and (removed := self._drop_some()):
                dropped += removed
        except RedisError as error:
            _log.warning("unread_requests_not_dropped", kind=type(error).__name__)
        if dropped:
            _log.warning("unread_requests_dropped", count=dropped)
        return dropped

    def _drop_some(self) -> int:
        messages: list[Any] = self._broker.lrange(_QUEUE, -_AT_ONCE, -1)
        until = self._clock() - GRACE_SECONDS
        late = [message for message in messages if expires_at(message) < until]
        with self._broker.pipeline(transaction=False) as pipe:
            # The oldest first. A worker may take one meanwhile, and drops it too.
            for message in reversed(late):
                pipe.lrem(_QUEUE, -1, message)
            return sum(pipe.execute())


def expires_at(message: bytes) -> float:
    """When a message expires, in seconds since 1970; infinite for one that never does, and for what is no
    message of Celery's."""
    moment = moment_of(headers_of(message).get("expires"))
    return float("inf") if moment is None else moment.timestamp()
