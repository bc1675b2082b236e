"""The one place that builds the real things, once per process."""

import os
import threading
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version

from cryptography.fernet import Fernet, MultiFernet
from redis import Redis

from worker.asking_once import AskingOnce
from worker.begun import Begun
from worker.breaker import Breaker
from worker.bulk import BulkRefresh
from worker.bulk_dates import Dateless
from worker.bulk_pages import BulkPages
from worker.coalescing import Coalescer
from worker.counting import REQUESTS, Counters
from worker.deadline import Deadline
from worker.drift import DriftWatch
from worker.ended import counting
from worker.environment import load
from worker.importer import Importer
from worker.inquiry import Inquiry
from worker.limits import Limits
from worker.listing import LOOK_TRIES, Listing
from worker.redis_client import client_of
from worker.requests import ImportRequests
from worker.retention import Retention
from worker.retry import RetryRule
from worker.settings import Settings
from worker.shares import Shares
from worker.store.dealers import Dealers
from worker.store.listening import Listener
from worker.store.retention import RULES
from worker.store.session import Database
from worker.store.session import Limits as DatabaseLimits
from worker.telemetry import Telemetry
from worker.telemetry.wiring import telemetry
from worker.unread import DropUnread, UnreadRequests
from worker.vinacles.bulk import BulkReader
from worker.vinacles.client import Client
from worker.vinacles.counted import CountedWire
from worker.vinacles.oauth import TokenSource
from worker.vinacles.probing import Probing
from worker.vinacles.wire import build_session
from worker.vinacles.workorders import Vinacles
from worker.waiting import QueueLook, Waiting

_VERSION = version("twodrive-claire")

# A refresh asks for header, lines and contacts at the same time.
_REQUESTS_AT_ONCE = 3


@dataclass(frozen=True)
class Parts:
    """What the doorways and the command line work with."""

    settings: Settings
    cipher: MultiFernet = field(repr=False)
    database: Database
    dealers: Dealers
    client: Client
    vinacles: Vinacles
    breaker: Breaker
    drift: DriftWatch
    listing: Listing
    importer: Importer
    bulk: BulkRefresh
    shares: Shares
    asking_once: AskingOnce
    requests: ImportRequests
    inquiry: Inquiry
    counters: Counters
    telemetry: Telemetry
    drop_unread: DropUnread
    state: Redis = field(repr=False)

    def interactive_deadline(self) -> Deadline:
        return Deadline.after(self.settings.interactive_deadline_seconds)

    def retention(self) -> Retention:
        return Retention(self.database, {name: getattr(self.settings, name) for name in RULES})

    def close(self) -> None:
        self.counters.close()
        self.telemetry.close()
        self.vinacles.close()
        self.database.close()


def build(settings: Settings, telemetry: Telemetry | None = None, counters: Counters | None = None) -> Parts:
    """Nothing connects yet; PostgreSQL, Redis and Vinacles are reached at their first use."""
    telemetry = telemetry or Telemetry()
    cipher = MultiFernet([Fernet(key.reveal()) for key in settings.secret_keys])
    database, dealers = _database(settings), Dealers(cipher)
    parallel = settings.interactive_threads * _REQUESTS_AT_ONCE
    state = client_of(settings.state_url)
    counters = counters or Counters(state)
    client, probing = _askers(settings, state, cipher, counters, parallel)
    vinacles = Vinacles(client, parallel)
    breaker, drift, told = Breaker(database), DriftWatch(database), counting(counters)
    patience, rule = settings.interactive_deadline_seconds, RetryRule()
    importer = Importer(database, dealers, vinacles, breaker, drift, _VERSION, rule, tell=told)
    asking_once = AskingOnce(importer, Coalescer(state, _naming_key(settings)), Begun(state))
    return Parts(
        settings=settings,
        cipher=cipher,
        database=database,
        dealers=dealers,
        client=client,
        vinacles=vinacles,
        breaker=breaker,
        drift=drift,
        listing=Listing(database, dealers, probing, drift, settings.look_at_columns_hours),
        importer=importer,
        bulk=_bulk(settings, database, dealers, client, importer, state),
        shares=Shares(settings.interactive_threads),
        asking_once=asking_once,
        requests=ImportRequests(database, asking_once, rule, patience, telemetry, counters),
        inquiry=Inquiry(database, dealers, vinacles, breaker, _waiting(settings)),
        state=state,
        counters=counters,
        telemetry=telemetry,
        drop_unread=_unread(settings),
    )


