"""An import that somebody waits for, while bulk work takes every bulk slot.

A worker `-P threads -c 8` for people beside one `-P prefork -c 2` for bulk, which loads dealers of 1,000
workorders one after the other, both of its processes always busy. Each import and refresh changes the
workorder. Bulk's dealers have a Vinacles of their own, which leaves the cores to the rest (nice 10), since it
stands for other machines; the receptionist's dealer answers in 0 or 50 ms.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from benchmarks.asking import ask, milliseconds, round_trips, sql, unshare
from benchmarks.fleet import Fleet, tenant
from benchmarks.found import (
    GRAY,
    OTHER,
    OURS,
    Bar,
    Found,
    Grid,
    Options,
    at_most,
    median,
    p95,
    ratio_of_rounds,
    said_of,
)
from benchmarks.saturation import Condition, Meanwhile, saturated
from benchmarks.workers import BULK, INTERACTIVE, Kind, give_way, start
from sandbox.services import temporary_folder
from sandbox.simulator import known
from sandbox.simulator.running import SimulatorProcess
from sandbox.stack import Stack
from schemas.workorder import workorder_id

PLACE = 20
DEALER_ID = 12
IDLE = "idle"


CONDITIONS = (
    Condition("bulk at full speed"),
    Condition("bulk at full speed, nice 10", nice=10),
    Condition("bulk, its Vinacles answers in 200 ms", latency_ms=200),
    Condition("bulk, 200 ms, nice 10", latency_ms=200, nice=10),
)
LATENCIES_MS = (0, 50)
TASKS = ("import", "refresh")
#: Task, latency in milliseconds, condition → milliseconds of each, per round.
Results = dict[tuple[str, int, str], list[list[float]]]


@dataclass
class Desk:
    """Somebody who imports one workorder again and again, and refreshes others."""

    fleet: Fleet
    vinacles: SimulatorProcess
    workorders: list[int]
    _number: Iterator[int] = field(default_factory=count)

    def once(self, task: str) -> float:
        if task == "import":
            self.change(known.COMPLETE_ID)
            name, arguments = "workorders.import", {"search": known.COMPLETE}
        else:
            dms_number = self.workorders[next(self._number) % len(self.workorders)]
            self.change(dms_number)
            name, arguments = "workorders.refresh", {"workorder_id": str(workorder_id(DEALER_ID, dms_number))}
        unshare(self.fleet.stack)
        return milliseconds(lambda: _updated(ask(self.fleet.backend, name, dealer_id=DEALER_ID, **arguments)))

    def change(self, dms_number: int) -> None:
        mileage = 50_000 + next(self._number) % 100_000
        self.vinacles.admin.patch_rows("Workorder", {"WorkorderId": dms_number}, {"Mileage": mileage})


def _updated(answer: dict[str, Any]) -> None:
    outcomes = [one["outcome"] for one in answer["workorders"]]
    if outcomes != ["updated"]:
        raise RuntimeError(f"the workorder was {outcomes} instead of updated")


@dataclass
class Measured:
    """Milliseconds of `answers`, of bare `trips` by latency, and of an import's SQL; and what bulk did."""

    answers: Results = field(default_factory=dict)
    trips: dict[int, list[float]] = field(default_factory=dict)
    statements: list[float] = field(default_factory=list)
    bulk: dict[str, list[Meanwhile]] = field(default_factory=dict)

    def bare(self, latency_ms: int) -> float:
        return median(self.trips[latency_ms]) + median(self.statements)


def measure(options: Options) -> Found:
    times = options.size(60, 5)
    found = Measured()
    with temporary_folder() as folder, Stack(folder, workorders=500) as stack:
        bulk_vinacles = tenant(folder / "bulk", options.size(1_000, 200))
        give_way(bulk_vinacles.program, 10)
        try:
            fleet = Fleet(stack)
            start(stack, Kind("threads", 8, INTERACTIVE))
            desk = _desk(fleet, stack)
            dealer_ids = count(1_000)
            for _ in range(options.rounds):
                _ask(desk, IDLE, times, found.answers)
                for condition in CONDITIONS:
                    with saturated(fleet, condition, dealer_ids, bulk_vinacles) as meanwhile:
                        _ask(desk, condition.name, times, found.answers)
                    found.bulk.setdefault(condition.name, []).append(meanwhile)
                for latency_ms in LATENCIES_MS:
                    _bare(desk, latency_ms, times, found)
            fleet.close()
        finally:
            bulk_vinacles.stop()
    return _found(found, times, options.rounds)


