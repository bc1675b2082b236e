"""Pages and imports among 10 thousand to 1 million stored workorders.

The tables are filled with workorders of 1,000 other dealers; then pages of 500 and single workorders are
written, and imports are asked for through the queue.
"""

from benchmarks.asking import ask, milliseconds, unshare
from benchmarks.bulk.databases import DEALER_ID
from benchmarks.found import OTHER, OURS, Bar, Found, Options, at_most, median, p95
from benchmarks.workers import INTERACTIVE, Kind, start
from benchmarks.writing import Writer, growth, growth_grid
from sandbox.services import temporary_folder
from sandbox.simulator import known
from sandbox.stack import Stack
from worker.store.session import Database

PLACE = 60
_IMPORTS_DEALER = 2
#: What a person waits for also waits for the queue and for Vinacles; the store alone is in the others.
_IMPORT, _IMPORT_P95 = "import, enqueue to answer", "the same, p95"


def measure(options: Options) -> Found:
    levels = (1_000, 5_000) if options.quick else (10_000, 100_000, 1_000_000)
    times = options.size(200, 10)
    with temporary_folder() as folder, Stack(folder, workorders=50) as stack:
        stack.postgres.stop()
        stack.postgres.durable = True
        stack.postgres.start()
        dealer = stack.add_dealer(DEALER_ID, "Garage Meetweg")
        stack.add_dealer(_IMPORTS_DEALER, "Garage Zoekmaar", requests_per_second=10_000.0)
        start(stack, Kind("threads", 8, INTERACTIVE))
        backend, database = stack.backend(), Database(stack.database_url, "benchmark")

        def once(number: int) -> float:
            where = {"WorkorderId": known.COMPLETE_ID}
            stack.simulator.admin.patch_rows("Workorder", where, {"Mileage": 50_000 + number})
            unshare(stack)
            return milliseconds(
                lambda: ask(backend, "workorders.import", dealer_id=_IMPORTS_DEALER, search=known.COMPLETE)
            )

        def imports() -> dict[str, float]:
            once(0)
            taken = [once(number + 1) for number in range(times)]
            return {_IMPORT: median(taken), _IMPORT_P95: p95(taken)}

        found = growth(stack.postgres, stack.database_url, Writer(database, dealer), levels, imports)
        database.close()
    return _found(found, times)


def _found(found: dict[int, dict[str, float]], times: int) -> Found:
    first, last = min(found), max(found)
    bars = [
        Bar(f"{name}, {level:,} stored", found[level][name], f"{found[level][name]:.1f} ms", color)
        for name, color in (("page created", OURS), ("page all changed", OURS), (_IMPORT, OTHER))
        for level in found
    ]
    return Found(
        f"Medians of 12 pages of 500 workorders, of 100 workorders alone, of {times} imports, at each level;"
        " PostgreSQL with `fsync` on.",
        [growth_grid(found)],
        "Milliseconds of a page of 500 and of an import, among so many stored",
        bars,
        {"milliseconds": found},
        aims=[
            at_most(f"{name}, at {last:,} stored / at {first:,}", 1.3, found[last][name] / found[first][name])
            for name in ("page created", "page all changed", _IMPORT)
        ],
    )