def _database(settings: Settings) -> Database:
    seconds = settings.interactive_deadline_seconds
    limits = DatabaseLimits(pool_size=settings.database_pool_size, statement_seconds=seconds)
    return Database(settings.database_url.reveal(), "twodrive", limits)


def _bulk(
    settings: Settings, database: Database, dealers: Dealers, client: Client, importer: Importer, state: Redis
) -> BulkRefresh:
    reader, seconds = BulkReader(client), settings.slice_seconds
    pages = BulkPages(database, dealers, reader, importer, Dateless(state), page_seconds=seconds)
    return BulkRefresh(database, pages, importer, slice_seconds=seconds)


def _askers(
    settings: Settings, state: Redis, cipher: MultiFernet, counters: Counters, parallel: int
) -> tuple[Client, Probing]:
    """Who asks Vinacles for workorders, and who looks at what it lists, over the same connections."""
    most_bytes = settings.largest_answer_mib * 1024 * 1024
    wire = CountedWire(
        build_session(parallel, settings.ca_bundle, allow_private=settings.allow_private_addresses),
        connect_seconds=settings.connect_timeout_seconds,
        read_seconds=settings.read_timeout_seconds,
        most_body_bytes=most_bytes,
        tell=lambda call, result, seconds: counters.observe(REQUESTS, call, result, seconds=seconds),
    )
    tokens, limits = TokenSource(state, cipher, _naming_key(settings), wire), Limits(state)
    client, hasty = (
        Client(wire, tokens, rule, gate=limits.gate, rests=limits.rest, most_body_bytes=most_bytes)
        for rule in (RetryRule(), RetryRule(most_tries=LOOK_TRIES))
    )
    return client, Probing(hasty)


def listener(settings: Settings) -> Listener:
    """Hears of new rows of `import_requests`, over one connection beside the others'."""
    return Listener(
        Database(settings.database_url.reveal(), "twodrive-listener", DatabaseLimits(pool_size=1)),
        "import_requests",
    )


def _waiting(settings: Settings) -> Waiting:
    """Only Redis lets itself be looked into."""
    if settings.broker_is_redis:
        return QueueLook(client_of(settings.broker_url)).waits
    return lambda _dealer_id, _search: False


def _unread(settings: Settings) -> DropUnread:
    return UnreadRequests(client_of(settings.broker_url)).drop if settings.broker_is_redis else lambda: 0


def _naming_key(settings: Settings) -> bytes:
    """Derived from the oldest key, which a rotation keeps longest: what the fleet shares keeps its names."""
    return sha256(b"twodrive token names/" + settings.secret_keys[-1].reveal().encode()).digest()


class ProcessWide:
    """The parts of this process, built at the first call. A forked child builds its own: connections and
    threads do not survive a fork."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._parts: Parts | None = None
        self._counters: Counters | None = None
        #: Tasks that this program does at the same time, where it was told.
        self.threads: int | None = None
        os.register_at_fork(after_in_child=self._forget)

    def __call__(self) -> Parts:
        with self._lock:
            if self._parts is None:
                settings = load()
                self._parts = build(settings, telemetry(settings), self.counters())
                self._parts.shares.threads = self.threads or settings.interactive_threads
            return self._parts

    def counters(self) -> Counters:
        """Those alone: the parent of forked children has nothing else, and counts what never reaches them."""
        with self._lock:
            if self._counters is None:
                self._counters = Counters(client_of(load().state_url))
            return self._counters

    def before_the_end(self) -> None:
        """What was counted and observed leaves this process."""
        if self._counters is not None:
            self._counters.write()
        if self._parts is not None:
            self._parts.telemetry.close()

    def _forget(self) -> None:
        self._lock = threading.RLock()
        if self._parts is not None:
            self._parts.database.dispose_after_fork()
        self._parts = self._counters = None


process_wide = ProcessWide()