def _desk(fleet: Fleet, stack: Stack) -> Desk:
    """The receptionist's dealer, whose workorders Claire has already."""
    fleet.add([DEALER_ID], stack.simulator)
    worker = start(stack, Kind("prefork", 1, BULK))
    fleet.refresh()
    worker.stop()
    with fleet.parts.database.transaction() as connection:
        rows = connection.exec_driver_sql("SELECT dms_number FROM workorders WHERE dms_number < 1000000")
        return Desk(fleet, stack.simulator, [number for (number,) in rows])


def _ask(desk: Desk, condition: str, times: int, answers: Results) -> None:
    for latency_ms in LATENCIES_MS:
        desk.vinacles.admin.set(latency_ms=latency_ms)
        for task in TASKS:
            desk.once(task)
            taken = [desk.once(task) for _ in range(times)]
            answers.setdefault((task, latency_ms, condition), []).append(taken)


def _bare(desk: Desk, latency_ms: int, times: int, found: Measured) -> None:
    desk.vinacles.admin.set(latency_ms=latency_ms)
    trips = round_trips(desk.vinacles, known.COMPLETE, known.COMPLETE_ID, times)
    found.trips.setdefault(latency_ms, []).extend(trips)
    if latency_ms == 0:
        found.statements += sql(
            desk.fleet.parts, DEALER_ID, known.COMPLETE, lambda _: desk.change(known.COMPLETE_ID), times
        )


def _found(found: Measured, times: int, rounds: int) -> Found:
    cases = [(task, latency_ms) for latency_ms in LATENCIES_MS for task in TASKS]
    columns = (
        "task, Vinacles answers in",
        "meanwhile",
        "median ms",
        "p95 ms",
        "p95 / idle",
        "median over bare, ms",
    )
    bare = ", ".join(f"{found.bare(latency_ms):.1f} ms at {latency_ms} ms" for latency_ms in LATENCIES_MS)
    return Found(
        f"{times} of each per round, one after the other; {said_of(rounds)}."
        f" Bare is the sum of an import's two round trips and of its SQL, measured alone: {bare}, of which"
        f" SQL {median(found.statements):.1f} ms.",
        [
            Grid(
                "Enqueue to answer", columns, [row for case in cases for row in _rows(found, *case)], texts=2
            ),
            Grid(
                "What bulk did meanwhile", ("meanwhile", "both processes busy", "workorders/s"), _bulk(found)
            ),
        ],
        "p95 from enqueue to answer",
        [bar for case in cases for bar in _bars(found, *case)],
        {
            "milliseconds": {f"{t}, {ms} ms, {name}": each for (t, ms, name), each in found.answers.items()},
            "bare": {"trips": found.trips, "sql": found.statements},
            "bulk": {name: [vars(one) for one in each] for name, each in found.bulk.items()},
        },
        aims=[
            at_most(f"{task}, {latency_ms} ms, {condition.name}: p95 / idle", 1.5, ratio)
            for task, latency_ms in cases
            for condition in CONDITIONS
            for ratio in [_slower(found, task, latency_ms, condition.name)]
        ],
    )


def _names() -> list[str]:
    return [IDLE, *(condition.name for condition in CONDITIONS)]


def _slower(found: Measured, task: str, latency_ms: int, condition: str) -> float:
    """p95 by that of the idle system in the same round."""
    slow, idle = ([p95(one) for one in found.answers[task, latency_ms, name]] for name in (condition, IDLE))
    return ratio_of_rounds(slow, idle)


def _rows(found: Measured, task: str, latency_ms: int) -> list[list[str]]:
    rows = []
    for name in _names():
        each = found.answers[task, latency_ms, name]
        middle, slow = median([median(one) for one in each]), median([p95(one) for one in each])
        rows.append(
            [
                f"{task}, {latency_ms} ms",
                name,
                f"{middle:.1f}",
                f"{slow:.1f}",
                "" if name == IDLE else f"{_slower(found, task, latency_ms, name):.2f}",
                f"{middle - found.bare(latency_ms):.1f}" if task == "import" else "",
            ]
        )
    return rows


def _bars(found: Measured, task: str, latency_ms: int) -> list[Bar]:
    bars = []
    for name in _names():
        slow = median([p95(one) for one in found.answers[task, latency_ms, name]])
        color = GRAY if name == IDLE else OTHER if "nice" in name else OURS
        bars.append(Bar(f"{task}, {latency_ms} ms: {name}", slow, f"{slow:.0f} ms", color))
    return bars


def _bulk(found: Measured) -> list[list[str]]:
    return [
        [name, f"{median([one.busy for one in each]):.0%}", f"{median([one.rate for one in each]):,.0f}"]
        for name, each in found.bulk.items()
    ]
