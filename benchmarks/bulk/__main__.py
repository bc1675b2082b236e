"""Bulk refresh against other ways of doing it, side by side: `python -m benchmarks.bulk --dlt PYTHON`.

`PYTHON` is an interpreter with dlt; without `--dlt` one is made. Everything runs on this machine: one
simulator, one PostgreSQL (with fsync), one Redis. The ways take turns within each round, so that what else
the machine does hits all of them; figures are medians over the rounds.
"""

import argparse
import json
from pathlib import Path

from rich.console import Console

from benchmarks.bulk.contest import Sizes, found, measure
from benchmarks.environments import with_dlt
from benchmarks.found import DOCUMENT
from benchmarks.machine import machine, when
from benchmarks.report import table, write_down

TITLE = "Bulk refresh, side by side"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--dlt", help="interpreter that has dlt[postgres] (default: .venv-dlt, made if missing)"
    )
    parser.add_argument("--workorders", type=int, default=20_000)
    parser.add_argument("--one-by-one", type=int, default=2_000, help="workorders for one task each")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=60, help="begin no round after this long")
    parser.add_argument("--json", type=Path, help="write everything that was measured to this file")
    parser.add_argument(
        "--document",
        type=Path,
        help=f"write the table between the marks of this Markdown file, such as docs/{DOCUMENT.name},"
        " and the plot beside it",
    )
    options = parser.parse_args()
    sizes = Sizes(options.workorders, options.one_by_one, options.rounds, options.minutes)
    measured = measure(options.dlt or with_dlt(), sizes)
    results = found(measured)
    if options.json:
        options.json.write_text(json.dumps(measured, indent=1))
    if options.document:
        write_down(options.document, "bulk", TITLE, results, when(), machine())
    Console(width=150).print(*map(table, results.all_grids))


if __name__ == "__main__":
    main()
