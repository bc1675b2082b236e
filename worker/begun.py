"""Questions that were begun and never ended: whoever asked them again would end one more worker.

A message of somebody who waits is acknowledged before it is worked on, so that a question which kills its
process is not repeated by the queue; but the person presses again. Each question under way has a mark in
Redis, with a lease that its process renews; a mark whose lease ran out is a process that ended under it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import uuid4

import redis
from redis.exceptions import RedisError

from worker.errors import ErrorCode, FatalError

#: So often may a question end its process; then it is refused, until nobody has begun it for `KEPT_SECONDS`.
MOST_LOSSES = 3
KEPT_SECONDS = 300.0
#: A process that is not heard of for so long has ended; one that was only frozen takes its mark away later.
#: Shorter than the lease of a turn (worker.coalescing): whoever takes that over sees that its holder is lost.
LEASE_SECONDS = 1.5

# KEYS: the marks of one question (holder → when its lease ends, in milliseconds of Redis' clock).
# ARGV: holder, lease, how often it may be lost, how long marks are kept.
# Answers how often it was lost; where that is too often, it is not begun.
_BEGIN = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local lost = redis.call('ZCOUNT', KEYS[1], '-inf', now)
if lost < tonumber(ARGV[3]) then
  redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
return lost
"""
_RENEW = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
return redis.call('ZADD', KEYS[1], 'XX', now + ARGV[2], ARGV[1])
"""
# Whatever came of it, it ended: it was not this question that ended those processes.
_END = """
local clock = redis.call('TIME')
redis.call('ZREM', KEYS[1], ARGV[1])
return redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', clock[1] * 1000 + math.floor(clock[2] / 1000))
"""


class Begun:
    """Shared by all workers through Redis, and safe to share between threads; must be made after a fork.
    Costs a question two round trips to Redis, and a process one thread."""

    def __init__(self, redis_client: redis.Redis, lease_seconds: float = LEASE_SECONDS) -> None:
        self._begin, self._renew, self._end = map(redis_client.register_script, (_BEGIN, _RENEW, _END))
        self._lease_seconds = lease_seconds
        self._under_way: dict[str, str] = {}
        self._lock = threading.Lock()
        self._renewing = False

    @contextmanager
    def question(self, name: str) -> Iterator[None]:
        """Around all the work for a question; `name` is its key in Redis.

        Raises FatalError (`worker_lost`) where processes ended under it too often. With Redis away nobody
        knows, and it is worked on.
        """
        holder = uuid4().hex
        lost = self._lost(name, holder)
        if lost is None:
            yield
            return
        if lost >= MOST_LOSSES:
            raise _lost()
        self._watch(holder, name)
        try:
            yield
        finally:
            with self._lock:
                del self._under_way[holder]
            with suppress(RedisError):  # it counts as lost once, for as long as marks are kept
                self._end([name], [holder])

    def _lost(self, name: str, holder: str) -> int | None:
        """How often; None with Redis away. Marked as begun unless it was too often."""
        try:
            return int(self._begin([name], [holder, self._lease_ms, MOST_LOSSES, round(KEPT_SECONDS * 1000)]))
        except RedisError:
            return None

    def _watch(self, holder: str, name: str) -> None:
        with self._lock:
            self._under_way[holder] = name
            if not self._renewing:
                self._renewing = True
                threading.Thread(target=self._keep_renewing, name="begun", daemon=True).start()

    def _keep_renewing(self) -> None:
        """Until nothing has been under way for a while."""
        pause = threading.Event()
        while not pause.wait(self._lease_seconds / 3):
            with self._lock:
                under_way = list(self._under_way.items())
                if not under_way:
                    self._renewing = False
                    return
            with suppress(RedisError):
                for holder, name in under_way:
                    self._renew([name], [holder, self._lease_ms])

    @property
    def _lease_ms(self) -> int:
        return round(self._lease_seconds * 1000)


def _lost() -> FatalError:
    code = ErrorCode.WORKER_LOST
    return FatalError(
        code,
        f"The last {MOST_LOSSES} times that this was asked, the worker's process ended. "
        f"It is not tried again before {KEPT_SECONDS / 60:.0f} minutes are over.",
        code.next_step,
    )
