"""What a dealer's Vinacles is asked at most, by all workers together: the count is kept in Redis.

One script takes a place among the requests under way and one in the rate, or neither, so that nobody holds
the one while waiting for the other. Time is Redis' own, so machines need not agree on it.

A Vinacles that asks to be left alone for longer than whoever asked can wait (Retry-After) rests: nobody is
given a place until then. That is no matter of the circuit: it says that it is there, and when to come again.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor
from uuid import uuid4
from zoneinfo import ZoneInfo

import redis
import structlog
from redis.exceptions import RedisError

from worker.deadline import Deadline
from worker.errors import ErrorCode, StorageUnavailable, VinaclesUnavailable
from worker.redis_client import shared_memory
from worker.retry import LONGEST_REST_SECONDS
from worker.vinacles.client import Asking

BULK_SHARE = 0.8
#: A request ends with its deadline; a slot that is still taken this much later belonged to somebody who died.
GRACE_SECONDS = 1.0
#: No lease of a slot is that long.
_TOO_FAR_SECONDS = 900.0
_POLL_SECONDS = 0.02
_log = structlog.get_logger(__name__)

# KEYS: slots (holder → when it frees itself), rate (request → when it was granted), both in microseconds; a
# mark that lives as long as the dealer's Vinacles rests.
# ARGV: holder, lease, slots allowed, requests allowed, their window, the longest window of anybody, the
# longest lease of anybody, the longest rest that is heeded (0: none).
# What lies further ahead than anything may was written before Redis' clock was set back; it counts as of now.
# Answers 1 and the moment of the grant, or 0 and how long no grant can come (0: until somebody is done),
# or -1 and how long the rest lasts.
_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local rest = redis.call('PTTL', KEYS[3]) * 1000
if rest > 0 and rest <= tonumber(ARGV[8]) then return {-1, rest} end
local function bring_back(key, most, to)
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', key, now + most, '+inf')) do
    redis.call('ZADD', key, to, member)
  end
end
bring_back(KEYS[1], ARGV[7], now + ARGV[2])
bring_back(KEYS[2], ARGV[6], now)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[6])
local allowed, window = tonumber(ARGV[4]), tonumber(ARGV[5])
local last = redis.call('ZREVRANGE', KEYS[2], allowed - 1, allowed - 1, 'WITHSCORES')[2]
if last and tonumber(last) > now - window then return {0, tonumber(last) + window - now} end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return {0, 0} end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('ZADD', KEYS[2], now, ARGV[1])
local longest = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
redis.call('PEXPIRE', KEYS[1], math.ceil((longest - now) / 1000))
redis.call('PEXPIRE', KEYS[2], math.ceil(ARGV[6] / 1000))
return {1, now}
"""


@dataclass(frozen=True, slots=True)
class Allowance:
    """A request may begin while fewer than `concurrent` are under way and fewer than `requests` began within
    the last `window_seconds`, whoever's they are."""

    concurrent: int
    requests: int
    window_seconds: float


def allowance(rate: float, concurrent: int, *, interactive: bool) -> Allowance:
    """`rate` requests per second, of which bulk work leaves a fifth and one concurrent request to people.

    5 per second: 5 in a second, 4 for bulk. 2.5 per second: 2 in 0.8 s, 1 for bulk. 0.5 per second: 1 in
    2 s, for bulk 1 in 2.5 s. A single concurrent request cannot be divided. Raises ValueError for a limit
    of nothing.
    """
    if rate <= 0 or concurrent < 1:
        raise ValueError("a dealer that may never be asked")
    requests = max(1, floor(rate))
    window = requests / rate
    if interactive:
        return Allowance(concurrent, requests, window)
    if requests == 1:
        return Allowance(max(1, concurrent - 1), 1, window / BULK_SHARE)
    return Allowance(max(1, concurrent - 1), floor(requests * BULK_SHARE), window)


