"""Ours, as the backend sees it: a message to a real bulk worker of two processes, until its answer."""

import time
from dataclasses import dataclass
from typing import Any

from celery import Celery

from benchmarks.bulk.databases import DEALER_ID, empty
from sandbox.processes import Program
from sandbox.stack import Stack
from worker.wiring import Parts


@dataclass(frozen=True)
class Refreshed:
    """`requests` to Vinacles' API; `seen` are workorders read."""

    seconds: float
    requests: int
    seen: int
    counts: dict[str, int]


@dataclass
class Ours:
    stack: Stack
    parts: Parts
    backend: Celery
    worker: Program

    @classmethod
    def start(cls, stack: Stack) -> "Ours":
        """A dealer whose window holds the whole tenant, with limits that are never felt."""
        worker = stack.start_bulk_worker()
        stack.add_dealer(
            DEALER_ID,
            "Garage Meetweg",
            import_new_in_bulk=True,
            requests_per_second=10_000,
            concurrent_requests=8,
            days_back=400,
            days_ahead=400,
            refresh_every_minutes=None,
        )
        return cls(stack, stack.parts(), stack.backend(), worker)

    def forget(self) -> None:
        """As if nothing had ever been imported; what was learned of the tenant stays."""
        empty(self.stack.database_url)

    def refresh(self, *, by_modified_on: bool) -> Refreshed:
        """`by_modified_on` off is a tenant without a usable column: everything is read."""
        with self.parts.database.transaction() as connection:
            self.parts.dealers.change(connection, DEALER_ID, {"modified_on_works": by_modified_on})
        began = time.perf_counter()
        sent = self.backend.send_task(
            "workorders.refresh_dealer", kwargs={"dealer_id": DEALER_ID}, queue="bulk"
        )
        answer: dict[str, Any] = sent.get(timeout=600)
        seconds = time.perf_counter() - began
        if answer["state"] != "done":
            raise RuntimeError(f"the refresh ended as {answer['state']}: {answer['error_code']}")
        names = ("created", "updated", "unchanged", "rejected", "missing")
        return Refreshed(
            seconds,
            answer["requests"],
            answer["seen"],
            {name: answer[name] for name in names if answer[name]},
        )
