from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.unit.vinacles.bad_server import BadServer
from tests.unit.vinacles.wires import wire_with
from worker.vinacles.wire import Wire


@pytest.fixture
def server() -> Iterator[BadServer]:
    server = BadServer()
    yield server
    server.close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    with closing(wire_with()) as wire:
        yield wire
