"""One question to Vinacles: log in, ask, judge the answer, try again where that may help."""

import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TypeVar

from schemas.dealer import Connection, Dealer
from schemas.texts import is_plain_id
from worker.deadline import Deadline
from worker.errors import Trouble, VinaclesUnavailable
from worker.retry import RetryRule, rest_seconds, retrying
from worker.vinacles.answers import most_values
from worker.vinacles.failures import login_failed, out_of_time, page_too_big, too_much
from worker.vinacles.judging import Answer, judged
from worker.vinacles.oauth import TokenSource
from worker.vinacles.tokens import Token
from worker.vinacles.wire import MOST_BODY_BYTES, Reply, Wire

T = TypeVar("T")
#: A body may have a value or a name for so many of the bytes that it may have: 524,288 in 16 MiB. A page of
#: 5,000 lines has 95,000.
_BYTES_PER_VALUE = 32
#: All pages of one question together may have this many times what one may have.
_PAGES_WORTH = 2


class Tally:
    """Counts the requests made to the API, failed ones included, by any threads, and what came of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests = self._bytes = self._values = 0

    @property
    def requests(self) -> int:
        return self._requests

    def count(self) -> None:
        with self._lock:
            self._requests += 1

    def received(self, size: int, values: int) -> tuple[int, int]:
        """Bytes and values of all bodies, with this one."""
        with self._lock:
            self._bytes += size
            self._values += values
            return self._bytes, self._values


@dataclass(slots=True)
class Pass:
    """The token of a question, once one of its requests has fetched it: the others need not look for it."""

    token: Token | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks one question, how long they wait, and what it cost. `request_id` goes along as
    `x-ms-correlation-id`, which Data API builder writes to its log. `dealer` is whose limits the requests
    count for, nobody's when None; `interactive` says that a person waits for the answer. `doubted` says that
    not every server can answer such a question, so that a 500 is tried few times, `hideable` that some
    answer it with anything, so that whatever comes is; `insists` that an operator wants it asked although
    Vinacles rests, or its token URL does."""

    connection: Connection
    deadline: Deadline
    request_id: str | None = None
    tally: Tally = field(default_factory=Tally)
    dealer: Dealer | None = None
    interactive: bool = True
    doubted: bool = False
    hideable: bool = False
    insists: bool = False
    carried: Pass = field(default_factory=Pass, repr=False)


#: Entered before each request to the API and left after it; may wait and raise TwoDriveError.
Gate = Callable[[Asking], AbstractContextManager[object]]
#: Told for how many seconds Vinacles asks to be left alone, where that is longer than the question can wait;
#: 0 when somebody who insists was answered.
Rests = Callable[[Asking, float], None]


def _open(_: Asking) -> AbstractContextManager[object]:
    return nullcontext()


def _nobody(_: Asking, __: float) -> None:
    pass


class Client:
    """Sends nothing but GET. Safe to share between threads. Waits between tries are spent outside of the
    gate, and logins do not pass it."""

    def __init__(
        self,
        wire: Wire,
        tokens: TokenSource,
        rule: RetryRule,
        *,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        gate: Gate = _open,
        rests: Rests = _nobody,
        most_body_bytes: int = MOST_BODY_BYTES,
    ) -> None:
        self._wire = wire
        self._tokens = tokens
        self._rule = rule
        self._sleep = sleep
        self._jitter = jitter
        self._gate = gate
        self._rests = rests
        self._most_body_bytes = most_body_bytes

    def get(
        self,
        asking: Asking,
        target: str,
        read: Callable[[dict[str, object]], T],
        *,
        anonymous: bool = False,
        keep_token: bool = False,
    ) -> Answer[T]:
        """The JSON object at `target` (path and query below the base URL) as `read` understands it.

        With `keep_token` a 401 says nothing about the login: this may be shown to nobody. Tried again within
        the deadline where that may help. Raises VinaclesUnavailable, StorageUnavailable,
        ConfigurationError, or VinaclesRefused (as PageTooBig where smaller pages may help).
        """

        def attempt() -> Answer[T]:
            if anonymous:
                reply = self._send(asking, target, {})
            else:
                reply = self._logged_in(asking, target, keep_token=keep_token)
            self._weigh(asking, reply)
            return self._heeded(asking, reply, read)

        if asking.deadline.remaining() <= 0:
            raise out_of_time()
        return self._retried(asking, attempt)

    def log_in(self, asking: Asking) -> None:
        """Get the token of a question, before several of its requests set out for it at the same time.

        Raises what `get` raises.
        """
        self._retried(asking, lambda: self._token(asking))

    def _retried(self, asking: Asking, attempt: Callable[[], T]) -> T:
        trouble: Trouble | None = None

        def once_more() -> T:
            nonlocal trouble
            try:
                return attempt()
            except VinaclesUnavailable as error:
                # The last try may have had no time left; what the tries before it met still holds.
                trouble = error.trouble = error.trouble or trouble
                error.few_tries = error.few_tries or asking.hideable
                raise

        return retrying(once_more, self._rule, asking.deadline, sleep=self._sleep, jitter=self._jitter)

    def close(self) -> None:
        self._wire.close()

    def _token(self, asking: Asking) -> Token:
        if asking.carried.token is None:
            asking.carried.token = self._tokens.get(asking.connection, asking.deadline, insist=asking.insists)
        return asking.carried.token

    def _logged_in(self, asking: Asking, target: str, *, keep_token: bool) -> Reply:
        token = self._token(asking)
        reply = self._send(asking, target, _bearer(token.access_token.reveal()))
        if reply.status != 401 or keep_token:
            return reply
        token = self._tokens.replace(asking.connection, token, asking.deadline)
        asking.carried.token = token
        reply = self._send(asking, target, _bearer(token.access_token.reveal()))
        if reply.status == 401:
            self._tokens.fresh_one_refused(asking.connection, token)
            raise login_failed()
        return reply

    def _heeded(self, asking: Asking, reply: Reply, read: Callable[[dict[str, object]], T]) -> Answer[T]:
        """What the reply means to the question, and its wish to be left alone to everybody."""
        try:
            answer = judged(reply, read, doubted=asking.doubted)
        except VinaclesUnavailable as error:
            rest = rest_seconds(error)
            if rest > asking.deadline.remaining():
                self._rests(asking, rest)
            elif reply.status == 429:
                # Nobody is told to stay away: if it goes on, the circuit must know.
                error.trouble = Trouble.SERVER_ERROR
            raise
        if asking.insists:
            self._rests(asking, 0)
        return answer

    def _weigh(self, asking: Asking, reply: Reply) -> None:
        """Before anything is made of a body: what it becomes in memory is bounded by its bytes and its
        values."""
        if reply.status != 200 or reply.body is None:
            return
        most, values = self._most_body_bytes, most_values(reply.body)
        if values > most // _BYTES_PER_VALUE:
            raise page_too_big()
        all_bytes, all_values = asking.tally.received(len(reply.body), values)
        if all_bytes > _PAGES_WORTH * most or all_values > _PAGES_WORTH * most // _BYTES_PER_VALUE:
            raise too_much()

    def _send(self, asking: Asking, target: str, headers: Mapping[str, str]) -> Reply:
        # What is no plain id could end the header.
        extra = {"x-ms-correlation-id": asking.request_id} if is_plain_id(asking.request_id) else {}
        with self._gate(asking):
            asking.tally.count()
            return self._wire.get(asking.connection, target, {**headers, **extra}, asking.deadline)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
