"""More than one bulk worker process.

Twelve dealers of 1,000 workorders each are due at once; one worker `-P prefork -c 1`, `-c 2` or `-c 4` does
all of their runs. Once where Vinacles answers at once and once where each answer takes 200 ms, as over a real
line: there a process waits most of the time, and the machine's cores are not the limit.
"""

from collections.abc import Sequence

from benchmarks.bulk.tenant import Tenant
from benchmarks.fleet import Fleet, Together, tenant
from benchmarks.found import OTHER, OURS, Bar, Found, Grid, Options, median, ratio_of_rounds
from benchmarks.workers import BULK, Kind, start
from sandbox.services import temporary_folder
from sandbox.stack import Stack

PLACE = 30
PROCESSES = (1, 2, 4)
LATENCIES_MS = (0, 200)
CASES = ("first load", "all changed")
#: Case, latency in milliseconds, processes → one result per round.
Results = dict[tuple[str, int, int], list[Together]]


def measure(options: Options) -> Found:
    dealers, workorders = options.size(12, 4), options.size(1_000, 100)
    results: Results = {}
    with temporary_folder() as folder, Stack(folder, workorders=1) as stack:
        vinacles = tenant(folder / "tenant", workorders)
        try:
            fleet = Fleet(stack)
            fleet.add(range(1, dealers + 1), vinacles)
            theirs = Tenant(vinacles.admin, workorders)
            for _ in range(options.rounds):
                for latency_ms in LATENCIES_MS:
                    for processes in PROCESSES:
                        worker = start(stack, Kind("prefork", processes, BULK))
                        fleet.forget()
                        for case in CASES:
                            vinacles.admin.set(latency_ms=0)
                            if case != CASES[0]:
                                theirs.change_all()
                            vinacles.admin.set(latency_ms=latency_ms)
                            done = fleet.refresh()
                            _check(done, case, dealers, workorders)
                            results.setdefault((case, latency_ms, processes), []).append(done)
                        worker.stop()
            fleet.close()
        finally:
            vinacles.stop()
    return _found(results, dealers, workorders, options.rounds)


def _check(done: Together, case: str, dealers: int, workorders: int) -> None:
    """Whether what was measured is what the case says; one in a hundred is rejected for what it holds."""
    stored = sum(run.created if case == CASES[0] else run.updated for run in done.runs)
    if done.workorders != dealers * workorders or stored < 0.9 * done.workorders:
        raise RuntimeError(f"{case}: {stored} of {done.workorders} workorders were stored")


def _found(results: Results, dealers: int, workorders: int, rounds: int) -> Found:
    rows, bars = [], []
    for case in CASES:
        for latency_ms in LATENCIES_MS:
            ones = _rates(results[case, latency_ms, 1])
            for processes in PROCESSES:
                done = results[case, latency_ms, processes]
                rates = _rates(done)
                rows.append(
                    [
                        case,
                        f"{latency_ms} ms",
                        str(processes),
                        f"{median([one.seconds for one in done]):.1f}",
                        f"{median(rates):,.0f}",
                        "" if processes == 1 else f"{ratio_of_rounds(rates, ones):.2f}",
                    ]
                )
                label = f"{case}, {latency_ms} ms, {processes} process{'es' if processes > 1 else ''}"
                color = OTHER if latency_ms else OURS
                bars.append(Bar(label, median(rates), f"{median(rates):,.0f}", color))
    columns = ("case", "Vinacles answers in", "processes", "seconds", "workorders/s", "times one process")
    return Found(
        f"{dealers} dealers of {workorders:,} workorders each; {rounds} rounds, figures are medians.",
        [Grid("", columns, rows)],
        "Workorders per second of one, two and four bulk processes",
        bars,
        {
            "runs": {
                f"{case}, {latency} ms, {processes}": [one.seconds for one in done]
                for (case, latency, processes), done in results.items()
            }
        },
    )


def _rates(done: Sequence[Together]) -> list[float]:
    return [one.rate for one in done]
