"""The queues in Redis: how many messages wait in each, how long the oldest has, and what workers hold."""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import redis
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from redis.exceptions import RedisError

#: As kombu names them.
_UNACKED, _UNACKED_INDEX = "unacked", "unacked_index"


class Queues:
    """Knows from scrape to scrape since when a message without a time has been the oldest."""

    def __init__(
        self, redis_client: redis.Redis, names: Sequence[str], clock: Callable[[], float] = time.time
    ) -> None:
        self._redis = redis_client
        self._names = names
        self._clock = clock
        self._first_seen: dict[str, tuple[bytes, float]] = {}

    def read(self) -> Iterable[Metric]:
        """One round trip. Workers take messages from a list's right end."""
        with self._redis.pipeline(transaction=False) as pipe:
            for name in self._names:
                pipe.llen(name)
                pipe.lindex(name, -1)
            pipe.hlen(_UNACKED)
            pipe.zrange(_UNACKED_INDEX, 0, 0, withscores=True)
            pipe.info("memory")
            answers = pipe.execute(raise_on_error=False)
        memory = answers.pop()
        for refusal in (answer for answer in answers if isinstance(answer, RedisError)):
            raise refusal
        *waiting, held, taken = answers
        now = self._clock()
        heads = zip(waiting[::2], waiting[1::2], strict=True)
        yield from self._waiting(dict(zip(self._names, heads, strict=True)), now)
        yield from _held(held, taken, now)
        # A login of least privilege may not ask this.
        if not isinstance(memory, RedisError):
            yield from _memory(memory)

    def _waiting(self, queues: dict[str, tuple[int, bytes | None]], now: float) -> Iterable[Metric]:
        length = GaugeMetricFamily(
            "twodrive_queue_messages", "Messages that wait for a worker.", labels=["queue"]
        )
        age = GaugeMetricFamily(
            "twodrive_queue_oldest_seconds",
            "How long the next message has waited; for one without a time, since it was first seen here.",
            labels=["queue"],
        )
        for name, (number, oldest) in queues.items():
            length.add_metric([name], number)
            age.add_metric([name], 0 if oldest is None else max(0.0, now - self._since(name, oldest, now)))
        return length, age

    def _since(self, queue: str, message: bytes, now: float) -> float:
        sent_at = sent_at_of(message)
        if sent_at is not None:
            return sent_at
        known = sha256(message).digest()
        before = self._first_seen.get(queue)
        if before is None or before[0] != known:
            before = self._first_seen[queue] = (known, now)
        return before[1]


def sent_at_of(message: bytes) -> float | None:
    """The header `sent_at` of a message in Celery's protocol, in seconds since 1970."""
    try:
        headers: Any = json.loads(message)["headers"]
        sent_at = headers["sent_at"]
    except (ValueError, LookupError, TypeError):
        return None
    return float(sent_at) if isinstance(sent_at, int | float) and not isinstance(sent_at, bool) else None


def _held(held: int, taken: list[tuple[bytes, float]], now: float) -> Iterable[Metric]:
    yield _gauge("twodrive_unacked_messages", "Messages that workers took and have not acknowledged.", held)
    yield _gauge(
        "twodrive_unacked_oldest_seconds",
        "How long ago the oldest of them was taken.",
        max(0.0, now - taken[0][1]) if taken else 0,
    )


def _memory(info: Mapping[str, Any]) -> Iterable[Metric]:
    yield _gauge("twodrive_redis_memory_bytes", "Memory that the queues' Redis uses.", info["used_memory"])
    yield _gauge(
        "twodrive_redis_memory_limit_bytes",
        "Memory beyond which the queues' Redis refuses messages; 0 for no limit.",
        info["maxmemory"],
    )


def _gauge(name: str, purpose: str, value: float) -> Metric:
    return GaugeMetricFamily(name, purpose, value=value)
