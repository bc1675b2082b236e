"""An import that somebody waits for, while bulk work takes every bulk slot.

A worker `-P threads -c 8` for people beside one `-P prefork -c 2` for bulk, which loads dealers of 1,000
workorders one after the other, both of its processes always busy. Each import and refresh changes the
workorder. Bulk's dealers have a Vinacles of their own, which leaves the cores to the rest (nice 10), since it
stands for other machines; the receptionist's dealer answers in 0 or 50 ms.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import psycopg2

from benchmarks.asking import ask, milliseconds, round_trips, sql
from benchmarks.bulk.databases import plain
from benchmarks.fleet import Fleet, tenant
from benchmarks.found import GRAY, OTHER, OURS, Bar, Found, Grid, Options, median, p95, ratio_of_rounds
from benchmarks.workers import BULK, INTERACTIVE, Kind, give_way, start
from sandbox.services import temporary_folder
from sandbox.simulator import known
from sandbox.simulator.running import SimulatorProcess
from sandbox.stack import Stack
from schemas.workorder import workorder_id

PLACE = 20
DEALER_ID = 12
IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Condition:
    """What bulk does meanwhile; its Vinacles answers in `latency_ms`, its worker runs at `nice`."""

    name: str
    latency_ms: int = 0
    nice: int = 0


CONDITIONS = (
    Condition(IDLE),
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
            # Another one each time: the answer to a refresh is shared for two seconds.
            dms_number = self.workorders[next(self._number) % len(self.workorders)]
            self.change(dms_number)
            name, arguments = "workorders.refresh", {"workorder_id": str(workorder_id(DEALER_ID, dms_number))}
        return milliseconds(lambda: _updated(ask(self.fleet.backend, name, dealer_id=DEALER_ID, **arguments)))

    def change(self, dms_number: int) -> None:
        mileage = 50_000 + next(self._number) % 100_000
        self.vinacles.admin.patch_rows("Workorder", {"WorkorderId": dms_number}, {"Mileage": mileage})


def _updated(answer: dict[str, Any]) -> None:
    outcomes = [one["outcome"] for one in answer["workorders"]]
    if outcomes != ["updated"]:
        raise RuntimeError(f"the workorder was {outcomes} instead of updated")


class Busy(threading.Thread):
    """Keeps runs waiting so that no bulk process ever rests; every run is of a dealer never seen before."""

    def __init__(self, fleet: Fleet, dealer_ids: Iterator[int], vinacles: SimulatorProcess) -> None:
        super().__init__(daemon=True)
        self._fleet, self._dealer_ids, self._vinacles = fleet, dealer_ids, vinacles
        self._stopped = threading.Event()
        self.error: BaseException | None = None
        self.looks, self.full, self.seen, self.began = 0, 0, 0, time.perf_counter()

    def run(self) -> None:
        try:
            connection = psycopg2.connect(plain(self._fleet.stack.database_url))
            connection.autocommit = True
            with connection.cursor() as cursor:
                while not self._stopped.wait(0.1):
                    self._look(cursor)
            connection.close()
        except BaseException as error:
            # Told to whoever stops it.
            self.error = error

    def _look(self, cursor: "psycopg2.extensions.cursor") -> None:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE state IN ('waiting', 'running')),"
            " count(*) FILTER (WHERE lease_until > now()), sum(seen) FROM refresh_runs"
        )
        waiting, working, self.seen = cursor.fetchone() or (0, 0, 0)
        self.looks, self.full = self.looks + 1, self.full + (working >= 2)
        for dealer_id, _ in zip(self._dealer_ids, range(6 - waiting), strict=False):
            self._fleet.add([dealer_id], self._vinacles)
            self._fleet.backend.send_task(
                "workorders.refresh_dealer",
                kwargs={"dealer_id": dealer_id},
                queue="bulk",
                ignore_result=True,
            )

    def stop(self) -> None:
        """Waits until the last run is done, so that nothing of it reaches into what follows."""
        self._stopped.set()
        self.join()
        if self.error is not None:
            raise self.error


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
                for condition in CONDITIONS:
                    with _meanwhile(fleet, condition, dealer_ids, bulk_vinacles, found):
                        _ask(desk, condition, times, found.answers)
                for latency_ms in LATENCIES_MS:
                    _bare(desk, latency_ms, times, found)
            fleet.close()
        finally:
            bulk_vinacles.stop()
    return _found(found, times, options.rounds)


@dataclass
class Measured:
    """`shares` of the looks at which both bulk processes were busy, and workorders per second meanwhile."""

    answers: Results = field(default_factory=dict)
    trips: dict[int, list[float]] = field(default_factory=dict)
    statements: list[float] = field(default_factory=list)
    shares: dict[str, list[float]] = field(default_factory=dict)
    rates: dict[str, list[float]] = field(default_factory=dict)

    def bare(self, latency_ms: int) -> float:
        return median(self.trips[latency_ms]) + median(self.statements)


def _desk(fleet: Fleet, stack: Stack) -> Desk:
    """The receptionist's dealer, whose workorders Claire has already."""
    fleet.add([DEALER_ID], stack.simulator)
    worker = start(stack, Kind("prefork", 1, BULK))
    fleet.refresh()
    worker.stop()
    with fleet.parts.database.transaction() as connection:
        rows = connection.exec_driver_sql("SELECT dms_number FROM workorders WHERE dms_number < 1000000")
        return Desk(fleet, stack.simulator, [number for (number,) in rows])


