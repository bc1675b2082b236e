"""Bulk refresh, side by side.

Against dlt, one task per workorder, and COPY: see benchmarks/bulk.
"""

from benchmarks.bulk import contest
from benchmarks.environments import with_dlt
from benchmarks.found import Found, Options

PLACE = 80


def measure(options: Options) -> Found:
    sizes = contest.Sizes(options.size(20_000, 500), options.size(2_000, 50), options.rounds)
    return contest.found(contest.measure(options.dlt or with_dlt(), sizes))
