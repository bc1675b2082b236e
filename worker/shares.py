"""The threads of this process, shared out between dealers: a slow Vinacles leaves some to other dealers.

A dealer may take one more thread while it holds fewer than are free, and its first one always. So a slow
dealer comes to half of the threads, another one to half of what is left: of 16 four of them leave one free.
A dealer that answers quickly may have any: nobody waits long for what it holds.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from worker.errors import DealerBusy, ErrorCode

#: Two round trips to Vinacles and a page written take a tenth of it.
QUICK_SECONDS = 2.0


@dataclass(slots=True)
class Held:
    """What a dealer holds: when each thread was taken; and when the last quick one was given back."""

    began: list[float] = field(default_factory=list)
    quick_at: float | None = None

    def is_quick(self, now: float) -> bool:
        """It has answered quickly a moment ago, and nothing of it is under way for longer than that."""
        recent = self.quick_at is not None and now - self.quick_at <= QUICK_SECONDS
        return recent and all(now - began <= QUICK_SECONDS for began in self.began)


def may_take(threads: int, held: int, by_all: int, *, quick: bool) -> bool:
    """Whether a dealer that holds `held` of `threads` may have another, `by_all` being held by anybody."""
    return quick or held == 0 or held < threads - by_all


class Shares:
    """Safe to share between threads."""

    def __init__(self, threads: int, clock: Callable[[], float] = time.monotonic) -> None:
        #: How many there are; set where a program is told another number than the settings'.
        self.threads = threads
        self._clock = clock
        self._dealers: dict[int, Held] = {}
        self._lock = threading.Lock()

    def full(self) -> list[int]:
        """The dealers that may have no more for now."""
        with self._lock:
            return [dealer_id for dealer_id, held in self._dealers.items() if not self._may_take(held)]

    @contextmanager
    def share(self, dealer_id: int) -> Iterator[None]:
        """Around whatever may wait for a dealer's Vinacles, for its slots, or for somebody who asks the same.

        Raises DealerBusy at once where the dealer has its share: a thread that waited for a thread would be
        taken from the others all the same.
        """
        with self._lock:
            held = self._dealers.setdefault(dealer_id, Held())
            if not self._may_take(held):
                raise _busy()
            began = self._clock()
            held.began.append(began)
        try:
            yield
        finally:
            with self._lock:
                held.began.remove(began)
                now = self._clock()
                if now - began <= QUICK_SECONDS:
                    held.quick_at = now

    def _may_take(self, held: Held) -> bool:
        by_all = sum(len(one.began) for one in self._dealers.values())
        return may_take(self.threads, len(held.began), by_all, quick=held.is_quick(self._clock()))


def _busy() -> DealerBusy:
    return DealerBusy(
        ErrorCode.VINACLES_UNAVAILABLE,
        "This dealer's 2Drive is slow: so many requests of this dealer are under way that no more are begun.",
        "Search again in a minute. Operators: see whether its 2Drive is slow, or run another worker.",
    )
