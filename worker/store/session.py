"""The door to PostgreSQL: connections, transactions, and foreign errors made ours."""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, Engine, create_engine, event

from worker.deadline import Deadline
from worker.store.comments import comment_statements
from worker.store.failures import FOREIGN, translated
from worker.store.watch import WatchedConnection, Watchman, connect_within_the_watch

#: PostgreSQL ends a statement or an idle transaction by itself at its limit; when this much more has passed,
#: it is not there any more.
_BEYOND_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How long PostgreSQL may take, in seconds, 0 for no limit; `pool_size` is the number of connections of
    one process, at least its threads."""

    pool_size: int = 5
    connect_seconds: int = 5
    statement_seconds: float = 15
    lock_seconds: float = 10
    idle_in_transaction_seconds: float = 30

    @property
    def silence_seconds(self) -> float:
        """After how long without an answer the server counts as gone."""
        limits = (self.statement_seconds, self.idle_in_transaction_seconds)
        return math.inf if 0 in limits else max(limits) + _BEYOND_SECONDS


class Database:
    """One database. Nothing connects before the first transaction; safe to share between threads."""

    def __init__(self, url: str, application_name: str, limits: Limits | None = None) -> None:
        limits = limits or Limits()
        self._create = partial(_create_engine, url, application_name, limits)
        self._silence_seconds = limits.silence_seconds
        self._watchman = Watchman()
        self._lock = threading.Lock()
        self._engine: Engine | None = None

    @contextmanager
    def transaction(self, deadline: Deadline | None = None) -> Iterator[Connection]:
        """Commits at the end, rolls back when anything is raised. Ends about at `deadline` also where the
        server has fallen silent; without one, when the server has been silent beyond its own limits.

        Raises `StorageUnavailable` where trying again may help, `ConfigurationError` where somebody must act,
        `StatementRefused` for a defect of ours.
        """
        try:
            with (
                self._watchman.watching(self._silence_seconds, deadline),
                self.engine().begin() as connection,
            ):
                yield connection
        except FOREIGN as error:
            raise translated(error) from None

    def engine(self) -> Engine:
        """The engine, made at the first call."""
        with self._lock:
            if self._engine is None:
                self._engine = self._create()
            return self._engine

    def close(self) -> None:
        """Close the pooled connections; the next transaction opens new ones."""
        self._forget(close=True)

    def dispose_after_fork(self) -> None:
        """To be called in a forked child: forgets the parent's connections without closing them, since both
        processes would talk over the same socket."""
        self._lock = threading.Lock()
        self._watchman = Watchman()
        self._forget(close=False)

    def _forget(self, *, close: bool) -> None:
        with self._lock:
            engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose(close=close)


def _create_engine(url: str, application_name: str, limits: Limits) -> Engine:
    options = {
        "timezone": "UTC",
        "statement_timeout": _milliseconds(limits.statement_seconds),
        "lock_timeout": _milliseconds(limits.lock_seconds),
        "idle_in_transaction_session_timeout": _milliseconds(limits.idle_in_transaction_seconds),
    }
    engine = create_engine(
        url,
        pool_size=limits.pool_size,
        max_overflow=0,
        pool_timeout=limits.connect_seconds,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={
            "connection_factory": WatchedConnection,
            "application_name": application_name,
            "connect_timeout": limits.connect_seconds,
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
            # A peer that vanished without a word is noticed within about half a minute.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 4,
            # Keepalives rest while something sent is not acknowledged; this counts then, in milliseconds.
            "tcp_user_timeout": 30_000,
        },
    )
    event.listen(engine, "do_connect", connect_within_the_watch)
    comment_statements(engine)
    return engine


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
