"""What reading a workorder costs the processor.

From JSON to a value, beside a plain nested schema: see benchmarks/reading.py.
"""

from benchmarks.found import Found, Grid, Options
from benchmarks.invented import invented
from benchmarks.reading import digesting, parsing, reading

PLACE = 75


def measure(options: Options) -> Found:
    workorders = options.size(1_000, 100)
    raws = invented(workorders)
    found = {"Reading rows": reading(raws), "Digest of rows": digesting(raws), "Parsing JSON": parsing(raws)}
    grids = [
        Grid(
            title,
            ("way", "µs per workorder", "times faster"),
            [[way, f"{one['microseconds']:.1f}", f"{one['times_faster']:.2f}"] for way, one in ways.items()],
        )
        for title, ways in found.items()
    ]
    return Found(f"{workorders:,} workorders, medians of 5 rounds in one process.", grids, raw=found)
