"""One access token per dealer's login, shared by all processes and machines through Redis."""

import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from hashlib import sha256
from typing import Protocol

import redis
from cryptography.fernet import InvalidToken
from redis.exceptions import LockError, RedisError

from schemas.dealer import Connection, Secret
from worker.deadline import Deadline
from worker.errors import StorageUnavailable, Trouble, TwoDriveError, VinaclesUnavailable
from worker.redis_client import shared_memory
from worker.retry import LONGEST_REST_SECONDS
from worker.vinacles.answers import retry_after_seconds
from worker.vinacles.failures import login_failed, of_token_status, out_of_time, unreadable
from worker.vinacles.resting import RENEWAL, Rest, rest_after
from worker.vinacles.tokens import Issued, Token, kept_seconds, read_token, renewal_due
from worker.vinacles.wire import Reply, Wire

#: A holder that died keeps others waiting this long; longer than a call of the token URL may take.
LOCK_SECONDS = 12.0
CALL_SECONDS = 10.0
#: While the old token is still good, nobody's search waits long for a slow token URL.
EARLY_CALL_SECONDS = 3.0
#: After a fresh token was refused too, none is bought in its place for this long.
REFUSED_SECONDS = 30
_POLL_SECONDS = 0.05
#: How the names of tokens in Redis begin; a hash follows.
TOKEN_NAMES = "twodrive:token:"  # noqa: S105  no token
_DELETE_IF_SAME = (
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
)


class Cipher(Protocol):
    """Fernet or MultiFernet."""

    def encrypt(self, msg: bytes) -> bytes: ...

    def decrypt(self, msg: bytes) -> bytes: ...