class Limits:
    """Safe to share between threads. `redis_client` as for TokenSource."""

    def __init__(
        self,
        redis_client: redis.Redis,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._redis = redis_client
        self._take = redis_client.register_script(_TAKE)
        self._sleep = sleep
        self._jitter = jitter
        self._away = False

    def gate(self, asking: Asking) -> AbstractContextManager[object]:
        """For `Client`: a slot of the dealer that is asked."""
        dealer = asking.dealer
        if dealer is None:
            return nullcontext()
        return self.slot(
            dealer.dealer_id,
            dealer.requests_per_second,
            dealer.concurrent_requests,
            asking.interactive,
            asking.deadline,
            insists=asking.insists,
            time_zone=dealer.time_zone,
        )

    def rest(self, asking: Asking, seconds: float) -> None:
        """For `Client`: nobody is let through to the dealer that is asked for so long, or all are again after
        0 s. While Redis is away each finds out for themselves."""
        if asking.dealer is None:
            return
        name = _names(asking.dealer.dealer_id)[-1]
        with suppress(RedisError):
            if seconds > 0:
                self._redis.set(name, b"1", px=max(1, round(seconds * 1000)))
            else:
                self._redis.delete(name)

    @contextmanager
    def slot(
        self,
        dealer_id: int,
        rate: float,
        concurrent: int,
        interactive: bool,
        deadline: Deadline,
        *,
        insists: bool = False,
        time_zone: str = "UTC",
    ) -> Iterator[float | None]:
        """Room for one request that ends with `deadline`; gives the moment of the grant in seconds of Redis'
        clock. The slot of a holder that died frees itself `GRACE_SECONDS` after its deadline.

        Raises VinaclesUnavailable when there is no room in time, or Vinacles rests for longer; the latter is
        nothing to who `insists`. While Redis is away a person is let through uncounted (and gets None): there
        are few of them, and it is logged once. Bulk work is not: StorageUnavailable. A login or certificate
        that is wrong lets nobody through: ConfigurationError.
        """
        names, holder = _names(dealer_id), uuid4().hex
        allowed = allowance(rate, concurrent, interactive=interactive)
        longest = allowance(rate, concurrent, interactive=False).window_seconds
        heeded = 0.0 if insists else LONGEST_REST_SECONDS
        spans = (allowed.window_seconds, longest, _TOO_FAR_SECONDS, heeded)
        fixed = [allowed.concurrent, allowed.requests, *map(_microseconds, spans)]
        try:
            with shared_memory():
                granted = self._wait(names, holder, fixed, deadline, time_zone)
        except StorageUnavailable:
            if not interactive:
                raise
            granted = None
        self._tell(away=granted is None)
        try:
            yield granted
        finally:
            if granted is not None:
                with suppress(RedisError):  # it frees itself
                    self._redis.zrem(names[0], holder)

    def _tell(self, *, away: bool) -> None:
        """Once, when people begin to be let through uncounted."""
        if away and not self._away:
            _log.warning("limits_not_counted")
        self._away = away

    def _wait(
        self, names: list[str], holder: str, fixed: list[int], deadline: Deadline, time_zone: str
    ) -> float:
        while True:
            left = deadline.remaining()
            lease = _microseconds(left + GRACE_SECONDS)
            taken, moment = self._take(names, [holder, lease, *fixed])
            if taken == 1:
                return float(moment) / 1e6
            # Where somebody must be done first, nobody knows when: look again, not all at the same time.
            seconds = moment / 1e6 or _POLL_SECONDS * (0.5 + self._jitter())
            if seconds >= left:
                raise _left_alone(seconds, time_zone) if taken < 0 else _no_room()
            self._sleep(seconds)


def _names(dealer_id: int) -> list[str]:
    """All of one dealer lie on one server of a cluster."""
    return [f"twodrive:limit:{{{dealer_id}}}:{part}" for part in ("slots", "rate", "rest")]


def _microseconds(seconds: float) -> int:
    return round(seconds * 1e6)


def _no_room() -> VinaclesUnavailable:
    return VinaclesUnavailable(
        ErrorCode.VINACLES_UNAVAILABLE,
        "This dealer's 2Drive is being asked as much as its limits allow.",
        "Search again in a minute; if it goes on, raise the dealer's limits.",
    )


def _left_alone(seconds: float, time_zone: str) -> VinaclesUnavailable:
    """`time_zone` is that of whoever reads the time."""
    until = datetime.now(ZoneInfo(time_zone)) + timedelta(seconds=seconds)
    return VinaclesUnavailable(
        ErrorCode.VINACLES_UNAVAILABLE,
        f"This dealer's 2Drive asked not to be asked again before {until:%H:%M:%S}.",
        "Search again after that. Operators: twodrive check asks at once.",
        retry_after_seconds=seconds,
    )
