"""A process that works off requests: woken by PostgreSQL's bell, by an end of work and by a stop, and looking
once a second in any case."""

import contextlib
import select
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import structlog

from worker.errors import StorageUnavailable
from worker.heartbeat import Heartbeat
from worker.requests import ImportRequests
from worker.shares import Shares
from worker.store.listening import Listener
from worker.store.requests import TakenRequest

#: So often it looks without a bell; bells can be missed.
LOOK_SECONDS = 1.0

_log = structlog.get_logger(__name__)


class Server:
    """Works on up to `threads` requests at a time, no dealer's beyond its share. Any number of processes may
    do so beside each other.

    Of those that may have ended a process before, one at a time: a request that does it again takes no second
    one of them along, so that only the culprit comes to its last try.
    """

    def __init__(self, requests: ImportRequests, listener: Listener, threads: int, pulse: Heartbeat) -> None:
        self._requests = requests
        self._listener = listener
        self._threads = threads
        self._pulse = pulse
        self._shares = Shares(threads)
        self._lock = threading.Lock()
        self._busy = 0
        self._freed = False
        self._suspects = 0
        self._stopping = False
        self._away = False
        self._next_sweep = 0.0
        self._woken, self._waker = socket.socketpair()
        for end in (self._woken, self._waker):
            end.setblocking(False)

    def serve(self) -> None:
        """Until `stop` is called; then what is under way is answered. Raises `ConfigurationError` where
        somebody must act first."""
        with self._listener, self._woken, self._waker:
            _log.info("import_requests_serving", threads=self._threads)
            with ThreadPoolExecutor(self._threads, "request") as threads:
                while not self._stopping:
                    self._once(threads)
            _log.info("import_requests_stopped")

    def stop(self) -> None:
        """To be called by a signal handler or another thread."""
        self._stopping = True
        self._wake()

    def _once(self, threads: ThreadPoolExecutor) -> None:
        try:
            self._look(threads)
            self._listener.wait(LOOK_SECONDS, self._woken.fileno())
        except StorageUnavailable as error:
            if not self._away:
                _log.warning("import_requests_waiting", code=error.code.value, text=error.text)
            self._away = True
            self._pulse.away()
            select.select([self._woken], [], [], LOOK_SECONDS)
        else:
            if self._away:
                _log.warning("import_requests_going_on")
            self._tell()
            self._away = False
        with contextlib.suppress(BlockingIOError):
            self._woken.recv(4096)

    def _tell(self) -> None:
        """That all threads are taken counts from the last moment at which one was free."""
        taken, freed = self._busy >= self._threads, self._freed
        self._freed = False
        if freed or self._away or not taken:
            self._pulse.polled()
        self._pulse.turned(busy=taken)

    def _look(self, threads: ThreadPoolExecutor) -> None:
        if time.monotonic() >= self._next_sweep:
            self._requests.drop_late()
            self._next_sweep = time.monotonic() + LOOK_SECONDS
        if not self._suspects:
            self._begin_one(threads, suspects=True)
        for _ in range(self._threads):
            if not self._begin_one(threads, suspects=False):
                break

    def _begin_one(self, threads: ThreadPoolExecutor, *, suspects: bool) -> bool:
        """False where no thread is free, or no request is there whose dealer may have one: each share that is
        taken decides on the next."""
        if self._busy >= self._threads:
            return False
        taken = self._requests.take(1, suspects=suspects, without_dealers=self._shares.full())
        for request in taken:
            share = ExitStack()
            share.enter_context(self._shares.share(request.dealer_id))
            self._count(1, suspects)
            threads.submit(self._work, request, share, suspects)
        return bool(taken)

    def _work(self, request: TakenRequest, share: ExitStack, suspect: bool) -> None:
        try:
            self._requests.work(request)
        finally:
            share.close()
            self._count(-1, suspect)
            self._freed = True
            self._wake()

    def _count(self, more: int, suspect: bool) -> None:
        with self._lock:
            self._busy += more
            self._suspects += more if suspect else 0

    def _wake(self) -> None:
        # A full pipe wakes as well; a closed one has nobody left to wake.
        with contextlib.suppress(OSError):
            self._waker.send(b"!")
