"""Work that is being done when a fault strikes, and how it ends."""

import time
from typing import Any

from sandbox.processes import Program
from schemas.dealer import Dealer
from tests.faults.house import House, until


def run_under_way(house: House, latency_ms: float = 80, **options: Any) -> Dealer:
    """A dealer whose run has read some pages and has more to read; `latency_ms` is Vinacles' own,
    `options` are Celery's, of the message."""
    dealer = house.dealer()
    house.small_pages(latency_ms=latency_ms)
    house.refresh_all(dealer, **options)
    until(lambda: house.run_row(dealer).get("pages", 0) >= 2, 20, "two pages")
    return dealer


def same(workers: list[Program]) -> bool:
    """Whether all of them are the processes that they were."""
    return all(worker.process.poll() is None for worker in workers)


def finished(house: House, dealer: Dealer) -> None:
    house.tidy_backend()
    house.dms.set(latency_ms=0)
    house.lease_runs_out()
    house.ring_until_done(dealer)
    assert house.content(dealer) == house.quiet_content()


def elapse(seconds: float) -> None:
    """How long the fault lasts."""
    time.sleep(seconds)
