"""One attempt to import, and the clocks that it is measured by."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.dealer import Dealer
from worker.deadline import Deadline
from worker.store.dealers import LoadedDealer
from worker.store.pages import Lineage
from worker.store.tables import Trigger
from worker.vinacles.client import Tally


@dataclass(frozen=True, slots=True)
class Attempt:
    """One question on behalf of a dealer. `began` is a moment of this process' monotonic clock, and
    `loaded.asked_at` the same moment on PostgreSQL's clock, which all workers share."""

    loaded: LoadedDealer
    began: float
    trigger: Trigger
    task_id: str | None
    request_id: str | None
    deadline: Deadline
    tally: Tally = field(default_factory=Tally)

    @property
    def dealer(self) -> Dealer:
        return self.loaded.dealer

    def lineage(self, requests: int, worker_version: str) -> Lineage:
        """What is stored of it beside its outcome."""
        return Lineage(
            trigger=self.trigger,
            started_at=self.loaded.asked_at,
            requests=requests,
            worker_version=worker_version,
            request_id=self.request_id,
            task_id=self.task_id,
        )

    def instant(self, moment: float) -> datetime:
        return self.loaded.asked_at + timedelta(seconds=moment - self.began)
