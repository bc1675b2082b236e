"""Enqueue-to-answer time of an import, as the backend sees it: `python benchmarks/interactive.py`.

A real worker (8 threads), Redis, PostgreSQL and the simulator on this machine. Cold: the fleet has no token,
so the import fetches one first. Beside each figure stands what no import can be faster than: its two HTTP
round trips, measured with the same simulator in the same run.
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable

import requests
from redis import Redis
from rich.console import Console
from rich.progress import track
from rich.table import Table

from sandbox.demo.desk import Desk
from sandbox.services import temporary_folder
from sandbox.simulator import known
from sandbox.stack import Stack

DEALER_ID = 12
console = Console()


def milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def summary(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {"median": statistics.median(ordered), "p95": ordered[int(len(ordered) * 0.95) - 1]}


def round_trips(stack: Stack, times: int) -> list[float]:
    """Two requests, one after the other, on one kept-alive connection: what no import can be faster than."""
    with requests.Session() as session:
        form = {
            "grant_type": "client_credentials",
            "client_id": stack.simulator.client_id,
            "client_secret": stack.simulator.client_secret,
            "audience": stack.simulator.audience,
        }
        token = session.post(stack.simulator.token_url, data=form, timeout=30).json()["access_token"]
        session.headers["Authorization"] = f"Bearer {token}"
        find = f"{stack.simulator.base_url}/api/Workorder?$filter=WONUMMER%20eq%20%27{known.COMPLETE}%27"
        lines = f"{stack.simulator.base_url}/api/WorkorderLine?$filter=WorkorderId%20eq%20{known.COMPLETE_ID}"
        return [
            milliseconds(
                lambda: (session.get(find, timeout=30).json(), session.get(lines, timeout=30).json())
            )
            for _ in range(times)
        ]


def measure(times: int) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
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
                bare = summary(round_trips(stack, times))
                for token in ("warm", "cold"):
                    values = []
                    for number in track(range(times), f"{latency_ms} ms, {token} token", console=console):
                        # Every import changes something, so that it writes.
                        where = {"WorkorderId": known.COMPLETE_ID}
                        desk.dms.patch_rows("Workorder", where, {"Mileage": 90_000 + number + latency_ms})
                        if token == "cold":  # noqa: S105  a word, no secret
                            tokens.flushdb()
                        # The answer to the search before would be shared.
                        for kept in tokens.scan_iter("twodrive:once:*"):
                            tokens.delete(kept)
                        values.append(milliseconds(lambda: desk.search(known.COMPLETE)))
                    rows.append(
                        {"latency_ms": latency_ms, "token": token, **summary(values), "bare": bare["median"]}
                    )
        parts.close()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200, help="imports per row (default 200)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    rows = measure(options.times)
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    if options.json:
        print(json.dumps({"machine": machine, "times": options.times, "rows": rows}))
        return
    table = Table(title=f"Enqueue to answer, {options.times} imports each ({machine})")
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
        median, bare = float(str(row["median"])), float(str(row["bare"]))
        shown = (median, float(str(row["p95"])), bare, median - bare)
        table.add_row(f"{row['latency_ms']} ms", str(row["token"]), *(f"{value:.1f}" for value in shown))
    console.print(table)


if __name__ == "__main__":
    main()
