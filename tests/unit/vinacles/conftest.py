from collections.abc import Iterator

import pytest

from tests.unit.vinacles.bad_server import BadServer


@pytest.fixture
def server() -> Iterator[BadServer]:
    server = BadServer()
    yield server
    server.close()
