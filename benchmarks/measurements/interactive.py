"""An import that somebody waits for.

From `send_task` to the answer, one after the other, each of which changes the workorder; through Redis, a
worker with 8 threads, the simulator and PostgreSQL.
"""

from benchmarks.found import GRAY, OURS, Bar, Found, Grid, Options
from benchmarks.interactive import measure as imports

PLACE = 10


def measure(options: Options) -> Found:
    times = options.size(40, 5) * options.rounds
    found = imports(times)
    rows = [
        [
            f"{row.latency_ms} ms",
            row.token,
            *(f"{value:.1f}" for value in (row.median, row.p95, row.bare, row.median - row.bare)),
        ]
        for row in found
    ]
    bars = [
        bar
        for row in found
        for bar in (
            Bar(f"{row.latency_ms} ms, token {row.token}: import", row.median, f"{row.median:.1f} ms", OURS),
            Bar("two bare round trips", row.bare, f"{row.bare:.1f} ms", GRAY),
        )
    ]
    columns = (
        "Vinacles answers in",
        "token",
        "median ms",
        "p95 ms",
        "two bare round trips ms",
        "over those ms",
    )
    return Found(
        f"{times} imports a row, figures are medians.",
        [Grid("", columns, rows, texts=2)],
        "Milliseconds from enqueue to answer",
        bars,
        {"rows": [row.as_json() for row in found]},
    )
