"""Many identical questions at the same time, answered by one piece of work."""

import hmac
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from uuid import uuid4

import redis
from redis.exceptions import RedisError

from worker.deadline import Deadline
from worker.errors import ErrorCode, VinaclesUnavailable

#: A holder that died keeps the others waiting this long; one that lives renews its turn.
LEASE_SECONDS = 2.0
#: Neither a turn nor an answer may be there for longer.
_LONGEST_SECONDS = 60.0
_POLL_SECONDS = 0.02
_IF_MINE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call({}) end return 0"
_RENEW = _IF_MINE.format("'pexpire', KEYS[1], ARGV[2]")
_RELEASE = _IF_MINE.format("'del', KEYS[1]")
# Redis forgets by its wall clock: what would stay longer than it may was put there before that was set back.
_FORGET_LATE = """
for _, key in ipairs(KEYS) do
  if redis.call('PTTL', key) > tonumber(ARGV[1]) then redis.call('DEL', key) end
end
"""


class Coalescer:
    """Shared by all workers through Redis, and safe to share between threads. `redis_client` must return
    bytes (no `decode_responses`); with `naming_key` the keys in Redis are made, so that nobody who reads them
    can tell or try out what was asked."""

    def __init__(
        self,
        redis_client: redis.Redis,
        naming_key: bytes,
        sleep: Callable[[float], None] = time.sleep,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._redis = redis_client
        self._naming_key = naming_key
        self._sleep = sleep
        self._lease_seconds = lease_seconds

    def once(
        self,
        key: str,
        work: Callable[[], bytes],
        deadline: Deadline,
        keep_seconds: float,
        without_redis: Callable[[], bytes] | None = None,
    ) -> bytes:
        """The answer of `work`, by whoever is first; whoever asks under the same `key` meanwhile, or within
        `keep_seconds` of the answer, up to 60, gets the same. `key` may hold personal data; the answer lies
        in Redis as it is and must not.

        Where the first one fails or dies, the next takes over; a failure goes to its own caller alone.
        Raises what `work` raises, and VinaclesUnavailable when nobody had the answer in time. With Redis
        away everybody works for themselves, by `without_redis` where that is another way than `work`.
        """
        name, holder = self.name_of(key), uuid4().hex
        while True:
            try:
                answer, mine = self._turn(name, holder)
            except RedisError:
                return (without_redis or work)()
            if answer is not None:
                return answer
            if mine:
                return self._worked(name, holder, work, keep_seconds)
            left = deadline.remaining()
            if left <= 0:
                raise _out_of_time()
            self._sleep(min(_POLL_SECONDS, left))

    def name_of(self, key: str) -> str:
        """The name in Redis."""
        return f"twodrive:once:{hmac.new(self._naming_key, key.encode(), sha256).hexdigest()}"

    def _turn(self, name: str, holder: str) -> tuple[bytes | None, bool]:
        """The answer where there is one, else whether it is our turn to work for it. In one transaction: the
        answer cannot come in between."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.eval(_FORGET_LATE, 2, name, f"{name}:turn", _milliseconds(_LONGEST_SECONDS))
            pipe.set(f"{name}:turn", holder, nx=True, px=self._lease_ms)
            pipe.get(name)
            _, mine, answer = pipe.execute()
        if mine and answer is not None:
            self._release(name, holder)
        return answer, bool(mine)

    def _worked(self, name: str, holder: str, work: Callable[[], bytes], keep_seconds: float) -> bytes:
        try:
            with self._renewed(name, holder):
                answer = work()
        except BaseException:
            self._release(name, holder)
            raise
        with suppress(RedisError), self._redis.pipeline(transaction=True) as pipe:
            pipe.set(name, answer, px=_milliseconds(keep_seconds))
            pipe.eval(_RELEASE, 1, f"{name}:turn", holder)
            pipe.execute()
        return answer

    def _release(self, name: str, holder: str) -> None:
        with suppress(RedisError):  # it expires by itself
            self._redis.eval(_RELEASE, 1, f"{name}:turn", holder)

    @contextmanager
    def _renewed(self, name: str, holder: str) -> Iterator[None]:
        done = threading.Event()

        def renew() -> None:
            while not done.wait(self._lease_seconds / 3):
                with suppress(RedisError):
                    self._redis.eval(_RENEW, 1, f"{name}:turn", holder, self._lease_ms)

        threading.Thread(target=renew, name="coalescing", daemon=True).start()
        try:
            yield
        finally:
            done.set()

    @property
    def _lease_ms(self) -> int:
        return _milliseconds(self._lease_seconds)


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _out_of_time() -> VinaclesUnavailable:
    return VinaclesUnavailable(
        ErrorCode.VINACLES_UNAVAILABLE,
        "2Drive did not answer in time to somebody who asked the same.",
        "Search again in a minute; if it goes on, tell your administrator.",
    )
