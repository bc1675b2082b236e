"""Memory of a bulk process over 50,000 workorders.

One process of a worker `-P prefork -c 1` loads a dealer of 50,000 workorders, and then refreshes them with
nothing changed. Its memory is read at the start and after each 10,000.
"""

import threading

import psycopg2

from benchmarks.bulk.databases import plain
from benchmarks.fleet import Fleet, tenant
from benchmarks.found import GRAY, OTHER, OURS, Bar, Found, Grid, Options, at_most
from benchmarks.workers import BULK, Kind, Memory, children, memory, start
from sandbox.services import temporary_folder
from sandbox.stack import Stack

PLACE = 50
CASES = ("first load", "nothing changed")


class Watch(threading.Thread):
    """Reads the memory of process `pid` whenever the newest run has seen another `step` workorders."""

    def __init__(self, url: str, pid: int, step: int) -> None:
        super().__init__(daemon=True)
        self._url, self._pid, self._step = url, pid, step
        self._stopped = threading.Event()
        self.found: dict[int, Memory] = {}

    def run(self) -> None:
        connection = psycopg2.connect(plain(self._url))
        connection.autocommit = True
        with connection.cursor() as cursor:
            while not self._stopped.wait(0.05):
                self._look(cursor)
            self._look(cursor)
        connection.close()

    def stop(self) -> dict[int, Memory]:
        """What was read, by how many workorders had been seen; once more at the end."""
        self._stopped.set()
        self.join()
        return self.found

    def _look(self, cursor: "psycopg2.extensions.cursor") -> None:
        cursor.execute("SELECT seen FROM refresh_runs ORDER BY id DESC LIMIT 1")
        seen = (cursor.fetchone() or (0,))[0] // self._step * self._step
        if seen and seen not in self.found:
            self.found[seen] = memory(self._pid)


def measure(options: Options) -> Found:
    workorders = options.size(50_000, 1_500)
    step = workorders // options.size(5, 3)
    with temporary_folder() as folder, Stack(folder, workorders=1) as stack:
        vinacles = tenant(folder / "tenant", workorders)
        try:
            fleet = Fleet(stack)
            fleet.add([1], vinacles)
            worker = start(stack, Kind("prefork", 1, BULK))
            [child] = children(worker.process.pid)
            readings: list[tuple[str, int, Memory]] = [("before the first task", 0, memory(child))]
            for case in CASES:
                watch = Watch(stack.database_url, child, step)
                watch.start()
                fleet.refresh()
                readings += [(case, seen, one) for seen, one in sorted(watch.stop().items())]
            parent = memory(worker.process.pid)
            if children(worker.process.pid) != [child]:
                raise RuntimeError("the process was replaced by another meanwhile")
            fleet.close()
        finally:
            vinacles.stop()
    return _found(readings, parent, workorders)


def _found(readings: list[tuple[str, int, Memory]], parent: Memory, workorders: int) -> Found:
    rows = [
        [case, f"{seen:,}" if seen else "", f"{one.rss:.1f}", f"{one.pss:.1f}"]
        for case, seen, one in readings
    ]
    colors = {CASES[0]: OURS, CASES[1]: OTHER}
    bars = [
        Bar(f"{case}, {seen:,}" if seen else case, one.rss, f"{one.rss:.0f}", colors.get(case, GRAY))
        for case, seen, one in readings
    ]
    first = next(one for case, _, one in readings if case == CASES[0])
    last = readings[-1][2]
    return Found(
        f"One run over {workorders:,} workorders and one more. Between the first reading of the first load"
        f" and the last of all, RSS grew by {last.rss - first.rss:.1f} MiB. The worker's main process"
        f" has {parent.rss:.1f} MiB (PSS {parent.pss:.1f}).",
        [Grid("", ("run", "workorders seen", "RSS, MiB", "PSS, MiB"), rows)],
        "Memory (RSS) of a bulk process, MiB",
        bars,
        {"readings": [(case, seen, one.rss, one.pss) for case, seen, one in readings]},
        aims=[at_most("RSS at the end / after the first reading", 1.05, last.rss / first.rss)],
    )
