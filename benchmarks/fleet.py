"""Many dealers on one stack: their tenants, their runs, and how long these take."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
from redis import Redis

from benchmarks.bulk.databases import empty, plain, settle
from benchmarks.bulk.tenant import Tenant
from sandbox.connections import connection_to
from sandbox.simulator.known import known_workorders
from sandbox.simulator.running import SimulatorProcess
from sandbox.simulator.tables import Bundle
from sandbox.stack import Stack
from schemas.dealer import Dealer
from schemas.vinacles import ENTITIES
from worker.wiring import Parts


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that is done. `took` are seconds since the first run of all was started."""

    dealer_id: int
    took: float
    seen: int
    requests: int
    created: int
    updated: int


@dataclass(frozen=True, slots=True)
class Together:
    """Runs that were due at the same time; `seconds` from the bell until the last was done."""

    seconds: float
    runs: Sequence[Finished]

    @property
    def workorders(self) -> int:
        return sum(run.seen for run in self.runs)

    @property
    def rate(self) -> float:
        return self.workorders / self.seconds

    @property
    def requests(self) -> int:
        return sum(run.requests for run in self.runs)


def tenant(folder: Path, workorders: int, latency_ms: float = 0) -> SimulatorProcess:
    """A simulator of just so many invented workorders, all with an appointment, without the well-known ones
    that every simulator has."""
    folder.mkdir()
    simulator = SimulatorProcess(folder, workorders=workorders)
    simulator.admin.set(latency_ms=0)
    for number in known_numbers():
        for entity in ENTITIES:
            simulator.admin.delete_rows(entity.name, {"WorkorderId": number})
    Tenant(simulator.admin, workorders).prepare()
    simulator.admin.set(latency_ms=latency_ms)
    return simulator


def known_numbers() -> list[int]:
    """Of the workorders that every simulator has."""
    return [number_of(bundle) for bundle in known_workorders(datetime.now(UTC).date())]


def number_of(bundle: Bundle) -> int:
    return int(str(bundle.header["WorkorderId"]))


class Fleet:
    """Dealers whose runs read everything, new ones too, and are never held back by limits."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.parts: Parts = stack.parts()
        self.backend = stack.backend()
        self._dealers: list[int] = []

    def close(self) -> None:
        self.parts.close()

    def add(self, dealer_ids: Iterable[int], simulator: SimulatorProcess) -> None:
        """Dealers that all have the tenant of `simulator`, each for itself."""
        dealer = _dealer(simulator)
        with self.parts.database.transaction() as connection:
            for dealer_id in dealer_ids:
                self.parts.dealers.add(
                    connection, replace(dealer, dealer_id=dealer_id, name=f"Garage {dealer_id}")
                )
                self._dealers.append(dealer_id)

    def allow(self, dealer_id: int, concurrent_requests: int) -> None:
        with self.parts.database.transaction() as connection:
            self.parts.dealers.change(connection, dealer_id, {"concurrent_requests": concurrent_requests})

    def only(self, dealer_ids: Iterable[int]) -> None:
        """The others are not due any more."""
        self._dealers = list(dealer_ids)

    def warm_up(self, dealer_ids: Sequence[int]) -> None:
        """Small dealers first: what each process of a new worker does only once shall not be measured."""
        chosen = self._dealers
        self.only(dealer_ids)
        try:
            self.refresh(longest_seconds=60)
        finally:
            self.only(chosen)
        self.forget()

    def forget(self) -> None:
        """As if nothing had ever been imported."""
        empty(self.stack.database_url)
        settle(self.stack.postgres)

    def silence(self) -> None:
        """Forget all messages of bulk; no worker is listening."""
        with Redis.from_url(self.stack.redis.url_of(0)) as broker:
            broker.delete("bulk", "maintenance", "unacked", "unacked_index")

    def refresh(self, longest_seconds: float = 900) -> Together:
        """All dealers become due at once; what came of it when the last is done.

        `workorders.refresh_due` is sent every second; beat itself sends it every minute. Each starts at most
        500 runs. Raises RuntimeError when a run fails, or when they take longer than `longest_seconds`.
        """
        settle(self.stack.postgres)
        with self._connected() as connection:
            [[last]] = _rows(connection, "SELECT coalesce(max(id), 0) FROM refresh_runs")
            _rows(
                connection,
                "UPDATE dealers SET next_refresh_at ="
                " CASE WHEN dealer_id = ANY(%s) THEN now() ELSE 'infinity' END RETURNING 1",
                self._dealers,
            )
            began, rang = time.perf_counter(), 0.0
            while True:
                now = time.perf_counter()
                if now - rang >= 1:
                    self.backend.send_task("workorders.refresh_due", queue="maintenance", ignore_result=True)
                    rang = now
                if self._all_done(connection, last):
                    return Together(time.perf_counter() - began, _finished(connection, last))
                if now - began > longest_seconds:
                    raise RuntimeError(f"not done after {longest_seconds:.0f} s")
                time.sleep(0.05)

    def _all_done(self, connection: Any, last: int) -> bool:
        [[done, failed]] = _rows(
            connection,
            "SELECT count(*) FILTER (WHERE state = 'done'), count(*) FILTER (WHERE state = 'failed')"
            " FROM refresh_runs WHERE id > %s",
            last,
        )
        if failed:
            raise RuntimeError(f"{failed} runs have failed")
        return bool(done == len(self._dealers))

    def _connected(self) -> Any:
        connection = psycopg2.connect(plain(self.stack.database_url))
        connection.autocommit = True
        return _Closing(connection)


class _Closing:
    """psycopg2's own context manager ends a transaction and leaves the connection open."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __enter__(self) -> Any:
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def _rows(connection: Any, statement: str, *parameters: object) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found: list[Any] = cursor.fetchall()
        return found


def _finished(connection: Any, last: int) -> list[Finished]:
    rows = _rows(
        connection,
        "SELECT dealer_id, extract(epoch FROM finished_at - min(started_at) OVER ()), seen, requests,"
        " created, updated FROM refresh_runs WHERE id > %s ORDER BY finished_at",
        last,
    )
    return [Finished(row[0], float(row[1]), *row[2:]) for row in rows]


def _dealer(simulator: SimulatorProcess) -> Dealer:
    return Dealer(
        1,
        "",
        connection_to(simulator),
        import_new_in_bulk=True,
        requests_per_second=10_000,
        concurrent_requests=8,
        days_back=400,
        days_ahead=400,
        refresh_every_minutes=1_440,
        modified_on_works=False,
    )
