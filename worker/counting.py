"""What all workers count together, in one Redis hash that outlives them; `twodrive metrics` shows it.

Each process adds up for itself and writes every few seconds beside its work: nobody who waits for an answer
waits for this, and no failure of it reaches them. Emptying Redis sets everything back to nought, which
Prometheus takes for a restart; what a killed process had not written yet is lost.
"""

import threading
from bisect import bisect_left
from collections import Counter as Sums
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import redis
from redis.exceptions import RedisError

KEY = "twodrive:counters"
EVERY_SECONDS = 5.0
#: From a quick answer of Vinacles to the longest task.
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0)
_SUM = "us"
_COUNT = "n"


@dataclass(frozen=True, slots=True)
class Family:
    """Counters that differ in their labels, whose values are of closed lists. With `buckets`, upper bounds
    in seconds, each is a histogram of durations."""

    name: str
    purpose: str
    labels: tuple[str, ...]
    buckets: tuple[float, ...] = ()


OUTCOMES = Family(
    "twodrive_workorders",
    "Workorders that an import or a refresh looked at, by what became of them.",
    ("trigger", "outcome", "reason"),
)
TASKS = Family(
    "twodrive_task_seconds",
    "Tasks, and tries of rows of import_requests, by how long a worker was at them; result is `answered`, "
    "`handed_on` or the error code.",
    ("task", "result"),
    _SECONDS,
)
REQUESTS = Family(
    "twodrive_vinacles_request_seconds",
    "HTTP requests to Vinacles by how long they took; call is `read` or `token` (a login).",
    ("call", "result"),
    _SECONDS,
)
EXPIRED = Family(
    "twodrive_messages_expired",
    "Messages and rows of import_requests that were dropped, since none had room for them in time.",
    ("task",),
)
REFUSED = Family(
    "twodrive_messages_refused",
    "What was in a queue and could not be used, hence dropped; reason is the log's event without `message_`.",
    ("reason",),
)
#: The task that rows of import_requests are counted as.
ROWS = "import_requests"
FAMILIES = (OUTCOMES, TASKS, REQUESTS, EXPIRED, REFUSED)


class Counters:
    """Safe to share between threads. `redis_client` as for TokenSource."""

    def __init__(self, redis_client: redis.Redis, every_seconds: float = EVERY_SECONDS) -> None:
        self._redis = redis_client
        self._every_seconds = every_seconds
        self._lock = threading.Lock()
        self._waiting: Sums[str] = Sums()
        self._closing = threading.Event()
        self._writer: threading.Thread | None = None

    def add(self, family: Family, *labels: str, amount: int = 1) -> None:
        """Add to the counter with these values of `family.labels`."""
        self._add({_field(family, labels, _COUNT): amount})

    def observe(self, family: Family, *labels: str, seconds: float) -> None:
        """Add one duration to the histogram with these values of `family.labels`."""
        bucket = bisect_left(family.buckets, seconds)
        self._add(
            {
                _field(family, labels, str(bucket)): 1,
                _field(family, labels, _SUM): round(max(0.0, seconds) * 1e6),
            }
        )

    def write(self) -> None:
        """Write what was added up, or keep it for the next time where Redis is away."""
        with self._lock:
            waiting, self._waiting = self._waiting, Sums()
        if not waiting:
            return
        try:
            with self._redis.pipeline(transaction=True) as pipe:
                for field, amount in waiting.items():
                    pipe.hincrby(KEY, field, amount)
                pipe.execute()
        except RedisError:
            with self._lock:
                self._waiting.update(waiting)

    def close(self) -> None:
        """Write for the last time."""
        self._closing.set()
        self.write()

    def _add(self, amounts: Mapping[str, int]) -> None:
        with self._lock:
            self._waiting.update(amounts)
            if self._writer is None:
                self._writer = threading.Thread(target=self._keep_writing, name="counters", daemon=True)
                self._writer.start()

    def _keep_writing(self) -> None:
        while not self._closing.wait(self._every_seconds):
            self.write()


@dataclass(frozen=True, slots=True)
class Count:
    """What was counted with some values of a family's labels. For a histogram, `buckets` has the number of
    durations per bucket, one more than `family.buckets` for all that took longer, and `seconds` their sum."""

    labels: tuple[str, ...]
    total: int
    buckets: tuple[int, ...] = ()
    seconds: float = 0.0


def read(redis_client: redis.Redis) -> dict[str, list[Count]]:
    """Everything counted so far, by the families' names; fields of other versions are left out."""
    sums: dict[tuple[str, tuple[str, ...]], dict[str, int]] = {}
    counted: dict[Any, Any] = redis_client.hgetall(KEY)
    for field, amount in counted.items():
        head, _, part = field.decode(errors="replace").rpartition("|")
        name, *labels = head.split("|")
        with suppress(ValueError):
            sums.setdefault((name, tuple(labels)), {})[part] = int(amount)
    return {
        family.name: [
            _count(family, labels, parts)
            for (name, labels), parts in sorted(sums.items())
            if name == family.name and len(labels) == len(family.labels)
        ]
        for family in FAMILIES
    }


def _count(family: Family, labels: tuple[str, ...], parts: Mapping[str, int]) -> Count:
    if not family.buckets:
        return Count(labels, parts.get(_COUNT, 0))
    buckets = tuple(parts.get(str(number), 0) for number in range(len(family.buckets) + 1))
    return Count(labels, sum(buckets), buckets, parts.get(_SUM, 0) / 1e6)


def _field(family: Family, labels: tuple[str, ...], part: str) -> str:
    if len(labels) != len(family.labels):
        raise ValueError(f"{family.name} has the labels {family.labels}")
    return "|".join((family.name, *labels, part))
