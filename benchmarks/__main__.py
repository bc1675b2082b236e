"""All benchmarks by one command: `make bench`, or `python -m benchmarks`.

Prints the machine and every table, and writes tables into docs/performance.md, between each measurement's
marks, and plots beside it. `--only growth,pools` chooses; `--quick` tries everything in a small size and
writes nothing down.
"""

import argparse
import json
import signal
import sys
import time
from pathlib import Path

from rich.console import Console

from benchmarks.found import DOCUMENT, Options
from benchmarks.machine import Neighbors, machine, when
from benchmarks.measurements import Measurement, all_of_them
from benchmarks.report import table, write_down


def run(chosen: list[Measurement], options: Options, document: Path | None, console: Console) -> object:
    """Everything that was found, by measurement."""
    results = {}
    for one in chosen:
        console.rule(f"{one.name}: {one.title}", align="left")
        began, neighbors = time.monotonic(), Neighbors()
        found = one.measure(options)
        took = (time.monotonic() - began) / 60
        for grid in found.all_grids:
            console.print(table(grid))
        said = f"{when()} It took {took:.1f} minutes; others had {neighbors.share():.0%} of the cores."
        console.print(f"{said} {found.said}", highlight=False)
        if document is not None:
            write_down(document, one.name, one.title, found, said, machine())
        results[one.name] = {"said": said, **found.raw}
    return results


def main() -> None:
    known = all_of_them()
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"{one.name:12} {one.title}" for one in known),
    )
    parser.add_argument("--only", help="measurements, separated by commas (default: all)")
    parser.add_argument(
        "--rounds", type=int, default=5, help="rounds, of which medians are taken (default 5)"
    )
    parser.add_argument("--quick", action="store_true", help="one small round to try it; writes no document")
    parser.add_argument(
        "--dlt", help="interpreter that has dlt[postgres] (default: .venv-dlt, made if missing)"
    )
    parser.add_argument("--json", type=Path, help="write everything that was measured to this file")
    parser.add_argument(
        "--document", type=Path, default=DOCUMENT, help="Markdown file with the marks (docs/performance.md)"
    )
    arguments = parser.parse_args()
    names = arguments.only.split(",") if arguments.only else [one.name for one in known]
    unknown = sorted({*names} - {one.name for one in known})
    if unknown:
        parser.error(f"there is no measurement {', '.join(unknown)}; see --help")
    # Whoever ends it early leaves no servers behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = Options(1 if arguments.quick else arguments.rounds, arguments.quick, arguments.dlt)
    console = Console(width=150)
    console.print(machine(), highlight=False)
    document = None if arguments.quick else arguments.document
    found = run([one for one in known if one.name in names], options, document, console)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
