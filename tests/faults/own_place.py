"""A stack of a test's own, with both workers; the bulk worker's children die of one dealer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from celery import Celery
from redis import Redis
from sqlalchemy import text

from sandbox.demo.desk import Desk
from sandbox.processes import Program
from sandbox.services import temporary_folder
from sandbox.stack import CELERY, Stack
from tests.documents import ROOT

_dealers = count(12)
POISONED = 666


@dataclass(frozen=True)
class OwnPlace:
    """A stack of these tests' own, with both workers; the bulk worker's children die of dealer 666."""

    stack: Stack
    backend: Celery
    interactive: Program
    bulk: Program
    deaths: Path
    desk: Desk

    def refresh(self, dealer_id: int) -> Any:
        return self.backend.send_task(
            "workorders.refresh_dealer", kwargs={"dealer_id": dealer_id}, queue="bulk"
        )

    def look(self) -> list[int]:
        """What the sweeper rings for; a minute of its patience has passed."""
        with self.desk.database.transaction() as connection:
            connection.execute(text("UPDATE refresh_runs SET ring_at = now() WHERE finished_at IS NULL"))
        sent = self.backend.send_task("workorders.refresh_due", queue="maintenance")
        rung: list[int] = sent.get(timeout=30)["rung"]
        return rung

    def run(self, dealer_id: int) -> Any:
        query = text("SELECT * FROM refresh_runs WHERE dealer_id = :dealer_id ORDER BY id DESC LIMIT 1")
        with self.desk.database.transaction() as connection:
            return connection.execute(query, {"dealer_id": dealer_id}).mappings().one_or_none()

    def redis(self, database: int) -> "Redis":
        return Redis.from_url(self.stack.redis.url_of(database))


@contextmanager
def own_place() -> Iterator[OwnPlace]:
    with temporary_folder() as folder, Stack(folder, workorders=30) as stack:
        stack.simulator.admin.set(page_max=5, page_default=5)
        deaths = folder / "deaths"
        poison = {
            "PYTHONPATH": str(ROOT),
            "POISONED_DEALER": str(POISONED),
            "POISONED_DEATHS": str(deaths),
        }
        options = ("-P", "prefork", "-c", "2", "-Q", "bulk,maintenance", "-I", "tests.acceptance.poison")
        bulk = stack.start(
            "bulk", [*CELERY, "worker", *options, "--without-gossip", "--without-mingle"], poison
        )
        interactive = stack.start_worker()
        bulk.wait_ready(lambda: " ready." in bulk.log.read_text())
        fields = {"import_new_in_bulk": True, "requests_per_second": 1000.0, "refresh_every_minutes": None}
        dealer = stack.add_dealer(next(_dealers), "Garage Testweg", **fields)
        stack.add_dealer(POISONED, "Garage Gif", **fields)
        parts = stack.parts()
        backend = stack.backend()
        desk = Desk(dealer, backend, stack.simulator.admin, parts.database, parts.dealers)
        yield OwnPlace(stack, backend, interactive, bulk, deaths, desk)
        parts.close()
