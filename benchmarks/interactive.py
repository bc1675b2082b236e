"""Enqueue-to-answer time of an import, as the backend sees it: `python benchmarks/interactive.py`.

A real worker (8 threads), Redis, PostgreSQL and the simulator on this machine. Cold: the fleet has no token,
so the import fetches one first. Beside each figure stands what no import can be faster than: its two HTTP
round trips, measured with the same simulator in the same run.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from typing import Any

from redis import Redis
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.asking import milliseconds, round_trips
from benchmarks.found import median, p95
from benchmarks.machine import machine
from sandbox.demo.desk import Desk
from sandbox.services import temporary_folder
from sandbox.simulator import known
from sandbox.stack import Stack

DEALER_ID = 12
console = Console()


@dataclass(frozen=True, slots=True)
class Row:
    """Milliseconds of imports, and `bare` of two round trips."""

    latency_ms: int
    token: str
    median: float
    p95: float
    bare: float

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
        with Redis.from_url(stack.redis.url_of(2)) as tokens:
            for latency_ms in (0, 50):
                desk.dms.set(latency_ms=latency_ms)
                bare = median(round_trips(stack.simulator, known.COMPLETE, known.COMPLETE_ID, times))
                for token in ("warm", "none yet"):
                    values = []
                    for number in track(range(times), f"{latency_ms} ms, token {token}", console=console):
                        # Every import changes something, so that it writes.
                        where = {"WorkorderId": known.COMPLETE_ID}
                        desk.dms.patch_rows("Workorder", where, {"Mileage": 90_000 + number + latency_ms})
                        if token == "none yet":  # noqa: S105  a word, no secret
                            tokens.flushdb()
                        values.append(milliseconds(lambda: desk.search(known.COMPLETE)))
                    rows.append(Row(latency_ms, token, median(values), p95(values), bare))
        parts.close()
    return rows


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
    for column in (
        "Vinacles answers in",
        "token",
        "median ms",
        "p95 ms",
        "two bare round trips ms",
        "over those ms",
    ):
        table.add_column(column, justify="right")
    for row in rows:
        shown = (row.median, row.p95, row.bare, row.median - row.bare)
        table.add_row(f"{row.latency_ms} ms", row.token, *(f"{value:.1f}" for value in shown))
    console.print(table)


if __name__ == "__main__":
    main()
