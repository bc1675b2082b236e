"""Enqueue-to-answer time of an import, as the backend sees it: `python benchmarks/interactive.py`.

A real worker (8 threads), Redis, PostgreSQL and the simulator on this machine. Cold: the fleet has no token,
so the import fetches one first. Beside each figure stands what it is made of, measured alone in the same run:
two HTTP round trips, than which no import can be faster; the queue's way there and back; the SQL.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from typing import Any

from redis import Redis
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.asking import milliseconds, queue_alone, round_trips, sql, unshare
from benchmarks.found import median, p95
from benchmarks.machine import machine
from sandbox.demo.desk import Desk
from sandbox.services import temporary_folder
from sandbox.simulator import known
from sandbox.stack import Stack
from worker.wiring import Parts

DEALER_ID = 12
COLUMNS = (
    "Vinacles answers in",
    "token",
    "median ms",
    "p95 ms",
    "two bare round trips",
    "over those",
    "of which queue",
    "SQL",
    "the rest",
)
console = Console()


@dataclass(frozen=True, slots=True)
class Row:
    """Milliseconds of imports; and alone, of two `trips` to Vinacles, of the `queue` and of the `sql`."""

    latency_ms: int
    token: str
    median: float
    p95: float
    trips: float
    queue: float
    sql: float

    def shown(self) -> list[str]:
        """As `COLUMNS`."""
        over = self.median - self.trips
        rest = over - self.queue - self.sql
        numbers = (self.median, self.p95, self.trips, over, self.queue, self.sql, rest)
        return [f"{self.latency_ms} ms", self.token, *(f"{number:.1f}" for number in numbers)]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def measure(times: int) -> list[Row]:
    rows = []
    with temporary_folder() as folder, Stack(folder, workorders=1000) as stack:
        stack.start_worker()
        parts = stack.parts()
        # One import after the other asks more often than a person can; the limit shall not be felt.
        dealer = stack.add_dealer(DEALER_ID, "Garage Meetweg", requests_per_second=10_000.0)
        desk = Desk(dealer, stack.backend(), stack.simulator.admin, parts.database, parts.dealers)
        desk.search(known.COMPLETE)
        queue, statements = median(queue_alone(desk.backend, times)), median(_sql(desk, parts, times))
        with Redis.from_url(stack.redis.url_of(2)) as tokens:
            for latency_ms in (0, 50):
                desk.dms.set(latency_ms=latency_ms)
                trips = median(round_trips(stack.simulator, known.COMPLETE, known.COMPLETE_ID, times))
                for token in ("warm", "none yet"):
                    values = []
                    for number in track(range(times), f"{latency_ms} ms, token {token}", console=console):
                        # Every import changes something, so that it writes.
                        where = {"WorkorderId": known.COMPLETE_ID}
                        desk.dms.patch_rows("Workorder", where, {"Mileage": 90_000 + number + latency_ms})
                        if token == "none yet":  # noqa: S105  a word, no secret
                            tokens.flushdb()
                        unshare(stack)
                        values.append(milliseconds(lambda: desk.search(known.COMPLETE)))
                    row = Row(latency_ms, token, median(values), p95(values), trips, queue, statements)
                    rows.append(row)
        parts.close()
    return rows


def _sql(desk: Desk, parts: Parts, times: int) -> list[float]:
    def change(number: int) -> None:
        desk.dms.patch_rows("Workorder", {"WorkorderId": known.COMPLETE_ID}, {"Mileage": 80_000 + number})

    return sql(parts, DEALER_ID, known.COMPLETE, change, times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200, help="imports per row (default 200)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    rows = measure(options.times)
    if options.json:
        found = {"machine": machine(), "times": options.times, "rows": [row.as_json() for row in rows]}
        print(json.dumps(found))
        return
    table = Table(title=f"Enqueue to answer, {options.times} imports each ({machine()})")
    for column in COLUMNS:
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(*row.shown())
    console.print(table)


if __name__ == "__main__":
    main()
