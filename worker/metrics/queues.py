"""The queues in Redis: how many messages wait in each, how long the oldest has, and what workers hold."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import redis
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from redis.exceptions import RedisError

from worker.envelope import headers_of
from worker.metrics.line import Line

#: As exact as this are the ages of messages that do not say when they were sent.
LOOK_SECONDS = 1.0
#: As kombu names them.
_UNACKED, _UNACKED_INDEX = "unacked", "unacked_index"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A queue at one look: its `length`, and since when the next message waits, in seconds since 1970."""

    length: int
    since: float | None


class Queues:
    """Knows from look to look who joined a queue when. Safe to share between threads."""

    def __init__(
        self, redis_client: redis.Redis, names: Sequence[str], clock: Callable[[], float] = time.time
    ) -> None:
        self._redis = redis_client
        self._names = names
        self._clock = clock
        self._lock = threading.Lock()
        self._lines = dict.fromkeys(names, Line())
        #: Bytes, which redis' own types do not foresee as an argument.
        self._last: dict[str, Any] = dict.fromkeys(names, b"")

    def look(self) -> dict[str, Waiting]:
        """One round trip. Senders push to a list's left end, and workers take from its right one."""
        with self._lock:
            with self._redis.pipeline(transaction=False) as pipe:
                for name in self._names:
                    pipe.lpos(name, self._last[name])
                    pipe.lindex(name, 0)
                    pipe.lindex(name, -1)
                    pipe.llen(name)
                answers = pipe.execute()
            now = self._clock()
            looks = zip(self._names, answers[::4], answers[1::4], answers[2::4], answers[3::4], strict=True)
            return {
                name: self._seen(name, behind, last, head, length, now)
                for name, behind, last, head, length in looks
            }

    def read(self) -> Iterable[Metric]:
        """Two round trips."""
        waiting = self.look()
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.hlen(_UNACKED)
            pipe.zrange(_UNACKED_INDEX, 0, 0, withscores=True)
            pipe.info("memory")
            held, taken, memory = pipe.execute(raise_on_error=False)
        for refusal in (answer for answer in (held, taken) if isinstance(answer, RedisError)):
            raise refusal
        now = self._clock()
        yield from _waiting(waiting, now)
        yield from _held(held, taken, now)
        # A login of least privilege may not ask this.
        if not isinstance(memory, RedisError):
            yield from _memory(memory)

    def _seen(
        self, name: str, behind: int | None, last: bytes | None, head: bytes | None, length: int, now: float
    ) -> Waiting:
        line = self._lines[name] = self._lines[name].after(length, behind, now)
        self._last[name] = last or b""
        sent_at = None if head is None else sent_at_of(head)
        return Waiting(length, line.since if sent_at is None else sent_at)


@contextmanager
def looking(queues: Queues, every_seconds: float = LOOK_SECONDS) -> Iterator[None]:
    """Look beside the scrapes: a busy queue's messages come and go between two of them."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(every_seconds):
            with suppress(RedisError):  # which the next scrape tells
                queues.look()

    thread = threading.Thread(target=look, name="queues", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _waiting(queues: Mapping[str, Waiting], now: float) -> Iterable[Metric]:
    length = GaugeMetricFamily(
        "twodrive_queue_messages", "Messages that wait for a worker.", labels=["queue"]
    )
    age = GaugeMetricFamily(
        "twodrive_queue_oldest_seconds",
        "How long the next message has waited; for one without a time, since it was seen in the queue.",
        labels=["queue"],
    )
    for name, queue in queues.items():
        length.add_metric([name], queue.length)
        age.add_metric([name], 0 if queue.since is None else max(0.0, now - queue.since))
    return length, age


def sent_at_of(message: bytes) -> float | None:
    """The header `sent_at` of a message in Celery's protocol, in seconds since 1970."""
    sent_at = headers_of(message).get("sent_at")
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
