"""The house in which faults happen: its workers, its dealers, and how to look into it."""

import gc
import os
import signal
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

import psycopg2
import redis
from celery.result import AsyncResult
from sqlalchemy import text

from sandbox.demo.desk import Desk
from sandbox.processes import Program, children_of, wait_until
from sandbox.services import Postgres, Redis
from sandbox.simulator.admin import SimulatorAdmin
from sandbox.stack import Stack
from schemas.dealer import Dealer
from tests.faults.backend import backend_of
from tests.faults.contents import content
from worker.errors import StorageUnavailable
from worker.store import statements
from worker.store.session import Database, Limits


class House:
    """Workers are started at their first use and again where a fault has ended them."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.parts = stack.parts()
        #: Looks on; its connections are none of the workers'.
        self.database = Database(stack.database_url, "onlooker", Limits(pool_size=10))
        self._numbers = count(1)
        self._workers: dict[str, Program] = {}
        self.backend = backend_of(self.stack)

    @property
    def dms(self) -> SimulatorAdmin:
        return self.stack.simulator.admin

    def close(self) -> None:
        # Answers that nobody fetched are given up while there is a Redis to be told so. Connections that a
        # fault broke were closed by nobody, and the warning of that is no news.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
        self.parts.close()
        self.database.close()

    def tidy(self) -> None:
        self.up(self.stack.redis)
        self.up(self.stack.postgres)
        for worker in self._workers.values():
            worker.thaw()
        self.end("other")
        self.end("requests")
        self.dms.reset()
        self.run(
            "UPDATE refresh_runs SET state = 'failed', error_code = 'internal', finished_at = now(), "
            "lease_owner = NULL, lease_until = NULL WHERE state IN ('waiting', 'running')"
        )
        self.run("UPDATE dealers SET next_refresh_at = now() + interval '1 day'")
        with self.redis(0) as queues:
            queues.delete("interactive", "bulk", "maintenance")
        with self.redis(2) as state:
            state.flushdb()
        self.tidy_backend()

    @staticmethod
    def up(server: Redis | Postgres) -> None:
        if server.program.process.poll() is not None:
            server.start()
        if isinstance(server, Postgres):
            server.thaw()
        else:
            server.program.thaw()

    def tidy_backend(self) -> None:
        """What another process of the backend is: without broken connections."""
        self.backend.close()
        self.backend = backend_of(self.stack)

    # Workers

    def interactive(self, name: str = "interactive") -> Program:
        return self._worker(name, lambda: self.stack.start_worker(name=name))

    def bulk(self, name: str = "bulk", **options: Any) -> Program:
        return self._worker(name, lambda: self.stack.start_bulk_worker(name=name, **options))

    def requests(self) -> Program:
        return self._worker("requests", self.stack.start_requests)

    def _worker(self, name: str, start: Callable[[], Program]) -> Program:
        worker = self._workers.get(name)
        if worker is None or worker.process.poll() is not None:
            worker = self._workers[name] = start()
        return worker

    def end(self, name: str, number: signal.Signals = signal.SIGTERM) -> int | None:
        worker = self._workers.pop(name, None)
        return None if worker is None else worker.stop(number, seconds=45)

    @staticmethod
    def kill_children(worker: Program) -> None:
        for child in children_of(worker.process.pid):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    # Dealers and their work

    def dealer(self, **fields: Any) -> Dealer:
        """One that feels no limits and takes new workorders in bulk."""
        chosen = {
            "import_new_in_bulk": True,
            "requests_per_second": 1000.0,
            "concurrent_requests": 8,
            "modified_on_works": False,
            **fields,
        }
        dealer = self.stack.add_dealer(next(self._numbers), "Garage Testweg", **chosen)
        # No test's dealer is due unless the test says so.
        self.run(
            "UPDATE dealers SET next_refresh_at = now() + interval '1 day' WHERE next_refresh_at < now()"
        )
        return dealer

    def desk(self, dealer: Dealer) -> Desk:
        return Desk(dealer, self.backend, self.dms, self.database, self.parts.dealers)

    def send(self, task: str, queue: str, **arguments: Any) -> AsyncResult[Any]:
        return self.backend.send_task(task, kwargs=arguments, queue=queue)

    def search(self, dealer: Dealer, wo_number: str, **more: object) -> AsyncResult[Any]:
        arguments = {"dealer_id": dealer.dealer_id, "search": wo_number, **more}
        return self.send("workorders.import", "interactive", **arguments)

    def refresh_all(self, dealer: Dealer, **options: Any) -> AsyncResult[Any]:
        """`options` are Celery's, of the message."""
        arguments = {"dealer_id": dealer.dealer_id}
        return self.backend.send_task("workorders.refresh_dealer", kwargs=arguments, queue="bulk", **options)

    def look(self) -> list[int]:
        """What beat does each minute."""
        rung: list[int] = self.send("workorders.refresh_due", "maintenance").get(timeout=30)["rung"]
        return rung

    def small_pages(self, latency_ms: float = 0) -> None:
        self.dms.set(page_max=5, page_default=5, latency_ms=latency_ms)

    def lease_runs_out(self) -> None:
        """A minute passes."""
        self.run("UPDATE refresh_runs SET lease_until = now() WHERE lease_owner IS NOT NULL")
        self.run("UPDATE refresh_runs SET ring_at = now() WHERE state = 'running'")
        self.run("UPDATE import_requests SET try_at = now() WHERE answered_at IS NULL")

    def run_row(self, dealer: Dealer) -> Mapping[str, Any]:
        """The newest run of this dealer, empty when there is none."""
        rows = self.rows(
            "SELECT * FROM refresh_runs WHERE dealer_id = :id ORDER BY id DESC LIMIT 1", id=dealer.dealer_id
        )
        return rows[0] if rows else {}

    def ring_until_done(self, dealer: Dealer, seconds: float = 60) -> Mapping[str, Any]:
        """Minutes pass until some worker has heard the bell and is done."""
        self.ring_until_over(dealer, seconds)
        return self.until_done(dealer)

    def ring_until_over(self, dealer: Dealer, seconds: float = 60) -> None:
        """The same, also where the run has spent its tries and failed."""

        def rung() -> bool:
            if self.run_row(dealer).get("state") in ("done", "failed"):
                return True
            self.run("UPDATE refresh_runs SET ring_at = now() WHERE state IN ('waiting', 'running')")
            self.send("workorders.refresh_due", "maintenance").forget()
            return False

        wait_until(rung, seconds, "the end of the run", every=1)

    def until_done(self, dealer: Dealer, seconds: float = 60) -> Mapping[str, Any]:
        until(lambda: self.run_row(dealer).get("state") in ("done", "failed"), seconds, "the end of the run")
        row = self.run_row(dealer)
        assert row["state"] == "done", row
        return row

    # Looking in

    def rows(self, statement: str, **parameters: object) -> list[Mapping[str, Any]]:
        with self.database.transaction() as connection:
            return [dict(row) for row in connection.execute(text(statement), parameters).mappings()]

    def run(self, statement: str, **parameters: object) -> None:
        with self.database.transaction() as connection:
            connection.execute(text(statement), parameters)

    def content(
        self, dealer: Dealer, among: Collection[int] = (), without: Collection[int] = ()
    ) -> list[str]:
        with self.database.transaction() as connection:
            return content(connection, dealer.dealer_id, among, without)

    def quiet_content(self, without: Collection[int] = ()) -> list[str]:
        """What one run without any fault stores of the tenant as it is now."""
        dealer = self.dealer()
        run = self.parts.bulk.start(dealer.dealer_id)
        while (state := self.parts.bulk.work(run.run_id, None, lambda _: None)) and state.state.is_open:
            pass
        return self.content(dealer, without=without)

    def asked(self, entity: str) -> int:
        return self.dms.request_counts().get(entity, 0)

    def waiting_for_a_lock(self) -> int:
        return len(
            self.rows(
                "SELECT FROM pg_stat_activity "
                "WHERE application_name = 'twodrive' AND wait_event_type = 'Lock'"
            )
        )

    @contextmanager
    def dealer_held(self, dealer: Dealer) -> Iterator[None]:
        """No page of this dealer gets beyond the beginning of its transaction."""
        # Where the server is restarted meanwhile, the lock goes with it.
        with suppress(StorageUnavailable), self.database.transaction() as connection:
            connection.execute(text(statements.OWN_DEALER), {"dealer_id": dealer.dealer_id})
            yield

    @contextmanager
    def redis(self, database: int) -> Iterator["redis.Redis"]:
        with redis.Redis.from_url(self.stack.redis.url_of(database)) as client:
            yield client


def until(true: Callable[[], bool], seconds: float, what: str) -> None:
    """Also over moments in which PostgreSQL or Redis do not answer the onlooker."""

    def there() -> bool:
        try:
            return true()
        except (StorageUnavailable, redis.RedisError, psycopg2.Error):
            return False

    wait_until(there, seconds, what, every=0.05)
