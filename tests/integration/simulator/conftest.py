"""A simulator as a program of its own."""

from collections.abc import Iterator

import pytest

from sandbox.services import temporary_folder
from sandbox.simulator.running import SimulatorProcess


@pytest.fixture(scope="module")
def _process() -> Iterator[SimulatorProcess]:
    with temporary_folder() as folder:
        process = SimulatorProcess(folder, workorders=60)
        yield process
        process.stop()


@pytest.fixture
def simulator(_process: SimulatorProcess) -> SimulatorProcess:
    """As it was at the start."""
    _process.admin.reset()
    return _process
