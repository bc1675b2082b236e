"""Several calls at the same time, with one end to the waiting."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from worker.deadline import Deadline
from worker.vinacles.failures import out_of_time

T = TypeVar("T")
#: A call that ends with the deadline says what it waited for, if it is given the moment to say it.
_GRACE_SECONDS = 0.2


def results(futures: Sequence[Future[T]], deadline: Deadline) -> list[T]:
    """All results, or the first failure; what has not begun by then never does.

    Nobody waits beyond the deadline and a moment, wherever a call is stuck: then VinaclesUnavailable is
    raised.
    """
    try:
        done, late = wait(futures, deadline.remaining() + _GRACE_SECONDS, return_when=FIRST_EXCEPTION)
        got = [future.result() for future in futures if future in done]
    finally:
        for future in futures:
            future.cancel()
    if late:
        raise out_of_time()
    return got


def together(calls: Sequence[Callable[[], T]], at_once: int, deadline: Deadline) -> list[T]:
    """As `results`, on at most `at_once` threads of their own: whoever else is slow holds none of them."""
    threads = ThreadPoolExecutor(max(1, at_once), thread_name_prefix="bulk")
    try:
        return results([threads.submit(call) for call in calls], deadline)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
