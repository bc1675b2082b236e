"""Interactive work as the backend asks for it, and what it cannot be faster than."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from celery import Celery
from redis import Redis

from sandbox.connections import logged_in
from sandbox.simulator.running import SimulatorProcess
from sandbox.stack import Stack
from schemas.messages import ImportRequest
from worker.store.session import Database
from worker.wiring import Parts

_PATIENCE_SECONDS = 30


def milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def ask(backend: Celery, task: str, **arguments: object) -> dict[str, Any]:
    """From `send_task` to the answer."""
    sent = backend.send_task(task, kwargs=arguments, queue="interactive", expires=15)
    answer: dict[str, Any] = sent.get(timeout=_PATIENCE_SECONDS)
    return answer


def unshare(stack: Stack) -> None:
    """The answer to an equal question before would be shared for two seconds, instead of found again."""
    with Redis.from_url(stack.redis.url_of(2)) as state:
        for kept in state.scan_iter("twodrive:once:*"):
            state.delete(kept)


def all_at_once(calls: Sequence[Callable[[], object]], askers: int) -> tuple[float, list[float]]:
    """Seconds for all of them by so many askers, and milliseconds of each."""
    began = time.perf_counter()
    with ThreadPoolExecutor(askers) as pool:
        each = list(pool.map(milliseconds, calls))
    return time.perf_counter() - began, each


def round_trips(simulator: SimulatorProcess, wo_number: str, dms_number: int, times: int) -> list[float]:
    """Milliseconds of two requests, one after the other, on one kept-alive connection."""
    wanted, belonging = quote(f"WONUMMER eq '{wo_number}'"), quote(f"WorkorderId eq {dms_number}")
    find = f"{simulator.base_url}/api/Workorder?$filter={wanted}"
    lines = f"{simulator.base_url}/api/WorkorderLine?$filter={belonging}"
    with logged_in(simulator) as session:
        return [
            milliseconds(
                lambda: (session.get(find, timeout=30).json(), session.get(lines, timeout=30).json())
            )
            for _ in range(times)
        ]


def queue_alone(backend: Celery, times: int) -> list[float]:
    """Milliseconds of a message without arguments, which a worker refuses at once: through the queue and
    back."""
    return [
        milliseconds(
            lambda: backend.send_task("workorders.import", queue="interactive", expires=15).get(
                timeout=_PATIENCE_SECONDS, propagate=False
            )
        )
        for _ in range(times)
    ]


def sql(
    parts: Parts, dealer_id: int, wo_number: str, change: Callable[[int], object], times: int
) -> list[float]:
    """Milliseconds that an import in this process, without queue and worker, waits for PostgreSQL: its
    statements, their commits, and the question whether the connection still lives."""
    taken = []
    with timed(parts.database) as spent:
        for number in range(times):
            change(number)
            before = spent[0]
            parts.importer.search(ImportRequest(dealer_id, wo_number), None, parts.interactive_deadline())
            taken.append((spent[0] - before) * 1000)
    return taken


@contextmanager
def timed(database: Database) -> Iterator[list[float]]:
    """Counts the seconds in PostgreSQL up, in a list of one."""
    dialect: Any = database.engine().dialect
    spent = [0.0]

    def counting(plain: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return plain(*arguments, **named)
            finally:
                spent[0] += time.perf_counter() - began

        return call

    names = ("do_execute", "do_executemany", "do_commit", "do_rollback", "do_ping")
    for name in names:
        setattr(dialect, name, counting(getattr(dialect, name)))
    try:
        yield spent
    finally:
        for name in names:
            delattr(dialect, name)
