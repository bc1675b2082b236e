"""A dealer whose workorders are refreshed in bulk, with its real stations."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from sandbox.simulator.running import SimulatorProcess
from schemas.dealer import Dealer
from worker.store.dealers import DealerChanges
from worker.store.runs import Run
from worker.store.tables import workorders
from worker.wiring import Parts


@dataclass(frozen=True)
class Workshop:
    parts: Parts
    simulator: SimulatorProcess

    def refresh(self) -> Run:
        """A whole run, slice by slice."""
        run_id = self.parts.bulk.start(1).run_id
        while True:
            run = self.parts.bulk.work(run_id, "task-1", lambda _: None)
            assert run is not None
            if not run.state.is_open:
                return run

    def change(self, changes: DealerChanges) -> None:
        with self.parts.database.transaction() as connection:
            self.parts.dealers.change(connection, 1, changes)

    def dealer(self) -> Dealer:
        with self.parts.database.transaction() as connection:
            loaded = self.parts.dealers.load(connection, 1)
        assert loaded is not None
        return loaded.dealer

    def stored(self) -> dict[int, datetime | None]:
        """DMS numbers, with the moment since when they are missing."""
        query = select(workorders.c.dms_number, workorders.c.missing_in_dms_since)
        with self.parts.database.transaction() as connection:
            return {row.dms_number: row.missing_in_dms_since for row in connection.execute(query)}
