"""What the demo's people have before them: search bar, workorder page, DMS, Claire's database."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from celery import Celery

from sandbox.simulator.admin import SimulatorAdmin
from schemas.dealer import Dealer
from schemas.decision import Stored
from worker.store.dealers import Dealers
from worker.store.session import Database
from worker.store.workorders import card

# Longer than the 20 s in which the worker answers or gives up.
_PATIENCE_SECONDS = 30
# A little longer than `worker.asking_once.SHARED_SECONDS`, in which equal refreshes share an answer.
_SHARED_SECONDS = 2.1


@dataclass(frozen=True)
class Desk:
    """`backend` is plain Celery, `dms` the simulator's remote control."""

    dealer: Dealer
    backend: Celery
    dms: SimulatorAdmin
    database: Database
    dealers: Dealers
    _pressed: dict[str, float] = field(default_factory=dict, repr=False)

    def search(self, text: str) -> dict[str, Any]:
        """Type in the search bar; the answer as the backend receives it."""
        return self._ask("workorders.import", {"search": text})

    def why(self, text: str) -> dict[str, Any]:
        """Ask why a workorder is or is not in Claire."""
        return self._ask("workorders.why", {"search": text})

    def refresh(self, workorder_id: str) -> dict[str, Any]:
        """Press refresh, when the answer to the press before is no longer shared."""
        wait = self._pressed.get(workorder_id, 0) + _SHARED_SECONDS - time.monotonic()
        time.sleep(max(0, wait))
        try:
            return self._refresh(workorder_id)
        finally:
            self._pressed[workorder_id] = time.monotonic()

    def _refresh(self, workorder_id: str) -> dict[str, Any]:
        return self._ask("workorders.refresh", {"workorder_id": workorder_id})

    def start_work(self, workorder_id: str, started_at: str) -> dict[str, Any]:
        return self._ask("workorders.mark_started", {"workorder_id": workorder_id, "started_at": started_at})

    def stored(self, workorder_id: str) -> Stored:
        """What Claire's database has."""
        with self.database.transaction() as connection:
            found = card(connection, self.dealer.dealer_id, UUID(workorder_id))
        if found is None:
            raise LookupError("the workorder is not in PostgreSQL")
        return found

    def keep_importing(self) -> None:
        """What `twodrive dealers set … --keep-importing-after-start` does."""
        with self.database.transaction() as connection:
            self.dealers.change(connection, self.dealer.dealer_id, {"keep_importing_after_start": True})

    def _ask(self, task: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        shown = repr({"dealer_id": self.dealer.dealer_id})
        sent = self.backend.send_task(
            task,
            kwargs={"dealer_id": self.dealer.dealer_id, **arguments},
            queue="interactive",
            expires=15,
            kwargsrepr=shown,
        )
        answer: dict[str, Any] = sent.get(timeout=_PATIENCE_SECONDS)
        return answer
