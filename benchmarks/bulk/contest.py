"""The contest of ours, dlt, one task per workorder, and COPY, on one stack."""

import time
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from benchmarks.bulk.databases import create
from benchmarks.bulk.ours import Ours
from benchmarks.bulk.report import aims, bars, grid, said
from benchmarks.bulk.rounds import Contest, summarized
from benchmarks.bulk.tenant import Tenant
from benchmarks.bulk.with_dlt import WithDlt
from benchmarks.bulk.with_orm import WithOrm
from benchmarks.found import Found
from benchmarks.machine import load, machine
from sandbox.services import temporary_folder
from sandbox.stack import Stack


@dataclass(frozen=True, slots=True)
class Sizes:
    """`one_by_one` workorders get a task each; no round begins after `minutes`."""

    workorders: int
    one_by_one: int
    rounds: int
    minutes: float = 60


def measure(dlt_interpreter: str, sizes: Sizes) -> dict[str, Any]:
    console = Console(stderr=True)
    with temporary_folder() as folder, Stack(folder, workorders=sizes.workorders) as stack:
        stack.postgres.stop()
        stack.postgres.durable = True
        stack.postgres.start()
        ours = Ours.start(stack)
        orm = WithOrm(stack, create(stack.postgres, "orm", tables=True))
        orm.start()
        dlt_folder = folder / "dlt"
        dlt_folder.mkdir()
        dlt = WithDlt(
            dlt_interpreter, stack.simulator, create(stack.postgres, "dlt", tables=False), dlt_folder
        )
        tenant = Tenant(stack.simulator.admin, stack.simulator.admin.row_counts()["Workorder"])
        tenant.prepare()
        floor_url = create(stack.postgres, "floor", tables=True)
        contest = Contest(stack, ours, dlt, orm, floor_url, tenant, sizes.one_by_one)
        began = time.monotonic()
        loads: list[float] = []
        while len(loads) < sizes.rounds and time.monotonic() - began < sizes.minutes * 60:
            contest.round(console)
            loads.append(load())
            console.log(f"round {len(loads)} done")
        contest.ours.parts.close()
        workorders, lines, contacts = tenant.rows()
        return {
            "machine": machine(f"dlt {dlt.version}"),
            "dlt": f"dlt {dlt.version}",
            "loads": loads,
            "workorders": workorders,
            "lines": lines,
            "contacts": contacts,
            "one_by_one": sizes.one_by_one,
            "rounds": len(loads),
            "rows": summarized(contest.results),
            "raw": [vars(result) for result in contest.results],
        }


def found(measured: dict[str, Any]) -> Found:
    return Found(said(measured), [grid(measured)], raw=measured, drawn=bars(measured), aims=aims(measured))
