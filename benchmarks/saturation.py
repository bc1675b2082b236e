"""Bulk work that takes every bulk slot for as long as something else is measured."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

import psycopg2

from benchmarks.bulk.databases import plain
from benchmarks.fleet import Fleet
from benchmarks.workers import BULK, Kind, start
from sandbox.simulator.running import SimulatorProcess

SLOTS = 2
#: Runs that are open at any time: one per slot, and so many that wait.
_OPEN = SLOTS + 4
_LOOK_SECONDS = 0.1
#: Until the first runs are well under way.
_WARM_UP_SECONDS = 2.0
_LONGEST_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Condition:
    """Bulk's Vinacles answers in `latency_ms`; its worker runs at `nice`."""

    name: str
    latency_ms: int = 0
    nice: int = 0


@dataclass
class Meanwhile:
    """What bulk did: the share of looks at which every slot was `busy`, and workorders per second."""

    busy: float = 0.0
    rate: float = 0.0


@contextmanager
def saturated(
    fleet: Fleet, condition: Condition, dealer_ids: Iterator[int], vinacles: SimulatorProcess
) -> Iterator[Meanwhile]:
    """Every run is of the next of `dealer_ids`, never seen before. When it is left, all runs are done."""
    vinacles.admin.set(latency_ms=condition.latency_ms)
    worker = start(fleet.stack, Kind("prefork", SLOTS, BULK, condition.nice))
    feeder, meanwhile = Feeder(fleet, dealer_ids, vinacles), Meanwhile()
    feeder.start()
    try:
        time.sleep(_WARM_UP_SECONDS)
        looks, full, seen, began = feeder.looks, feeder.full, feeder.seen, time.perf_counter()
        yield meanwhile
        meanwhile.rate = (feeder.seen - seen) / (time.perf_counter() - began)
        meanwhile.busy = (feeder.full - full) / max(1, feeder.looks - looks)
    finally:
        feeder.stop()
        vinacles.admin.set(latency_ms=0)
        worker.stop()


class Feeder(threading.Thread):
    """Keeps `_OPEN` runs open, and counts."""

    def __init__(self, fleet: Fleet, dealer_ids: Iterator[int], vinacles: SimulatorProcess) -> None:
        super().__init__(daemon=True)
        self._fleet, self._dealer_ids, self._vinacles = fleet, dealer_ids, vinacles
        self._stopped = threading.Event()
        self._error: Exception | None = None
        self.looks, self.full, self.seen = 0, 0, 0

    def run(self) -> None:
        connection = psycopg2.connect(plain(self._fleet.stack.database_url))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                while not self._stopped.wait(_LOOK_SECONDS):
                    self._feed(_OPEN - self._look(cursor))
                self._drain(cursor)
        except Exception as error:
            # Told to whoever stops it.
            self._error = error
        finally:
            connection.close()

    def stop(self) -> None:
        """Waits until all runs are done, so that nothing of them reaches into what follows."""
        self._stopped.set()
        self.join()
        if self._error is not None:
            raise self._error

    def _look(self, cursor: "psycopg2.extensions.cursor") -> int:
        """How many runs are open."""
        cursor.execute(
            "SELECT count(*) FILTER (WHERE state IN ('waiting', 'running')),"
            " count(*) FILTER (WHERE lease_until > now()), coalesce(sum(seen), 0) FROM refresh_runs"
        )
        waiting, working, self.seen = cursor.fetchone() or (0, 0, 0)
        self.looks, self.full = self.looks + 1, self.full + (working >= SLOTS)
        return int(waiting)

    def _feed(self, runs: int) -> None:
        """New dealers are due at once. Their runs are started as `workorders.refresh_due` does it, here and
        not in a worker, so that the next look finds them."""
        if runs < 1:
            return
        self._fleet.add(list(islice(self._dealer_ids, runs)), self._vinacles)
        for run in self._fleet.parts.bulk.due():
            self._fleet.backend.send_task(
                "workorders.refresh_dealer",
                kwargs={"dealer_id": run.dealer_id, "run_id": run.run_id, "turn": run.turn},
                queue="bulk",
                ignore_result=True,
            )

    def _drain(self, cursor: "psycopg2.extensions.cursor") -> None:
        end = time.monotonic() + _LONGEST_SECONDS
        while self._look(cursor):
            if time.monotonic() > end:
                raise RuntimeError("bulk runs do not come to an end")
            time.sleep(_LOOK_SECONDS)
