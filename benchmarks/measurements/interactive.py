"""An import that somebody waits for.

From `send_task` to the answer, one after the other, each of which changes the workorder; through Redis, a
worker with 8 threads, the simulator and PostgreSQL.
"""

from benchmarks.found import GRAY, OURS, Bar, Found, Grid, Options, at_most
from benchmarks.interactive import COLUMNS
from benchmarks.interactive import measure as imports

PLACE = 10


def measure(options: Options) -> Found:
    times = options.size(40, 5) * options.rounds
    found = imports(times)
    bars = [
        bar
        for row in found
        for bar in (
            Bar(f"{row.latency_ms} ms, token {row.token}: import", row.median, f"{row.median:.1f} ms", OURS),
            Bar("two bare round trips", row.trips, f"{row.trips:.1f} ms", GRAY),
        )
    ]
    return Found(
        f"{times} imports a row, figures are medians.",
        [Grid("", COLUMNS, [row.shown() for row in found], texts=2)],
        "Milliseconds from enqueue to answer",
        bars,
        {"rows": [row.as_json() for row in found]},
        aims=[
            at_most(
                f"median over two round trips, Vinacles answers in {row.latency_ms} ms",
                15,
                row.median - row.trips,
                " ms",
            )
            for row in found
            if row.token == "warm"  # noqa: S105  a word, no secret
        ],
    )