class TokenSource:
    """`redis_client` must return bytes (no `decode_responses`). `naming_key` keys the hash of the client
    secret within Redis keys: whoever reads key names cannot try secrets against them."""

    def __init__(
        self,
        redis_client: redis.Redis,
        cipher: Cipher,
        naming_key: bytes,
        wire: Wire,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._redis = redis_client
        self._cipher = cipher
        self._naming_key = naming_key
        self._wire = wire
        self._sleep = sleep

    def get(self, connection: Connection, deadline: Deadline, *, insist: bool = False) -> Token:
        """The fleet's token for this login, bought only where there is none or it is about to expire.

        Raises ConfigurationError (the login is refused), VinaclesUnavailable (the token URL does not
        answer, or somebody else's call takes too long) or StorageUnavailable (Redis is away). A token URL
        that refused somebody is not asked for a moment, or as long as it said, unless with `insist`.
        """
        name = self._name(connection)
        while True:
            token, enough = self._look(name, insist=insist)
            if token and enough:
                return token
            with self._turn(name) as mine:
                if mine:
                    return self._renewed(name, connection, deadline, insist=insist)
            if token:
                return token
            left = deadline.remaining()
            if left <= 0:
                raise out_of_time()
            self._sleep(min(_POLL_SECONDS, left))

    def replace(self, connection: Connection, refused: Token, deadline: Deadline) -> Token:
        """Another token in place of one that the API refused; bought only if nobody else has done so.

        Raises like `get`, and ConfigurationError when this one was refused moments ago when it was fresh.
        """
        name = self._name(connection)
        with shared_memory():
            mark, stamp = self._redis.mget(f"{name}:refused", name)
            if mark == self._fingerprint(refused) and stamp in (None, refused.stamp):
                raise login_failed()
            self._redis.eval(_DELETE_IF_SAME, 1, name, refused.stamp)
        return self.get(connection, deadline)

    def fresh_one_refused(self, connection: Connection, refused: Token) -> None:
        """Remember that buying another token in place of this one does not help for now. One that was bought
        since may be replaced: it was not refused when it was fresh."""
        mark = self._fingerprint(refused)
        with shared_memory():
            self._redis.set(f"{self._name(connection)}:refused", mark, ex=REFUSED_SECONDS)

    def _renewed(self, name: str, connection: Connection, deadline: Deadline, *, insist: bool) -> Token:
        """Called with the lock: look again, then buy. A valid old token outlives a failure to renew it."""
        token, enough = self._look(name, insist=insist)
        if token and enough:
            return token
        seconds = EARLY_CALL_SECONDS if token else CALL_SECONDS
        soon = Deadline(min(deadline.at, deadline.clock() + seconds), deadline.clock)
        try:
            return self._bought(name, connection, soon)
        except StorageUnavailable:
            raise
        except TwoDriveError:
            if token is None:
                raise
        self._leave_alone(name, RENEWAL)
        return token

    def _bought(self, name: str, connection: Connection, deadline: Deadline) -> Token:
        reply = self._asked(connection, deadline)
        if reply.status != 200:
            wait_seconds = retry_after_seconds(reply.headers, datetime.now(UTC))
            self._leave_alone(name, rest_after(reply.status, wait_seconds))
            raise of_token_status(reply.status, wait_seconds)
        if reply.body is None:
            raise unreadable()
        issued = read_token(reply.body, reply.headers)
        stamp = self._cipher.encrypt(issued.packed())
        kept = kept_seconds(issued, deadline.clock() - reply.started_at)
        if kept > 0:
            with shared_memory():
                self._redis.set(name, stamp, px=max(1, int(kept * 1000)))
                self._redis.delete(_rest_of(name))
        return Token(issued.access_token, stamp)

    def _asked(self, connection: Connection, deadline: Deadline) -> Reply:
        try:
            return self._wire.request_token(connection, deadline)
        except VinaclesUnavailable as error:
            error.trouble = error.trouble and Trouble.LOGIN_SERVER
            raise

    def _leave_alone(self, name: str, rest: Rest | None) -> None:
        """For all who hold no lock or get it next. A longer rest is not cut short."""
        if rest is not None:
            with suppress(RedisError):  # what it answered is the thing to tell
                self._redis.set(_rest_of(name), rest.packed(), px=max(1, int(rest.seconds * 1000)), nx=True)

    def _look(self, name: str, *, insist: bool) -> tuple[Token | None, bool]:
        """The token that there is, and whether it will do. Raises what the token URL answered while it is
        left alone."""
        with shared_memory(), self._redis.pipeline(transaction=True) as pipe:
            for key in (name, _rest_of(name)):
                pipe.get(key)
                pipe.pttl(key)
            stamp, left_ms, packed, rest_ms = pipe.execute()
        token = self._token(stamp, left_ms)
        rest = None if packed is None or insist else Rest.unpacked(packed, rest_ms)
        if rest and rest.seconds > LONGEST_REST_SECONDS:  # written before Redis' clock was set back
            rest = None
        if token is None and rest and (error := rest.error()):
            raise error
        return token, token is not None and (rest is not None or not token.renewal_due)

    def _token(self, stamp: bytes | None, left_ms: int) -> Token | None:
        """Redis counts a token's life down, so machines need not agree on the time."""
        if stamp is None:
            return None
        try:
            issued = Issued.unpacked(self._cipher.decrypt(stamp))
        except InvalidToken:  # written with a key that is no longer ours
            return None
        return Token(issued.access_token, stamp, renewal_due(left_ms / 1000, issued.lifetime_seconds))

    @contextmanager
    def _turn(self, name: str) -> Iterator[bool]:
        """Whether it is our turn to buy, without waiting for it."""
        lock = self._redis.lock(f"{name}:lock", timeout=LOCK_SECONDS)
        with shared_memory():
            mine = bool(lock.acquire(blocking=False))
        try:
            yield mine
        finally:
            if mine:
                with suppress(LockError, RedisError):  # it expires by itself
                    lock.release()

    def _fingerprint(self, token: Token) -> bytes:
        """Of the token itself: its encrypted form changes with the key."""
        return self._keyed(token.access_token).encode()

    def _keyed(self, secret: Secret) -> str:
        return hmac.new(self._naming_key, secret.reveal().encode(), sha256).hexdigest()

    def _name(self, connection: Connection) -> str:
        """A changed secret gives a new name, and so takes effect at once."""
        secret = self._keyed(connection.client_secret)
        login = [connection.token_url, connection.client_id, connection.audience, secret]
        return f"{TOKEN_NAMES}{sha256(json.dumps(login).encode()).hexdigest()}"


def _rest_of(name: str) -> str:
    return f"{name}:resting"
