"""Bulk refresh against other ways of doing it, side by side: `python -m benchmarks.bulk --dlt PYTHON`.

`PYTHON` is an interpreter with dlt; `dlt_pipeline.py` says how to make one. Everything runs on this machine:
one simulator, one PostgreSQL (with fsync), one Redis. The ways take turns within each round, so that what
else the machine does hits all of them; figures are medians over the rounds.
"""

import argparse
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks.bulk.databases import create
from benchmarks.bulk.ours import Ours
from benchmarks.bulk.report import bars, commit, machine, table, written_into
from benchmarks.bulk.rounds import Contest, summarized
from benchmarks.bulk.tenant import Tenant
from benchmarks.bulk.with_dlt import WithDlt
from benchmarks.bulk.with_orm import WithOrm
from sandbox.services import temporary_folder
from sandbox.stack import Stack

console = Console(stderr=True)


def measure(options: argparse.Namespace) -> dict[str, object]:
    with temporary_folder() as folder, Stack(folder, workorders=options.workorders) as stack:
        stack.postgres.stop()
        stack.postgres.durable = True
        stack.postgres.start()
        ours = Ours.start(stack)
        orm = WithOrm(stack, create(stack.postgres, "orm", tables=True))
        orm.start()
        dlt_folder = folder / "dlt"
        dlt_folder.mkdir()
        dlt = WithDlt(options.dlt, stack.simulator, create(stack.postgres, "dlt", tables=False), dlt_folder)
        tenant = Tenant(stack.simulator.admin, stack.simulator.admin.row_counts()["Workorder"])
        tenant.prepare()
        contest = Contest(
            stack, ours, dlt, orm, create(stack.postgres, "floor", tables=True), tenant, options.one_by_one
        )
        began = time.monotonic()
        done, loads = 0, []
        while done < options.rounds and time.monotonic() - began < options.minutes * 60:
            contest.round(console)
            done += 1
            loads.append(os.getloadavg()[0])
            console.log(f"round {done} done")
        contest.ours.parts.close()
        workorders, lines, contacts = tenant.rows()
        return {
            "date": datetime.now(UTC).date().isoformat(),
            "commit": commit(),
            "machine": machine(dlt.version),
            "loads": loads,
            "workorders": workorders,
            "lines": lines,
            "contacts": contacts,
            "one_by_one": options.one_by_one,
            "rounds": done,
            "rows": summarized(contest.results),
            "raw": [vars(result) for result in contest.results],
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dlt", required=True, help="interpreter that has dlt[postgres]")
    parser.add_argument("--workorders", type=int, default=20_000)
    parser.add_argument("--one-by-one", type=int, default=2_000, help="workorders for one task each")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=60, help="begin no round after this long")
    parser.add_argument("--json", type=Path, help="write everything that was measured to this file")
    parser.add_argument("--plot", type=Path, help="write the plot to this SVG file")
    parser.add_argument(
        "--document", type=Path, help="write the table between the marks of this Markdown file"
    )
    options = parser.parse_args()
    measured = measure(options)
    if options.json:
        options.json.write_text(json.dumps(measured, indent=1))
    if options.plot:
        options.plot.write_text(bars(measured))
    if options.document:
        options.document.write_text(written_into(options.document.read_text(), measured))
    Console(width=150).print(table(measured))


if __name__ == "__main__":
    main()
