"""Dealers whose Vinacles comes and goes."""

from dataclasses import dataclass

import pytest
from sqlalchemy import text

from sandbox.simulator import known
from sandbox.simulator.running import SimulatorProcess
from schemas.dealer import Dealer
from schemas.messages import ImportRequest
from schemas.outcome import ImportResult
from tests.integration.parts_on_simulator import dealer_on
from worker.circuit import Circuit
from worker.deadline import Deadline
from worker.errors import TwoDriveError
from worker.store.circuits import circuit_of
from worker.wiring import Parts

#: Enough for a few tries; what fails at once fails within it.
_HASTE_SECONDS = 1.5


@dataclass(frozen=True)
class Line:
    """Dealer 1 on the simulator."""

    parts: Parts
    simulator: SimulatorProcess

    def search(
        self, dealer_id: int = 1, seconds: float = _HASTE_SECONDS, *, insist: bool = False
    ) -> ImportResult:
        request = ImportRequest(dealer_id, known.COMPLETE, "request-1")
        return self.parts.importer.search(request, None, Deadline.after(seconds), insist=insist)

    def fails(self, dealer_id: int = 1, seconds: float = _HASTE_SECONDS) -> TwoDriveError:
        with pytest.raises(TwoDriveError) as raised:
            self.search(dealer_id, seconds)
        return raised.value

    def circuit(self, dealer_id: int = 1) -> Circuit:
        with self.parts.database.transaction() as connection:
            return circuit_of(connection, dealer_id)

    def pause_passes(self) -> None:
        self.sql("UPDATE circuits SET probe_at = now() - interval '1 second' WHERE probe_at IS NOT NULL")

    def sql(self, statement: str) -> None:
        with self.parts.database.transaction() as connection:
            connection.execute(text(statement))

    def down(self) -> None:
        self.simulator.admin.answer_status(503, times=None)

    def open(self) -> None:
        self.down()
        for _ in range(3):
            self.fails()
        self.simulator.admin.clear_journal()


def dealer_of(simulator: SimulatorProcess, dealer_id: int = 1) -> Dealer:
    return dealer_on(simulator, dealer_id, modified_on_works=False, requests_per_second=1000)
