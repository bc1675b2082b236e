"""The write path alone, beside COPY and other ways.

Every way writes the same 10,000 workorders in pages of 500, each with its own commit: see
benchmarks/writing.py.
"""

from benchmarks.found import GRAY, OURS, Bar, Found, Options, at_least, median, ratio_of_rounds, said_of
from benchmarks.writing import CREATED, contest, contest_grid, read_pages, server
from benchmarks.writing import OURS as OUR_WAY

PLACE = 65


def measure(options: Options) -> Found:
    workorders = options.size(10_000, 1_000)
    with server() as (postgres, url, writer):
        measured = contest(postgres, url, writer, read_pages(workorders, writer.dealer), options.rounds)
    bars = [
        Bar(f"{case}: {way}", rate, f"{rate:,.0f}", OURS if way == OUR_WAY else GRAY)
        for case, ways in measured.items()
        for way, taken in ways.items()
        for rate in [workorders / median(taken)]
        if not case.startswith("unchanged")
    ]
    return Found(
        f"{said_of(options.rounds)}; PostgreSQL with `fsync` on.",
        [contest_grid(measured, workorders)],
        "Workorders per second, written in pages of 500",
        bars,
        {"seconds": measured},
        aims=[
            at_least(
                "created: ours × raw COPY into the tables",
                0.6,
                ratio_of_rounds(measured[CREATED]["raw COPY into the tables"], measured[CREATED][OUR_WAY]),
            )
        ],
    )
