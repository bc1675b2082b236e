"""Dealer 1 on a simulator of its own."""

from collections.abc import Iterator

import pytest

from sandbox.services import Redis
from sandbox.simulator.running import SimulatorProcess
from tests.integration.circuit.line import Line, dealer_of
from tests.integration.parts_on_simulator import parts_with, running_simulator, settings_for


@pytest.fixture(scope="session")
def simulator() -> Iterator[SimulatorProcess]:
    with running_simulator(workorders=30) as simulator:
        yield simulator


@pytest.fixture
def line(database_url: str, redis_server: Redis, simulator: SimulatorProcess) -> Iterator[Line]:
    simulator.admin.reset()
    with parts_with(settings_for(database_url, redis_server), dealer_of(simulator)) as parts:
        yield Line(parts, simulator)
