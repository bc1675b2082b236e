"""Which pool: prefork, threads or gevent, for people and for bulk.

For people: 8 slots, 8 askers at the same time, each with another workorder; the memory of the whole worker
afterwards, and by how much it is more than that of a worker with 2 slots. For bulk: 8 dealers of
1,000 workorders due at once, with 2 slots and with 8.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from benchmarks.asking import all_at_once, ask, unshare
from benchmarks.fleet import Fleet, tenant
from benchmarks.found import GRAY, OTHER, OURS, Bar, Found, Grid, Options, median, p95, said_of
from benchmarks.workers import BULK, INTERACTIVE, Kind, memory_of, start
from sandbox.services import temporary_folder
from sandbox.simulator.running import SimulatorProcess
from sandbox.stack import Stack

PLACE = 70
POOLS = ("prefork", "threads", "gevent")
COLORS = {"prefork": OURS, "threads": OTHER, "gevent": GRAY}
LATENCIES_MS = (0, 50)
BULK_LATENCIES_MS = (0, 200)
FEW, MANY = 2, 8
#: Small dealers, two for each slot.
WARM_UP = range(9_001, 9_017)
_ASKER = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """Imports per second and milliseconds of one, by so many askers; MiB of the worker's processes."""

    rate: float
    middle: float
    slow: float
    mib: float


@dataclass(frozen=True, slots=True)
class Loaded:
    """Workorders per second; `mib` as above. `failure` says why there is no figure."""

    rate: float
    mib: float
    failure: str = ""


#: Pool, latency in milliseconds, slots → one result per round.
People = dict[tuple[str, int, int], list[Asked]]
Dealers = dict[tuple[str, int, int], list[Loaded]]


def measure(options: Options) -> Found:
    people: People = {}
    bulk: Dealers = {}
    dealers, workorders = options.size(8, 2), options.size(1_000, 50)
    with temporary_folder() as folder, Stack(folder, workorders=1) as stack:
        vinacles, small = tenant(folder / "tenant", workorders), tenant(folder / "small", 50)
        try:
            fleet = Fleet(stack)
            fleet.add(WARM_UP, small)
            fleet.add(range(1, dealers + 1), vinacles)
            fleet.only(range(1, dealers + 1))
            for _ in range(options.rounds):
                for pool in POOLS:
                    for latency_ms in BULK_LATENCIES_MS:
                        for slots in (FEW, MANY):
                            done = _load(fleet, vinacles, Kind(pool, slots, BULK), latency_ms)
                            bulk.setdefault((pool, latency_ms, slots), []).append(done)
                for pool in POOLS:
                    _ask(fleet, vinacles, pool, options.size(200, 10), people)
            fleet.close()
        finally:
            vinacles.stop()
            small.stop()
    return _found(people, bulk, dealers, workorders, options)


def _load(fleet: Fleet, vinacles: SimulatorProcess, kind: Kind, latency_ms: int) -> Loaded:
    worker = start(fleet.stack, kind)
    try:
        fleet.warm_up(WARM_UP)
        vinacles.admin.set(latency_ms=latency_ms)
        done = fleet.refresh(longest_seconds=60)
        return Loaded(done.rate, memory_of(worker).pss)
    except RuntimeError as error:
        return Loaded(0, memory_of(worker).pss, str(error))
    finally:
        vinacles.admin.set(latency_ms=0)
        worker.stop()
        fleet.silence()


def _ask(fleet: Fleet, vinacles: SimulatorProcess, pool: str, times: int, people: People) -> None:
    with fleet.parts.database.transaction() as connection:
        rows = connection.exec_driver_sql(
            "SELECT wo_number FROM workorders WHERE dealer_id = %(asker)s", {"asker": _ASKER}
        )
        numbers = [number for (number,) in rows]
    # Eight people at once shall not wait for each other at the dealer's limit.
    fleet.allow(_ASKER, 8 * MANY)
    for slots in (FEW, MANY):
        worker = start(fleet.stack, Kind(pool, slots, INTERACTIVE))
        for latency_ms in LATENCIES_MS if slots == MANY else LATENCIES_MS[:1]:
            vinacles.admin.set(latency_ms=latency_ms)
            calls = [
                partial(
                    ask,
                    fleet.backend,
                    "workorders.import",
                    dealer_id=_ASKER,
                    search=numbers[number % len(numbers)],
                )
                for number in range(times)
            ]
            all_at_once(calls[: 4 * slots], slots)
            unshare(fleet.stack)
            seconds, each = all_at_once(calls, slots)
            asked = Asked(times / seconds, median(each), p95(each), memory_of(worker).pss)
            people.setdefault((pool, latency_ms, slots), []).append(asked)
        vinacles.admin.set(latency_ms=0)
        worker.stop()
    fleet.allow(_ASKER, 8)


def _people_row(people: People, pool: str, latency_ms: int) -> list[str]:
    asked = people[pool, latency_ms, MANY]
    mib = median([one.mib for one in asked])
    few = median([one.mib for one in people[pool, LATENCIES_MS[0], FEW]])
    many = median([one.mib for one in people[pool, LATENCIES_MS[0], MANY]])
    return [
        pool,
        f"{latency_ms} ms",
        *(f"{median([getattr(one, name) for one in asked]):.1f}" for name in ("rate", "middle", "slow")),
        f"{mib:.0f}",
        f"{(many - few) / (MANY - FEW):.1f}",
    ]


def _bulk_row(done: Sequence[Loaded], latency_ms: int, pool: str, slots: int) -> list[str]:
    failures = sorted({one.failure for one in done if one.failure})
    rate, mib = median([one.rate for one in done]), median([one.mib for one in done])
    return [pool, f"{latency_ms} ms", str(slots), f"{rate:,.0f}", f"{mib:.0f}", "; ".join(failures)]


def _found(people: People, bulk: Dealers, dealers: int, workorders: int, options: Options) -> Found:
    cases = [(ms, slots, pool) for ms in BULK_LATENCIES_MS for slots in (FEW, MANY) for pool in POOLS]
    columns = ("pool", "Vinacles answers in", "slots", "workorders/s", "memory, MiB", "what failed")
    rows = [_bulk_row(bulk[pool, ms, slots], ms, pool, slots) for ms, slots, pool in cases]
    return Found(
        f"{said_of(options.rounds)}. Memory is PSS of all the worker's processes after the work.",
        [
            _people_grid(people),
            Grid(f"For bulk: first load of {dealers} dealers of {workorders} workorders", columns, rows),
        ],
        "Workorders per second of bulk, by pool",
        [
            Bar(f"bulk, {ms} ms, {slots} slots: {pool}", rate, f"{rate:,.0f}", COLORS[pool])
            for ms, slots, pool in cases
            for rate in [median([one.rate for one in bulk[pool, ms, slots]])]
        ],
        {"people": _plain(people), "bulk": _plain(bulk)},
    )


def _people_grid(people: People) -> Grid:
    columns = (
        "pool",
        "Vinacles answers in",
        "imports/s",
        "median ms",
        "p95 ms",
        "memory, MiB",
        "per further slot, MiB",
    )
    rows = [_people_row(people, pool, latency_ms) for latency_ms in LATENCIES_MS for pool in POOLS]
    return Grid(f"For people: {MANY} slots, {MANY} askers at once", columns, rows)


def _plain(results: People | Dealers) -> dict[str, list[dict[str, Any]]]:
    return {
        f"{pool}, {latency_ms} ms, {slots}": [asdict(one) for one in each]
        for (pool, latency_ms, slots), each in results.items()
    }
