"""Work that is being done when a fault strikes."""

from typing import Any

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
