"""More than one bulk worker process.

Twelve dealers of 1,000 workorders each are due at once; one worker `-P prefork -c 1`, `-c 2` or `-c 4` does
all of their runs. Once where Vinacles answers at once and once where each answer takes 200 ms, as over a real
line: there a process waits most of the time, and the machine's cores are not the limit.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from benchmarks.bulk.tenant import Tenant
from benchmarks.fleet import Fleet, Together, tenant
from benchmarks.found import (
    OTHER,
    OURS,
    Bar,
    Found,
    Grid,
    Options,
    at_least,
    median,
    ratio_of_rounds,
    said_of,
)
from benchmarks.workers import BULK, Kind, processor_seconds, start
from sandbox.processes import Program
from sandbox.services import temporary_folder
from sandbox.simulator.running import SimulatorProcess
from sandbox.stack import Stack

PLACE = 30
PROCESSES = (1, 2, 4)
LATENCIES_MS = (0, 200)
#: Small dealers, several for each process.
WARM_UP = range(9_001, 9_017)
CASES = ("first load", "all changed")
PROGRAMS = WORKER, POSTGRES, VINACLES = "the worker", "PostgreSQL", "the simulator"
#: Case, latency in milliseconds, processes → one result per round.
Results = dict[tuple[str, int, int], list["Worked"]]


@dataclass(frozen=True, slots=True)
class Worked:
    """Runs, and how many `cores` each program used meanwhile, on average: 1 is one all the time."""

    runs: Together
    cores: Mapping[str, float]


def measure(options: Options) -> Found:
    dealers, workorders = options.size(12, 4), options.size(1_000, 100)
    results: Results = {}
    with temporary_folder() as folder, Stack(folder, workorders=1) as stack:
        vinacles, small = tenant(folder / "tenant", workorders), tenant(folder / "small", 50)
        try:
            fleet = Fleet(stack)
            fleet.add(WARM_UP, small)
            fleet.add(range(1, dealers + 1), vinacles)
            fleet.only(range(1, dealers + 1))
            theirs = Tenant(vinacles.admin, workorders)
            for _ in range(options.rounds):
                for latency_ms in LATENCIES_MS:
                    for processes in PROCESSES:
                        worker = start(stack, Kind("prefork", processes, BULK))
                        fleet.warm_up(WARM_UP)
                        for case in CASES:
                            vinacles.admin.set(latency_ms=0)
                            if case != CASES[0]:
                                theirs.change_all()
                            vinacles.admin.set(latency_ms=latency_ms)
                            done = _worked(fleet, worker, vinacles)
                            _check(done.runs, case, dealers, workorders)
                            results.setdefault((case, latency_ms, processes), []).append(done)
                        worker.stop()
            fleet.close()
        finally:
            vinacles.stop()
            small.stop()
    return _found(results, dealers, workorders, options.rounds)


def _worked(fleet: Fleet, worker: Program, vinacles: SimulatorProcess) -> Worked:
    programs = {WORKER: worker, POSTGRES: fleet.stack.postgres.program, VINACLES: vinacles.program}
    before = {name: processor_seconds(program) for name, program in programs.items()}
    done = fleet.refresh()
    return Worked(
        done,
        {
            name: (processor_seconds(program) - before[name]) / done.seconds
            for name, program in programs.items()
        },
    )


def _check(done: Together, case: str, dealers: int, workorders: int) -> None:
    """Whether what was measured is what the case says; one in a hundred is rejected for what it holds."""
    stored = sum(run.created if case == CASES[0] else run.updated for run in done.runs)
    if done.workorders != dealers * workorders or stored < 0.9 * done.workorders:
        raise RuntimeError(f"{case}: {stored} of {done.workorders} workorders were stored")


_COLUMNS = ("case", "Vinacles answers in", "processes", "seconds", "workorders/s", "× one process")


def _found(results: Results, dealers: int, workorders: int, rounds: int) -> Found:
    columns = (*_COLUMNS, *(f"cores of {name}" for name in PROGRAMS))
    return Found(
        f"{dealers} dealers of {workorders:,} workorders each; {said_of(rounds)}."
        " Cores are what a program used on average, 1 being one all the time.",
        [Grid("", columns, [_row(results, *each) for each in _cases()])],
        "Workorders per second of one, two and four bulk processes",
        [_bar(results, *each) for each in _cases()],
        {
            "seconds": {
                f"{case}, {latency} ms, {processes}": [one.runs.seconds for one in done]
                for (case, latency, processes), done in results.items()
            }
        },
        aims=[
            at_least(
                f"{case}, Vinacles answers in {latency_ms} ms: two processes × one",
                1.7,
                _times_one(results, case, latency_ms, 2),
            )
            for case in CASES
            for latency_ms in LATENCIES_MS
        ],
    )


def _cases() -> Iterator[tuple[str, int, int]]:
    return product(CASES, LATENCIES_MS, PROCESSES)


def _row(results: Results, case: str, latency_ms: int, processes: int) -> list[str]:
    done = results[case, latency_ms, processes]
    return [
        case,
        f"{latency_ms} ms",
        str(processes),
        f"{median([one.runs.seconds for one in done]):.1f}",
        f"{median(_rates(done)):,.0f}",
        "" if processes == 1 else f"{_times_one(results, case, latency_ms, processes):.2f}",
        *(f"{median([one.cores[name] for one in done]):.2f}" for name in PROGRAMS),
    ]


def _bar(results: Results, case: str, latency_ms: int, processes: int) -> Bar:
    rate = median(_rates(results[case, latency_ms, processes]))
    label = f"{case}, {latency_ms} ms, {processes} process{'es' if processes > 1 else ''}"
    return Bar(label, rate, f"{rate:,.0f}", OTHER if latency_ms else OURS)


def _times_one(results: Results, case: str, latency_ms: int, processes: int) -> float:
    several, one = (_rates(results[case, latency_ms, number]) for number in (processes, 1))
    return ratio_of_rounds(several, one)


def _rates(done: Sequence[Worked]) -> list[float]:
    return [one.runs.rate for one in done]
