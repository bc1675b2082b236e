"""A simulator as a program of its own."""

from collections.abc import Iterator

import pytest
import requests

from sandbox.connections import logged_in
from sandbox.simulator.running import SimulatorProcess
from tests.integration.parts_on_simulator import running_simulator


@pytest.fixture(scope="module")
def _process() -> Iterator[SimulatorProcess]:
    with running_simulator(workorders=60) as process:
        yield process


@pytest.fixture
def simulator(_process: SimulatorProcess) -> SimulatorProcess:
    """As it was at the start."""
    _process.admin.reset()
    return _process


@pytest.fixture
def session(simulator: SimulatorProcess) -> Iterator[requests.Session]:
    with logged_in(simulator) as session:
        yield session
