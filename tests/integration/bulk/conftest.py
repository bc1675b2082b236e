"""Dealer 1 on a simulator of its own."""

from collections.abc import Iterator

import pytest

from sandbox.services import Redis
from sandbox.simulator.running import SimulatorProcess
from tests.integration.bulk.workshop import Workshop
from tests.integration.parts_on_simulator import dealer_on, parts_with, running_simulator, settings_for


@pytest.fixture(scope="session")
def simulator() -> Iterator[SimulatorProcess]:
    with running_simulator(workorders=300) as simulator:
        yield simulator


@pytest.fixture
def workshop(database_url: str, redis_server: Redis, simulator: SimulatorProcess) -> Iterator[Workshop]:
    """A dealer that imports new workorders in bulk, without limits that would be felt."""
    simulator.admin.reset()
    dealer = dealer_on(simulator, import_new_in_bulk=True, requests_per_second=1000, concurrent_requests=8)
    with parts_with(settings_for(database_url, redis_server), dealer) as parts:
        yield Workshop(parts, simulator)
