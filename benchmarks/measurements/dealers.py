"""Many dealers due at once, and a large one beside small ones.

The same 10,000 workorders belong to 10, 100 or 1,000 dealers, who all become due in the same moment. And: one
dealer with 20,000 workorders is due together with twenty that have 10 each.
"""

from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.fleet import Fleet, Together, tenant
from benchmarks.found import OURS, Bar, Found, Grid, Options, median, said_of
from benchmarks.workers import BULK, Kind, start
from sandbox.services import temporary_folder
from sandbox.simulator.running import SimulatorProcess
from sandbox.stack import Stack

PLACE = 40
CASES = ("first load", "nothing changed")
LARGE = 1


@dataclass
class Unequal:
    """Seconds since all were due, per round."""

    large: list[float] = field(default_factory=list)
    small: list[list[float]] = field(default_factory=list)
    alone: list[list[float]] = field(default_factory=list)


def measure(options: Options) -> Found:
    total = options.size(10_000, 300)
    counts = (3, 30) if options.quick else (10, 100, 1_000)
    with temporary_folder() as folder, Stack(folder, workorders=1) as stack:
        start(stack, Kind("prefork", 2, BULK))
        fleet = Fleet(stack)
        equal = _equal(fleet, folder, counts, total, options.rounds)
        unequal, sizes = _unequal(fleet, folder, options)
        fleet.close()
    return _found(equal, unequal, sizes, total, options.rounds)


#: Case and dealers → one result per round.
Equal = dict[tuple[str, int], list[Together]]


def _equal(fleet: Fleet, folder: Path, counts: tuple[int, ...], total: int, rounds: int) -> Equal:
    tenants: list[SimulatorProcess] = []
    numbers: dict[int, range] = {}
    results: Equal = {}
    try:
        for count in counts:
            tenants.append(tenant(folder / f"tenant-{count}", total // count))
            numbers[count] = range(count * 10_000 + 1, count * 10_000 + count + 1)
            fleet.add(numbers[count], tenants[-1])
        for _ in range(rounds):
            for count in counts:
                fleet.forget()
                fleet.only(numbers[count])
                for case in CASES:
                    done = fleet.refresh()
                    if done.workorders != total:
                        raise RuntimeError(f"{done.workorders} workorders of {total}")
                    results.setdefault((case, count), []).append(done)
    finally:
        for one in tenants:
            one.stop()
    return results


def _unequal(fleet: Fleet, folder: Path, options: Options) -> tuple[Unequal, tuple[int, int, int]]:
    size, small_size, smalls = options.size(20_000, 1_000), 10, 20
    large, small = tenant(folder / "large", size), tenant(folder / "small", small_size)
    found = Unequal()
    try:
        fleet.add([LARGE], large)
        others = range(2, smalls + 2)
        fleet.add(others, small)
        for _ in range(options.rounds):
            fleet.forget()
            fleet.only(others)
            found.alone.append([run.took for run in fleet.refresh().runs])
            fleet.forget()
            fleet.only([LARGE, *others])
            done = fleet.refresh()
            found.large.append(next(run.took for run in done.runs if run.dealer_id == LARGE))
            found.small.append([run.took for run in done.runs if run.dealer_id != LARGE])
    finally:
        large.stop()
        small.stop()
    return found, (size, smalls, small_size)


def _found(equal: Equal, unequal: Unequal, sizes: tuple[int, int, int], total: int, rounds: int) -> Found:
    return Found(
        f"One worker `-P prefork -c 2`; {said_of(rounds)}.",
        [_equal_grid(equal, total), _unequal_grid(unequal, *sizes)],
        f"Seconds until all dealers are done, {total:,} workorders in all",
        [
            Bar(f"{case}, {count:,} dealers", seconds, f"{seconds:.1f} s", OURS)
            for (case, count), done in sorted(equal.items())
            for seconds in [median([one.seconds for one in done])]
        ],
        {
            "equal": {
                f"{case}, {count}": [one.seconds for one in done] for (case, count), done in equal.items()
            },
            "unequal": {"large": unequal.large, "small": unequal.small, "alone": unequal.alone},
        },
    )


def _equal_grid(equal: Equal, total: int) -> Grid:
    columns = (
        "case",
        "dealers",
        "seconds until all are done",
        "workorders/s",
        "requests per 1,000",
        "half of the dealers done after, s",
    )
    rows = [
        [
            case,
            f"{count:,}",
            f"{median([one.seconds for one in done]):.1f}",
            f"{median([one.rate for one in done]):,.0f}",
            f"{median([1_000 * one.requests / one.workorders for one in done]):.1f}",
            f"{median([median([run.took for run in one.runs]) for one in done]):.1f}",
        ]
        for (case, count), done in sorted(equal.items())
    ]
    return Grid(f"The same {total:,} workorders, of more and more dealers", columns, rows)


def _unequal_grid(unequal: Unequal, size: int, smalls: int, small_size: int) -> Grid:
    rows = [
        [f"{smalls} dealers of {small_size}, alone", *_ends(unequal.alone)],
        [f"the same, beside one of {size:,}", *_ends(unequal.small)],
        [f"the one of {size:,}", *_ends([[one] for one in unequal.large])],
    ]
    title = "A large dealer beside small ones, first load: seconds after all became due"
    return Grid(title, ("dealers", "first done", "half done", "last done"), rows)


def _ends(rounds: list[list[float]]) -> list[str]:
    return [f"{median([pick(each) for each in rounds]):.2f}" for pick in (min, median, max)]