@contextmanager
def _meanwhile(
    fleet: Fleet,
    condition: Condition,
    dealer_ids: Iterator[int],
    vinacles: SimulatorProcess,
    found: Measured,
) -> Iterator[None]:
    if condition.name == IDLE:
        yield
        return
    vinacles.admin.set(latency_ms=condition.latency_ms)
    worker = start(fleet.stack, Kind("prefork", 2, BULK, condition.nice))
    busy = Busy(fleet, dealer_ids, vinacles)
    busy.start()
    try:
        time.sleep(2)
        busy.looks = busy.full = 0
        seen, began = busy.seen or 0, time.perf_counter()
        yield
        seconds = time.perf_counter() - began
        found.shares.setdefault(condition.name, []).append(busy.full / max(1, busy.looks))
        found.rates.setdefault(condition.name, []).append(((busy.seen or 0) - seen) / seconds)
    finally:
        busy.stop()
        vinacles.admin.set(latency_ms=0)
        _drain(fleet)
        worker.stop()


def _drain(fleet: Fleet) -> None:
    """Until nothing of bulk is left to do."""
    for _ in range(600):
        with fleet.parts.database.transaction() as connection:
            rows = connection.exec_driver_sql(
                "SELECT count(*) FROM refresh_runs WHERE state IN ('waiting', 'running')"
            )
            if rows.scalar_one() == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("bulk runs do not come to an end")


def _ask(desk: Desk, condition: Condition, times: int, answers: Results) -> None:
    for latency_ms in LATENCIES_MS:
        desk.vinacles.admin.set(latency_ms=latency_ms)
        for task in TASKS:
            desk.once(task)
            taken = [desk.once(task) for _ in range(times)]
            answers.setdefault((task, latency_ms, condition.name), []).append(taken)


def _bare(desk: Desk, latency_ms: int, times: int, found: Measured) -> None:
    desk.vinacles.admin.set(latency_ms=latency_ms)
    trips = round_trips(desk.vinacles, known.COMPLETE, known.COMPLETE_ID, times)
    found.trips.setdefault(latency_ms, []).extend(trips)
    if latency_ms == 0:
        found.statements += sql(
            desk.fleet.parts, DEALER_ID, known.COMPLETE, lambda _: desk.change(known.COMPLETE_ID), times
        )


def _found(found: Measured, times: int, rounds: int) -> Found:
    rows, bars = [], []
    for latency_ms in LATENCIES_MS:
        for task in TASKS:
            idle = [p95(one) for one in found.answers[task, latency_ms, IDLE]]
            for condition in CONDITIONS:
                each = found.answers[task, latency_ms, condition.name]
                middle, slow = median([median(one) for one in each]), [p95(one) for one in each]
                over = middle - found.bare(latency_ms)
                rows.append(
                    [
                        f"{task}, {latency_ms} ms",
                        condition.name,
                        f"{middle:.1f}",
                        f"{median(slow):.1f}",
                        "" if condition.name == IDLE else f"{ratio_of_rounds(slow, idle):.2f}",
                        f"{over:.1f}" if task == "import" else "",
                    ]
                )
                color = GRAY if condition.name == IDLE else OTHER if condition.nice else OURS
                label = f"{task}, {latency_ms} ms: {condition.name}"
                bars.append(Bar(label, median(slow), f"{median(slow):.0f} ms", color))
    columns = (
        "task, Vinacles answers in",
        "meanwhile",
        "median ms",
        "p95 ms",
        "p95 / idle",
        "median over bare, ms",
    )
    bulk = [
        [name, f"{median(found.shares[name]):.0%}", f"{median(found.rates[name]):,.0f}"]
        for name in found.rates
    ]
    bare = ", ".join(f"{found.bare(latency_ms):.1f} ms at {latency_ms} ms" for latency_ms in LATENCIES_MS)
    return Found(
        f"{times} of each per round, one after the other; {rounds} rounds, figures are medians."
        f" Bare is the sum of an import's two round trips and of its SQL, measured alone: {bare}, of which"
        f" SQL {median(found.statements):.1f} ms.",
        [
            Grid("Enqueue to answer", columns, rows, texts=2),
            Grid("What bulk did meanwhile", ("meanwhile", "both processes busy", "workorders/s"), bulk),
        ],
        "p95 from enqueue to answer",
        bars,
        {
            "milliseconds": {f"{t}, {ms} ms, {name}": each for (t, ms, name), each in found.answers.items()},
            "bare": {"trips": found.trips, "sql": found.statements},
            "bulk": {"busy": found.shares, "rates": found.rates},
        },
    )
